/** The states of one folder as a table. */
import { EXIT } from "../core/exit-codes.ts";
import type { MachineView } from "../progress/progress.ts";
import type { FolderState, FolderStates } from "../report/report.ts";
import { bytes, count, dateTime, duration, quantity } from "./format.ts";
import { printable } from "./printable.ts";
import type { TextStyle } from "./style.ts";
import { type Cell, type Column, table } from "./table.ts";

/** A line a state, those at work last first. */
export function folderStatesText(found: FolderStates, style: TextStyle): string[] {
  const runs = found.states.filter((state) => state.kind === "run");
  const unreadable = found.states.filter((state) => state.kind === "unreadable");
  if (found.states.length === 0) return [`no state in ${printable(found.folder)}`];
  return [
    ...(runs.length === 0 ? [] : table(columns(found.time), runs, ["Size", "Started", "Failed"], style)),
    ...unreadable.map(({ name, problem, isOriginal }) =>
      printable(
        isOriginal
          ? `${name}: a state of the original tool: reupload import-state takes it over`
          : `${name}: cannot be read: ${problem}`,
      ),
    ),
  ];
}

type Run = Extract<FolderState, { kind: "run" }>;

function columns(time: number): Column<Run>[] {
  const text = (value: string): Cell => ({ text: printable(value) });
  return [
    { title: "State", align: "left", least: 12, cell: ({ name }) => text(name) },
    { title: "Status", align: "left", least: 10, cell: ({ machine }) => statusCell(machine) },
    { title: "Last sign", align: "right", cell: ({ machine }) => text(lastSign(machine, time)) },
    { title: "Work items", align: "right", cell: ({ machine }) => text(workItems(machine)) },
    { title: "Failed", align: "right", cell: ({ machine }) => text(count(machine.progress.files.failed)) },
    { title: "Started", align: "left", cell: ({ machine }) => text(dateTime(machine.run.createdAt)) },
    { title: "Size", align: "right", cell: (state) => text(bytes(state.bytes)) },
  ];
}

function statusCell({ writer, exitCode, progress }: MachineView): Cell {
  if (writer.kind === "running") return { text: `running (pid ${writer.pid})`, paint: "green" };
  if (writer.kind === "died") return { text: "killed, resume it", paint: "red" };
  const { left } = progress.workItems;
  if (exitCode === EXIT.done && left === 0) return { text: "done" };
  if (exitCode === EXIT.finishedWithFailures && left === 0)
    return { text: "done, with failures", paint: "yellow" };
  const why = writer.ending?.why;
  return { text: printable(why === undefined ? "not finished" : `stopped: ${why}`), paint: "yellow" };
}

function lastSign({ writer }: MachineView, time: number): string {
  return writer.kind === "running" ? "now" : `${duration(Math.max(0, time - writer.at))} ago`;
}

function workItems({ progress: { workItems: all } }: MachineView): string {
  return `${count(all.total - all.left)} of ${count(all.total)}`;
}

/** What was removed, and what of it is left. */
export function removedText({
  name,
  left,
}: {
  readonly name: string;
  readonly left: readonly string[];
}): string {
  const more =
    left.length === 0 ? "" : `; ${quantity(left.length, "file")} of its run still there: ${left.join(", ")}`;
  return printable(`removed ${name}${more}`);
}
