/** `reupload why`: what happened to one work item or file. */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { findStatePaths } from "../job/states.ts";
import { findOutWhy } from "../job/why.ts";
import { jsonText, whyJson } from "../report/report.ts";
import { type Io, printLines, writeLines } from "../terminal/io.ts";
import { whyText } from "../terminal/why-text.ts";
import { parseOutput } from "./options.ts";

export interface WhyArguments {
  readonly stateDb?: readonly string[];
  readonly jobId?: string;
  readonly output?: string;
}

/** @returns 1 when nothing, or more than one thing, has this name @throws ReuploadError */
export async function why(name: string, given: WhyArguments, io: Io): Promise<ExitCode> {
  const isJson = parseOutput(given.output) === "json";
  const report = await findOutWhy(name, given.jobId, findStatePaths(given.stateDb, io), io);
  if (isJson) await writeLines(io, [jsonText(whyJson(report))]);
  else await printLines(io, whyText(report));
  return report.stories.length > 0 ? EXIT.done : EXIT.finishedWithFailures;
}
