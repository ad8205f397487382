/** What `monitor` shows: all states added up, a line for each, and what holds them up. */
import { redact } from "../core/secret.ts";
import type { FleetFailures, FleetView, FleetWorkItem, ProgressView } from "../progress/progress.ts";
import { fitSections, type Section } from "./fit-sections.ts";
import { bytes, count, dateTime, duration, durationRange, fileRate, quantity } from "./format.ts";
import { cut, flow, type Piece } from "./layout.ts";
import { machineTable, shortNames } from "./machine-table.ts";
import { printable, printableLine } from "./printable.ts";
import {
  barLine,
  filePieces,
  LABEL_COLUMN,
  speedPieces,
  steeredPieces,
  throttledPiece,
  waitingPieces,
  workItemPieces,
} from "./progress-text.ts";
import { paint, PLAIN, chooseSigns, type TextStyle } from "./style.ts";

export interface MonitorPicture {
  /** ms since the epoch. */
  readonly time: number;
  readonly fleet: FleetView;
  readonly failures: readonly FleetFailures[];
  readonly slowest: readonly FleetWorkItem[];
  readonly history: { readonly rates: readonly number[]; readonly stepMs: number };
}

/** What goes first where there are too few rows; the bar and what does not fit together stay. */
const LEFT_OUT = [
  "keys",
  "slowest",
  "throughput",
  "title",
  "retries",
  "failures",
  "work items",
  "machines",
  "waiting",
  "speed",
  "missing",
  "files",
  "time",
];

/** A screen of at most so many rows, none wider than the style's width. */
export function monitorScreen(picture: MonitorPicture, style: TextStyle, rows: number): string[] {
  const keys = cut("q or Ctrl+C closes the monitor; the runs continue", style);
  const sections = [
    ...monitorSections(picture, style),
    { name: "keys", lines: [keys], apart: true } as const,
  ];
  return fitSections(sections, rows, LEFT_OUT).map((line) => printableLine(redact(line), style));
}

/** All of it, in as many rows as it takes: for logs and pipes, and for what stays on a terminal. */
export function monitorText(picture: MonitorPicture, style: TextStyle = PLAIN): string[] {
  return fitSections(monitorSections(picture, style), Infinity, []).map((line) =>
    printableLine(redact(line), style),
  );
}

/** The monitor of states on a terminal. */
export const STATES_DRAWING = { screen: monitorScreen, text: monitorText };

function monitorSections(picture: MonitorPicture, style: TextStyle): Section[] {
  const { fleet, time } = picture;
  return [
    { name: "title", lines: [paint("bold", cut(monitorTitle(picture), style), style)] },
    { name: "mismatches", lines: mismatchLines(fleet, style) },
    ...(fleet.total === undefined ? [] : totalSections(fleet.total, picture, style)),
    { name: "missing", lines: missingLines(fleet, style) },
    machineSection(machineTable(fleet.machines, time, style), style),
    { name: "failures", lines: failureLines(picture, style), apart: true },
    { name: "waiting", lines: [...steeredLines(fleet, style), ...waitingLines(fleet, style)] },
    slowestSection(slowestLines(picture, style)),
  ];
}

function totalSections(total: ProgressView, { fleet, history }: MonitorPicture, style: TextStyle): Section[] {
  const row = (label: string, pieces: readonly Piece[]) => flow(label, pieces, LABEL_COLUMN, style);
  const works = fleet.machines.some(({ writer }) => writer.kind === "running");
  const speed = works ? speedPieces(total, "not known yet") : [];
  const retries = row("Retries", [{ text: count(total.live.retries) }, throttledPiece(total)]);
  return [
    { name: "bar", lines: [barLine(total, style, Number.isFinite(style.width) ? style.width : undefined)] },
    { name: "work items", lines: row("Work items", workItemPieces(total)) },
    { name: "files", lines: row("Files", [...filePieces(total), ...uncounted(fleet)]) },
    { name: "speed", lines: row("Speed", [...speed, { text: `${bytes(total.bytes)} in total` }]) },
    { name: "time", lines: row("Time left", timePieces(total, fleet)) },
    { name: "throughput", lines: throughputLines(history, style) },
    // They are of the processes, not of the states.
    { name: "retries", lines: works ? retries : [] },
  ];
}

