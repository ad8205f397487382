/** What `monitor --target` shows: the whole run added up, a line for each machine, and what needs somebody. */
import { redact } from "../core/secret.ts";
import type { StateDifference } from "../progress/progress.ts";
import type { AccountPicture } from "../report/report.ts";
import { fitSections, type Section } from "./fit-sections.ts";
import { bytes, count, dateTime, duration, durationRange, quantity } from "./format.ts";
import { cut, flow, type Piece } from "./layout.ts";
import { machineSection, throughputLines } from "./monitor-text.ts";
import { numberRanges } from "./number-ranges.ts";
import { printable, printableLine } from "./printable.ts";
import { barLine, filePieces, LABEL_COLUMN, speedPieces, workItemPieces } from "./progress-text.ts";
import { runMachineTable } from "./run-machine-table.ts";
import { PLAIN, type TextStyle } from "./style.ts";

export interface RunMonitorPicture extends AccountPicture {
  readonly history: { readonly rates: readonly number[]; readonly stepMs: number };
}

/** What goes first where there are too few rows; the bar, and what needs somebody, stay. */
const LEFT_OUT = [
  "keys",
  "throughput",
  "title",
  "machines",
  "failures",
  "files",
  "speed",
  "work items",
  "taken over",
  "joined",
  "partitions",
  "time",
];
/** Pieces of a list of partitions. */
const MOST_RANGES = 8;

/** A screen of at most so many rows, none wider than the style's width. */
export function runMonitorScreen(picture: RunMonitorPicture, style: TextStyle, rows: number): string[] {
  const keys = cut("q or Ctrl+C closes the monitor; the runs continue", style);
  const sections = [...runSections(picture, style), { name: "keys", lines: [keys], apart: true } as const];
  return fitSections(sections, rows, LEFT_OUT).map((line) => printableLine(redact(line), style));
}

/** All of it, in as many rows as it takes: for logs and pipes, and for what stays on a terminal. */
export function runMonitorText(picture: RunMonitorPicture, style: TextStyle = PLAIN): string[] {
  return fitSections(runSections(picture, style), Infinity, []).map((line) =>
    printableLine(redact(line), style),
  );
}

/** The monitor of a run on a terminal. */
export const RUN_DRAWING = { screen: runMonitorScreen, text: runMonitorText };

/** One sentence for a given state that the account knows otherwise. */
export function differenceText(difference: StateDifference): string {
  const { stateDb } = difference;
  if (difference.kind === "other-run") return `${stateDb} is of another run: its ${difference.what} differs`;
  const { partition, inState, inAccount, otherHost } = difference;
  const [own, told] = [inState, inAccount].map(
    ({ workItems, files }) => `${quantity(workItems, "work item")} and ${quantity(files, "file")}`,
  );
  const of = partition === "auto" ? "the run" : `partition ${partition}`;
  const why =
    otherHost === undefined
      ? "resume it with this state"
      : `${otherHost} went on with it, with another state`;
  return `${stateDb} has ${own} done, the account's checkpoint of ${of} ${told}: ${why}`;
}

function runSections(picture: RunMonitorPicture, style: TextStyle): Section[] {
  const { run, total, machines } = picture.picture;
  const row = (label: string, pieces: readonly Piece[]) =>
    pieces.length === 0 ? [] : flow(label, pieces, LABEL_COLUMN, style);
  const speed = total.filesPerSecond === undefined ? [] : speedPieces(total, "not known yet");
  return [
    { name: "title", lines: row("Run", titlePieces(picture)) },
    { name: "bar", lines: [barLine(total, style, Number.isFinite(style.width) ? style.width : undefined)] },
    { name: "work items", lines: row("Work items", workItemPieces(total)) },
    { name: "files", lines: row("Files", filePieces(total)) },
    { name: "speed", lines: row("Speed", [...speed, { text: `${bytes(total.bytes)} in total` }]) },
    { name: "time", lines: row("Time left", timePieces(picture)) },
    { name: "throughput", lines: throughputLines(picture.history, style) },
    { name: "partitions", lines: row("Partitions", partitionPieces(picture)) },
    { name: "joined", lines: row("Machines", joinedPieces(picture)) },
    { name: "taken over", lines: row("Taken over", takenOverPieces(picture)) },
    { name: "to do", lines: row("To do", toDoPieces(picture)) },
    machineSection(runMachineTable(machines, run, style), style),
    { name: "failures", lines: row("Failed", failurePieces(picture)), apart: true },
    { name: "differences", lines: row("Differs", differencePieces(picture)) },
    { name: "silent", lines: row("Waiting", silentPieces(picture)) },
  ];
}

function titlePieces({ picture: { run }, time }: RunMonitorPicture): Piece[] {
  const { runId, csv, target } = run;
  return [
    { text: `${runId} at ${dateTime(time)}`, end: ":" },
    { text: `${printable(csv.fileName)} into`, end: "" },
    { text: printable(target) },
  ];
}

