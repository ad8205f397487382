/** `reupload demo --machines N`: the picture of several machines, and the sums at the end. */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { type Demo, type DemoInput, type DemoMachine, runDemoMachines } from "../job/demo.ts";
import { count, duration } from "../terminal/format.ts";
import { type Io, printLine } from "../terminal/io.ts";
import { join } from "node:path";
import { wordCommand } from "./next-command.ts";
import type { RunFlags } from "./session.ts";

interface DemoPlace {
  readonly flagsFor: (input: DemoInput, state: string, io: Io) => RunFlags;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly io: Io;
}

/** Files of one sign of the bar. */
const FILES_A_SIGN = 100;

/** @returns 0 when the machines together did everything but the file whose source is missing */
export async function demoMachines(
  machines: number,
  { input, connectionString }: Demo,
  { flagsFor, folder, signal, io }: DemoPlace,
): Promise<ExitCode> {
  const began = io.surroundings.monotonic();
  const say = (text: string): void => {
    const seconds = duration(io.surroundings.monotonic() - began);
    printLine(io.stdout, `${seconds.padStart(8)}  ${text}`);
  };
  const wordsOf = (name: string): string[] => {
    const { csv = "", files = "", ...flags } = flagsFor(input, join(folder, `${name}.db`), io);
    const given = { csv, files, stateDb: flags.stateDb ?? "", partition: "auto", output: "json" };
    const words = Object.entries(given).flatMap(([flag, value]) => [
      flag === "stateDb" ? "--state-db" : `--${flag}`,
      value,
    ]);
    return [
      "run",
      ...words,
      "--workitem-workers",
      "4",
      "--file-workers",
      "2",
      "--verbose",
      "--create-missing",
    ];
  };
  const program = process.argv[1] ?? "";
  printLine(io.stdout, "");
  printLine(io.stdout, `Each machine: ${wordCommand(["reupload", ...wordsOf("machineN")], io)}`);
  printLine(io.stdout, "");
  const all = await runDemoMachines({
    surroundings: io.surroundings,
    count: machines,
    program,
    wordsOf,
    cwd: io.cwd,
    env: { ...io.env, AZURE_STORAGE_CONNECTION_STRING: connectionString },
    onEvent: (text) => say(text),
    onPicture: (now) => say(picture(now)),
    signal,
  });
  for (const line of sums(all, input)) printLine(io.stdout, line);
  return all.some(({ ending }) => ending === "failed") ? EXIT.unavailable : EXIT.done;
}

/** `machine1 ######## 810   machine2 ### 340 killed` */
function picture(machines: readonly DemoMachine[]): string {
  return machines
    .map(({ name, files, takenOver, ending }) => {
      const bar = "#".repeat(Math.ceil(files / FILES_A_SIGN));
      const more = [
        ...(takenOver > 0 ? [`took over ${takenOver}`] : []),
        ...(ending === undefined ? [] : [ending]),
      ];
      return [name, bar, count(files), ...more].filter((word) => word !== "").join(" ");
    })
    .join("   ");
}

function sums(machines: readonly DemoMachine[], { files }: DemoInput): string[] {
  const all = machines.reduce((sum, machine) => sum + machine.files, 0);
  return [
    "",
    ...machines.map(
      (machine) =>
        `  ${machine.name.padEnd(12)}${count(machine.files).padStart(8)} files  ${machine.ending ?? ""}`,
    ),
    `  ${"together".padEnd(12)}${count(all).padStart(8)} files  of ${count(files)}`,
    "",
    "Each machine that is done has proved from the records of all partitions that the run is complete. What the killed one",
    "had done after its last checkpoint was found in the target by another one, and is counted twice. One source blob is",
    "missing on purpose.",
  ];
}