/** `2026-07-01 12:12:10 UTC: 3 states, 1 running, 1 ended, 1 died` */
function monitorTitle({ time, fleet: { machines } }: MonitorPicture): string {
  const kinds = (["running", "ended", "died"] as const).flatMap((kind) => {
    const found = machines.filter(({ writer }) => writer.kind === kind).length;
    return found === 0 ? [] : [`${count(found)} ${kind}`];
  });
  return `${dateTime(time)}: ${[quantity(machines.length, "state"), ...kinds].join(", ")}`;
}

/** Their files are in no count but the estimate. */
function uncounted({ machines }: FleetView): Piece[] {
  const workItems = machines.reduce((sum, { summary }) => sum + summary.notSurveyed, 0);
  return workItems === 0 ? [] : [{ text: `${quantity(workItems, "work item")} not counted yet` }];
}

function timePieces(total: ProgressView, { machines, slowest }: FleetView): Piece[] {
  const names = shortNames(machines.map(({ stateDb }) => stateDb));
  if (total.eta !== undefined && slowest !== undefined) {
    if (total.eta.highMs === 0) return [{ text: "nothing is left" }];
    const name = printable(names.get(slowest.stateDb) ?? slowest.stateDb);
    return [
      { text: durationRange(total.eta.lowMs, total.eta.highMs) },
      ...(machines.length > 1 ? [{ text: `until ${name}, the last one, ends` }] : []),
    ];
  }
  const idle = machines.filter(
    ({ writer, progress }) => writer.kind !== "running" && progress.eta === undefined,
  );
  if (idle.length > 0) {
    const list = idle.map(({ stateDb }) => printable(names.get(stateDb) ?? stateDb)).join(", ");
    return [{ text: `unknown: no process works on ${list}`, paint: "yellow" }];
  }
  const isWaiting = total.live.waiting.some(({ throttled }) => !throttled);
  return [{ text: isWaiting ? "unknown while waiting" : "not known yet" }];
}

/** The speed of late, for the eye. */
export function throughputLines({ rates, stepMs }: MonitorPicture["history"], style: TextStyle): string[] {
  if (rates.length < 2) return [];
  const note = (shown: number, most: number) => `up to ${fileRate(most)} in ${duration(shown * stepMs)}`;
  const widest = note(rates.length, Math.max(...rates)).length;
  const shown = rates.slice(-Math.max(0, Math.min(rates.length, style.width - LABEL_COLUMN - widest - 2)));
  if (shown.length < 2) return [];
  const most = Math.max(...shown);
  const line = `${sparkline(shown, style)} ${note(shown.length, most)}`;
  return flow("Throughput", [{ text: line }], LABEL_COLUMN, style);
}

/** A sign for each value, from 0 to the largest. */
export function sparkline(values: readonly number[], style: TextStyle): string {
  const signs = chooseSigns(style).sparks;
  const most = Math.max(...values);
  return values
    .map((value) => signs[most === 0 ? 0 : Math.round((value / most) * (signs.length - 1))] ?? "")
    .join("");
}

function mismatchLines({ mismatches }: FleetView, style: TextStyle): string[] {
  return mismatches.length === 0
    ? []
    : flow(
        "Not added up:",
        mismatches.map((text) => ({ text: printable(text), paint: "red", end: ";" })),
        LABEL_COLUMN,
        style,
      );
}

const MOST_MISSING = 10;

