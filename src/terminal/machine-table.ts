/** A line for each state: how far it is, how fast, and who works on it. */
import type { MachineView } from "../progress/progress.ts";
import type { Writer } from "../state/state-reader.ts";
import { EXIT } from "../core/exit-codes.ts";
import { count, decimal, duration, durationRange, fileRate } from "./format.ts";
import { printable } from "./printable.ts";
import { percentDone } from "./progress-text.ts";
import type { TextStyle } from "./style.ts";
import { type Cell, type Column, table } from "./table.ts";

/** A process tells about every second how it goes; one that has not for so long hangs, or its disk does. */
const SILENT_MS = 30_000;
/** From this width on, times are told in full. */
const WIDE = 100;
/** What tells least of how a machine does goes first; its name and its process stay. */
const LEFT_OUT = ["Items/min", "Part", "Speed", "Left", "Time left", "Done"];

/** @param time ms since the epoch */
export function machineTable(machines: readonly MachineView[], time: number, style: TextStyle): string[] {
  const isWide = style.width >= WIDE;
  const names = shortNames(machines.map(({ stateDb }) => stateDb));
  const columns: Column<MachineView>[] = [
    {
      title: "State",
      align: "left",
      cell: (machine) => ({ text: printable(names.get(machine.stateDb) ?? machine.stateDb) }),
      least: 12,
    },
    { title: "Part", align: "left", cell: ({ run }) => ({ text: partitionText(run.identity) }) },
    { title: "Done", align: "right", cell: ({ progress }) => ({ text: percentDone(progress) }) },
    { title: "Left", align: "right", cell: filesLeft },
    { title: "Speed", align: "right", cell: speed },
    { title: "Items/min", align: "right", cell: workItemsPerMinute },
    { title: "Time left", align: "right", cell: (machine) => timeLeft(machine, isWide) },
    { title: "Process", align: "left", cell: ({ writer }) => processCell(writer, time, isWide), least: 9 },
  ];
  return table(columns, machines, LEFT_OUT, style);
}

/** `0 of 2` */
function partitionText(identity: { partition: number | "auto"; totalPartitions: number }): string {
  return `${identity.partition} of ${identity.totalPartitions}`;
}

/** The files' names without their folders, where these tell nothing apart. */
export function shortNames(paths: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map(paths.map((path) => [path, path.split(/[/\\]/).at(-1) ?? path]));
  return new Set(names.values()).size === names.size ? names : new Map(paths.map((path) => [path, path]));
}

function filesLeft({ progress: { files } }: MachineView): Cell {
  if (files.left === undefined) return { text: "unknown" };
  return { text: `${files.totalIsKnown ? "" : "~"}${count(files.left)}` };
}

function speed({ progress: { filesPerSecond } }: MachineView): Cell {
  return { text: filesPerSecond === undefined ? "-" : fileRate(filesPerSecond) };
}

/** Under a title that tells the unit. */
function workItemsPerMinute({ progress: { workItemsPerMinute: rate } }: MachineView): Cell {
  return { text: rate === undefined ? "-" : decimal(rate) };
}

function timeLeft({ progress: { eta, live } }: MachineView, isWide: boolean): Cell {
  if (eta === undefined) {
    return live.waiting.some(({ throttled }) => !throttled)
      ? { text: "waits", paint: "yellow" }
      : { text: "-" };
  }
  if (eta.highMs === 0) return { text: "-" };
  return { text: isWide ? durationRange(eta.lowMs, eta.highMs) : durationRange(eta.highMs, eta.highMs) };
}

function processCell(writer: Writer, time: number, isWide: boolean): Cell {
  const ago = (at: number) => duration(toSeconds(time - at));
  switch (writer.kind) {
    case "running": {
      const silentMs = time - (writer.heartbeat?.at ?? writer.since);
      if (silentMs > SILENT_MS) {
        return { text: `pid ${writer.pid}, silent for ${duration(toSeconds(silentMs))}`, paint: "yellow" };
      }
      const where = isWide ? ` on ${printable(writer.host)} for ${ago(writer.since)}` : "";
      return { text: `pid ${writer.pid}${where}`, paint: "green" };
    }
    case "died":
      if (writer.copy !== undefined) return { text: `a copy, ${ago(writer.at)} old`, paint: "red" };
      return { text: `died ${ago(writer.at)} ago`, paint: "red" };
    case "ended":
      return endedCell(writer, ago(writer.at));
  }
}

function endedCell({ ending }: Extract<Writer, { kind: "ended" }>, ago: string): Cell {
  if (ending === undefined) return { text: `no process since ${ago}` };
  const { why, exitCode } = ending;
  const text = `${printable(why)}, ${ago} ago (exit code ${exitCode})`;
  if (exitCode === EXIT.done) return { text, paint: "green" };
  return { text, paint: "yellow" };
}

function toSeconds(ms: number): number {
  return Math.round(Math.max(0, ms) / 1_000) * 1_000;
}
