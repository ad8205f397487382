/** `reupload files`: a row for each file that the states know. */
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { parseOutcomes } from "../core/file-outcome.ts";
import { writeFiles } from "../job/files.ts";
import { checkOutputs } from "../job/outputs.ts";
import { findStatePaths, OpenStates } from "../job/states.ts";
import { FILE_ROWS_CSV, FILE_ROWS_JSON } from "../report/report.ts";
import { FILE_ROWS_TEXT } from "../terminal/file-rows-text.ts";
import { quantity } from "../terminal/format.ts";
import { type Io, printLine } from "../terminal/io.ts";
import { parseRowsOutput } from "./options.ts";
import { writingTo } from "./output-file.ts";

export interface FilesArguments {
  readonly stateDb?: readonly string[];
  readonly status?: string;
  readonly workItem?: string;
  readonly output?: string;
  readonly out?: string;
}

const FORMATS = { text: FILE_ROWS_TEXT, csv: FILE_ROWS_CSV, json: FILE_ROWS_JSON } as const;

/** @returns 0, or the code of the signal that ended it. @throws ReuploadError */
export async function files(given: FilesArguments, io: Io): Promise<ExitCode> {
  const format = FORMATS[parseRowsOutput(given.output)];
  const filter = { workItemId: given.workItem, outcomes: parseStatus(given.status) };
  const paths = findStatePaths(given.stateDb, io);
  using states = await OpenStates.open(paths, io);
  const out = given.out ?? "-";
  const companions = checkOutputs([{ option: "--out", out }], paths, io);
  return await writingTo({ out, companions }, io, async (sink) => {
    const written = await writeFiles(states, { filter, format, ...sink });
    // Who stopped reading did not see all of them.
    if (sink.isLeft()) return EXIT.done;
    const items = written.workItems === 0 ? "" : `, ${quantity(written.workItems, "work item")} as a whole`;
    const where = out === "-" ? "" : ` written to ${out}`;
    printLine(io.stderr, `${quantity(written.files, "file")}${items}${where}`);
    return EXIT.done;
  });
}

function parseStatus(text: string | undefined) {
  if (text === undefined) return undefined;
  try {
    return parseOutcomes(text);
  } catch (thrown) {
    throw new ReuploadError("bad-option", `--status: ${errorMessageText(thrown)}`);
  }
}
