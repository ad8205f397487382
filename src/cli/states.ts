/** `reupload states FOLDER`: the runs found there; removes finished ones. */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { findRuns, removeRuns } from "../job/run-folder.ts";
import { folderStatesJson, jsonText } from "../report/report.ts";
import { folderStatesText, removedText } from "../terminal/folder-states-text.ts";
import { type Io, printLine, printLines, writeLines } from "../terminal/io.ts";
import { lineStyle } from "../terminal/style.ts";
import { parseOutput } from "./options.ts";

export interface StatesArguments {
  readonly folder: string;
  readonly remove?: readonly string[];
  readonly output?: string;
}

/** @throws ReuploadError `usage`, `state-unfinished`, `state-locked` */
export async function states(given: StatesArguments, io: Io): Promise<ExitCode> {
  const isJson = parseOutput(given.output) === "json";
  const found = await findRuns(given.folder, io);
  if (given.remove !== undefined) {
    for (const removed of removeRuns(found, given.remove, io)) printLine(io.stderr, removedText(removed));
    return EXIT.done;
  }
  if (isJson) await writeLines(io, [jsonText(folderStatesJson(found))]);
  else await printLines(io, folderStatesText(found, lineStyle(io)));
  return EXIT.done;
}
