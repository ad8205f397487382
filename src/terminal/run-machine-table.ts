/** A line for each machine of a run as the account knows it: how far it is, how fast, and whether it is alive. */
import { type MachineRow, partEta, type RunFacts } from "../progress/progress.ts";
import { count, decimal, duration, durationRange, fileRate, percent } from "./format.ts";
import { printable } from "./printable.ts";
import type { TextStyle } from "./style.ts";
import { type Cell, type Column, table } from "./table.ts";

/** What tells least of how a machine does goes first; its name, its partitions and its state stay. */
const LEFT_OUT = ["Process", "Files/s", "Items left", "Items/min", "Time left", "Done"];

/** A name is cut to so many columns before a column is left out. */
const NAME_WIDTH = 20;

type Table = Pick<RunFacts, "totalPartitions" | "date" | "mode">;

/** @param date the service's clock at the look, ms since the epoch */
export function runMachineTable(machines: readonly MachineRow[], run: Table, style: TextStyle): string[] {
  if (machines.length === 0) return [];
  const time = { title: "Time left", align: "right" } as const;
  // With `auto` a machine tells the time left of the whole run.
  const times: Column<MachineRow>[] =
    run.mode === "auto" ? [] : [{ ...time, cell: (row) => aliveOnly(row, timeLeft(row, run.date)) }];
  const columns: Column<MachineRow>[] = [
    { title: "Machine", align: "left", cell: ({ host }) => ({ text: printable(host) }), least: NAME_WIDTH },
    { title: "Part", align: "left", cell: (row) => ({ text: partText(row, run) }) },
    { title: "Done", align: "right", cell: (row) => ({ text: doneText(row) }) },
    {
      title: "Items left",
      align: "right",
      cell: ({ workItems }) => ({ text: count(workItems.total - workItems.ended) }),
    },
    { title: "Items/min", align: "right", cell: (row) => aliveOnly(row, decimal(row.workItemsPerMinute)) },
    { title: "Files/s", align: "right", cell: (row) => aliveOnly(row, rateText(row.filesPerSecond)) },
    ...times,
    { title: "State", align: "left", cell: (row) => lifeCell(row, run.date) },
    { title: "Process", align: "right", cell: ({ pid }) => ({ text: String(pid) }) },
  ];
  return table(columns, machines, LEFT_OUT, style);
}

/** `0 of 2`; of several how many it holds, left and has done. */
function partText({ parts, held, done }: MachineRow, { totalPartitions, mode }: Table): string {
  const [first, ...more] = parts;
  if (mode === "fixed" && first !== undefined && more.length === 0) {
    return `${first.partition} of ${totalPartitions}`;
  }
  const left = parts.length - held - done;
  if (parts.length === 0) return "none";
  return [
    ...(held > 0 ? [`${count(held)} held`] : []),
    ...(left > 0 ? [`${count(left)} left`] : []),
    ...(done > 0 ? [`${count(done)} done`] : []),
  ].join(", ");
}

/** By files where they are known, as the bar. */
function doneText({ files, workItems }: MachineRow): string {
  if (workItems.total === 0) return "-";
  return files.total === undefined || files.total === 0
    ? percent(workItems.ended, workItems.total)
    : percent(files.finished, files.total);
}

function aliveOnly({ life }: MachineRow, text: string): Cell {
  return { text: life === "alive" ? text : "-" };
}

/** Under a title that tells the unit; less than one a second by the minute. */
function rateText(filesPerSecond: number): string {
  return filesPerSecond > 0 && filesPerSecond < 1 ? fileRate(filesPerSecond) : decimal(filesPerSecond);
}

/** The longest of its partitions'. */
function timeLeft({ parts }: MachineRow, date: number): string {
  const times = parts.filter(({ life }) => life === "alive").map((part) => partEta(part, date));
  const known = times.filter((ms) => ms !== undefined);
  if (known.length < times.length || known.length === 0) return "-";
  const longest = Math.max(...known);
  return durationRange(longest, longest);
}

function lifeCell({ life, toldAt, parts, held, isPaused }: MachineRow, date: number): Cell {
  const ago = duration(Math.max(0, Math.round((date - toldAt) / 1_000)) * 1_000);
  switch (life) {
    case "alive": {
      if (isPaused) return { text: "alive, paused", paint: "yellow" };
      const dead = parts.filter((part) => part.life === "dead").length;
      if (held === 0) return { text: "waits for work" };
      return dead === 0
        ? { text: "alive", paint: "green" }
        : { text: `alive, lost ${count(dead)}`, paint: "yellow" };
    }
    case "dead":
      return { text: `dead, seen ${ago} ago`, paint: "red" };
    case "left":
      return { text: `stopped ${ago} ago`, paint: "yellow" };
    case "done":
    case "not-started":
      return { text: "done", paint: "green" };
  }
}
