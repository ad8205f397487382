/** `reupload partitions CSV N`: how a CSV divides among machines. */
import { csvField } from "../core/csv-field.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { distribute, searchIds, type SearchedId } from "../job/distribution.ts";
import { distributionJson, jsonText, SCHEMA_VERSION } from "../report/report.ts";
import { distributionText, uncountedText } from "../terminal/distribution-text.ts";
import { type Io, printLines, printLine, writeLines } from "../terminal/io.ts";
import { parseOutput, parseWholeNumber } from "./options.ts";
import { endAtSignal } from "./stop-signals.ts";

export interface PartitionsArguments {
  readonly csv: string;
  readonly n: string;
  readonly list?: true;
  readonly search?: readonly string[];
  readonly output: string;
}

/** @throws ReuploadError */
export async function partitions(given: PartitionsArguments, io: Io): Promise<ExitCode> {
  const dispose = endAtSignal(io, "the output is incomplete");
  try {
    const total = parseWholeNumber(given.n, "number of partitions", 1, 100_000);
    const isJson = parseOutput(given.output) === "json";
    if (given.csv === "-" && given.search?.includes("-") === true) {
      throw new ReuploadError("usage", "The CSV and the ids to search for cannot both come from stdin.", {
        advice: "Give the CSV as a file, or give each id with its own --search.",
      });
    }
    const division = { csv: given.csv, total };
    if (given.search !== undefined) return await search(division, given.search, isJson, io);
    return await show(division, given.list === true, isJson, io);
  } finally {
    dispose();
  }
}

type Division = Parameters<typeof distribute>[0];

async function show(division: Division, isList: boolean, isJson: boolean, io: Io): Promise<ExitCode> {
  const distribution = await distribute(
    division,
    io,
    isList
      ? async (items) =>
          writeLines(
            io,
            items.map(({ workItem: { jobId, workItemId }, partition }) =>
              isJson ? jsonText({ jobId, workItemId, partition }) : `${csvField(workItemId)},${partition}`,
            ),
          )
      : undefined,
  );
  if (!isList) {
    if (isJson) await writeLines(io, [jsonText(distributionJson(distribution))]);
    else await printLines(io, distributionText(distribution));
  }
  for (const line of uncountedText(distribution)) printLine(io.stderr, line);
  return distribution.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
}

async function search(
  division: Division,
  ids: readonly string[],
  isJson: boolean,
  io: Io,
): Promise<ExitCode> {
  const { results, warnings } = await searchIds(division, ids, io);
  const found = results.map((result) => ({ ...result }));
  if (isJson) await writeLines(io, [jsonText({ schemaVersion: SCHEMA_VERSION, results: found })]);
  else await printLines(io, results.map(searchedText));
  for (const warning of warnings) printLine(io.stderr, `warning: ${warning}`);
  return results.every(({ inCsv }) => inCsv) ? EXIT.done : EXIT.finishedWithFailures;
}

function searchedText({ workItemId, partition, inCsv }: SearchedId): string {
  return `${workItemId}: partition ${partition}${inCsv ? "" : " (not in the CSV)"}`;
}