function timePieces({
  picture: { run, total, lastToEnd, isDone, counts, joined },
}: RunMonitorPicture): Piece[] {
  if (isDone) return [{ text: "nothing is left" }];
  if (total.eta !== undefined) {
    const text = durationRange(total.eta.lowMs, total.eta.highMs);
    if (lastToEnd?.facts === undefined || run.parts.length === 1) return [{ text }];
    const { partition, facts } = lastToEnd;
    return [
      { text },
      { text: `until partition ${partition} on ${printable(facts.host)}, the last one, ends` },
    ];
  }
  const idle = counts.dead + counts.left + counts["not-started"];
  if (counts.alive + (joined?.alive ?? 0) === 0)
    return [{ text: "unknown: no machine works on it", paint: "yellow" }];
  if (run.mode === "fixed" && idle > 0) {
    return [{ text: `unknown: nobody works on ${quantity(idle, "partition")}`, paint: "yellow" }];
  }
  return [{ text: "not known yet" }];
}

function partitionPieces({ picture: { run, counts, partitions, machines } }: RunMonitorPicture): Piece[] {
  const alive = machines.filter(({ life }) => life === "alive").length;
  const of = [
    { text: `${count(counts.done)} of ${count(partitions)} done` },
    ...(counts.alive > 0 ? [{ text: `${count(counts.alive)} held by ${quantity(alive, "machine")}` }] : []),
    ...(counts.dead > 0 ? [{ text: `${count(counts.dead)} dead`, paint: "red" } as const] : []),
    ...(counts.left > 0 ? [{ text: `${count(counts.left)} left unfinished`, paint: "yellow" } as const] : []),
  ];
  const free = counts["not-started"];
  return free === 0
    ? of
    : [...of, { text: `${count(free)} ${run.mode === "auto" ? "free" : "not started"}` }];
}

function joinedPieces({ picture: { joined } }: RunMonitorPicture): Piece[] {
  if (joined === undefined || joined.joined === 0) return [];
  const { alive, left, dead } = joined;
  return [
    { text: `${count(joined.joined)} joined` },
    { text: `${count(alive)} alive` },
    ...(left > 0 ? [{ text: `${count(left)} left` }] : []),
    ...(dead > 0 ? [{ text: `${count(dead)} died`, paint: "yellow" } as const] : []),
  ];
}

function takenOverPieces({ picture: { takenOver } }: RunMonitorPicture): Piece[] {
  const { partitions, filesFound } = takenOver;
  if (partitions === 0) return [];
  const found = `${quantity(filesFound, "file")} of ${partitions === 1 ? "it" : "them"} found in the target already`;
  return [{ text: `${quantity(partitions, "partition")} of machines that died`, end: ":" }, { text: found }];
}

/** What somebody must do, with fixed partitions; with `auto` any machine that works takes over what is there. */
function toDoPieces({ picture: { run, isDone, counts, joined } }: RunMonitorPicture): Piece[] {
  if (isDone) return [];
  if (run.isOpening) return [{ text: "wait: the run is being divided anew", paint: "yellow" }];
  if (run.mode === "auto") {
    return counts.alive + (joined?.alive ?? 0) > 0
      ? []
      : [{ text: "start a machine: none works on the run", paint: "yellow" }];
  }
  const list = (life: "dead" | "left" | "not-started") => {
    const numbers = run.parts.filter((part) => part.life === life).map(({ partition }) => partition);
    const noun = numbers.length === 1 ? "partition" : "partitions";
    return numbers.length === 0 ? undefined : `${noun} ${numberRanges(numbers, MOST_RANGES)}`;
  };
  const [dead, left, free] = [list("dead"), list("left"), list("not-started")];
  return [
    ...(dead === undefined
      ? []
      : [
          {
            text: `resume ${dead} there, or start elsewhere with --take-over`,
            paint: "red",
            end: ";",
          } as const,
        ]),
    ...(left === undefined ? [] : [{ text: `resume ${left}`, paint: "yellow", end: ";" } as const]),
    ...(free === undefined ? [] : [{ text: `start ${free}: nobody has`, paint: "yellow" } as const]),
  ];
}

function failurePieces({ picture: { failures } }: RunMonitorPicture): Piece[] {
  return failures.map((one) => ({ text: `${one.code} ${count(one.count)}`, paint: "red", end: ";" }));
}

function differencePieces({ differences }: RunMonitorPicture): Piece[] {
  return differences.map((one) => ({ text: printable(differenceText(one)), paint: "yellow", end: ";" }));
}

function silentPieces({ silent, time }: RunMonitorPicture): Piece[] {
  if (silent === undefined) return [];
  const text = `the account has not answered for ${duration(Math.round((time - silent.since) / 1_000) * 1_000)}`;
  return [
    { text, paint: "yellow", end: ":" },
    { text: printable(silent.why), end: ";" },
    { text: "all of this is as it was before" },
  ];
}