function missingLines({ missingPartitions, mismatches, machines }: FleetView, style: TextStyle): string[] {
  if (missingPartitions.length === 0 || mismatches.length > 0) return [];
  const shown = missingPartitions.slice(0, MOST_MISSING).join(", ");
  const more = missingPartitions.length > MOST_MISSING ? ", ..." : "";
  const total = machines[0]?.run.identity.totalPartitions ?? 1;
  const noun = missingPartitions.length === 1 ? "partition" : "partitions";
  const text = `${noun} ${shown}${more} of ${count(total)}: ${missingPartitions.length === 1 ? "its state is" : "their states are"} not given`;
  return flow("Missing", [{ text, paint: "yellow" }], LABEL_COLUMN, style);
}

/** The rows of a table, of which the last ones go where there are too few rows on the screen. */
export function machineSection(lines: readonly string[], style: TextStyle): Section {
  return {
    name: "machines",
    lines,
    apart: true,
    shorten: {
      least: 3,
      to: (rows) => [...lines.slice(0, rows - 1), cut(`and ${count(lines.length - rows + 1)} more`, style)],
    },
  };
}

function failureLines({ failures, fleet }: MonitorPicture, style: TextStyle): string[] {
  const names = shortNames(fleet.machines.map(({ stateDb }) => stateDb));
  const shortName = ({ stateDb }: FleetFailures) =>
    stateDb === undefined ? "" : `${printable(names.get(stateDb) ?? stateDb)}: `;
  const section = (label: string, outcome: FleetFailures["outcome"], format: "red" | "yellow") => {
    const pieces = failures
      .filter((group) => group.outcome === outcome)
      .map((group) => ({ text: shortName(group) + failureText(group), paint: format, end: ";" }));
    return pieces.length === 0 ? [] : flow(label, pieces, LABEL_COLUMN, style);
  };
  return [...section("Failed", "failed", "red"), ...section("Skipped", "skipped", "yellow")];
}

function failureText({ code, files, workItems }: FleetFailures): string {
  const parts = [
    ...(files > 0 ? [quantity(files, "file")] : []),
    ...(workItems > 0 ? [quantity(workItems, "work item")] : []),
  ];
  return `${code} ${parts.join(", ")}`;
}

function waitingLines({ machines }: FleetView, style: TextStyle): string[] {
  const byText = new Map<string, readonly Piece[]>();
  for (const { progress } of machines) {
    // Several machines wait for the same service: once is enough, with the first one's time.
    for (const waiting of progress.live.waiting) {
      if (!byText.has(waiting.what)) byText.set(waiting.what, waitingPieces(waiting));
    }
  }
  return [...byText.values()].flatMap((pieces) => flow("Waiting", pieces, LABEL_COLUMN, style));
}

/** Which running processes do not simply go on. */
function steeredLines({ machines }: FleetView, style: TextStyle): string[] {
  const names = shortNames(machines.map(({ stateDb }) => stateDb));
  return machines
    .filter(({ writer }) => writer.kind === "running")
    .flatMap(({ stateDb, progress }) => {
      const name = machines.length === 1 ? "" : `${printable(names.get(stateDb) ?? stateDb)}: `;
      return steeredPieces(progress).map((piece) => ({ ...piece, text: name + piece.text }));
    })
    .flatMap((piece) => flow("State", [piece], LABEL_COLUMN, style));
}

function slowestLines({ slowest, time }: MonitorPicture, style: TextStyle): string[] {
  return slowest.map(({ workItem, since, filesDone, filesTotal }, index) => {
    const label = index === 0 ? "Slowest" : "";
    const open = duration(Math.max(0, Math.round((time - since) / 1_000) * 1_000));
    const name = printable(`${workItem.jobId}/${workItem.workItemId}`);
    const text = `${open}, ${count(filesDone)} of ${quantity(filesTotal, "file")}: ${name}`;
    const shown = cut(text, { ...style, width: style.width - LABEL_COLUMN });
    return paint("bold", label, style) + " ".repeat(LABEL_COLUMN - label.length) + shown;
  });
}

function slowestSection(lines: readonly string[]): Section {
  return { name: "slowest", lines, shorten: { least: 1, to: (rows) => lines.slice(0, rows) } };
}
