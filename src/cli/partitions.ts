/** `reupload partitions CSV N`: how a CSV divides among machines. */
import { createInterface } from "node:readline";
import { isAbsolute, join } from "node:path";
import { csvField } from "../core/csv-field.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { choosePartition } from "../core/partition.ts";
import { type Distribution, countPartitions } from "../input/distribution.ts";
import type { InputSource } from "../input/input.ts";
import { count, percent, quantity } from "../terminal/format.ts";
import { type JsonFields, jsonText } from "../report/json-forms.ts";
import { SCHEMA_VERSION } from "../report/messages.ts";
import { type Io, printLines, printLine, writeLines } from "../terminal/io.ts";
import { parseOutput, parseWholeNumber } from "./options.ts";
import { endAtSignal } from "./stop-signals.ts";

const RULE = "=".repeat(80);

export interface PartitionsArguments {
  readonly csv: string;
  readonly n: string;
  readonly list?: true;
  readonly search?: readonly string[];
  readonly output: string;
}

/** @throws ReuploadError */
export async function partitions(given: PartitionsArguments, io: Io): Promise<ExitCode> {
  const dispose = endAtSignal(io.stderr, "the printed answer is not complete");
  try {
    return await distribute(given, io);
  } finally {
    dispose();
  }
}

async function distribute(given: PartitionsArguments, io: Io): Promise<ExitCode> {
  const total = parseWholeNumber(given.n, "number of partitions", 1, 100_000);
  const isJson = parseOutput(given.output) === "json";
  if (given.csv === "-" && given.search?.includes("-") === true) {
    throw new ReuploadError("usage", "The CSV and the ids to search for cannot both come from stdin.", {
      advice: "Give the CSV as a file, or give each id with its own --search.",
    });
  }
  const source = inputSource(given.csv, io);
  if (given.search !== undefined) return search(given.search, source, total, isJson, io);
  const { signal } = new AbortController();
  const distribution = await countPartitions(source, total, {
    signal,
    ...(given.list === true
      ? {
          onWorkItems: async (items) =>
            writeLines(
              io,
              items.map(({ workItem, partition }) =>
                isJson
                  ? jsonText({ jobId: workItem.jobId, workItemId: workItem.workItemId, partition })
                  : `${csvField(workItem.workItemId)},${partition}`,
              ),
            ),
        }
      : {}),
  });
  if (given.list !== true) {
    if (isJson) await writeLines(io, [jsonText(distributionJson(distribution))]);
    else await printLines(io, distributionText(distribution));
  }
  tellRejected(distribution, io);
  return distribution.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
}

/** Where a command's CSV comes from: a path below the working folder, or stdin. */
export function inputSource(csv: string, io: Io): InputSource {
  if (csv === "-") return { path: csv, bytes: io.stdin };
  return { path: isAbsolute(csv) ? csv : join(io.cwd, csv) };
}

function distributionText({ partitions: shares, total }: Distribution): string[] {
  return [
    `Partition Distribution for ${shares.length} partitions:`,
    RULE,
    "",
    ...shares.flatMap((share) => [
      `Partition ${share.partition}:`,
      `  Count:     ${count(share.count)} (${percent(share.count, total)})`,
      `  Samples:   ${share.samples.join(", ")}${share.count > share.samples.length ? ", ..." : ""}`,
      "",
    ]),
    `Total WorkItems: ${count(total)}`,
  ];
}

function distributionJson(distribution: Distribution): JsonFields {
  const { total, rows, duplicates, rejected } = distribution;
  const shares = distribution.partitions.map((share) => ({ ...share }));
  return { schemaVersion: SCHEMA_VERSION, partitions: shares, total, rows, duplicates, rejected };
}

/** What is not in the counts goes to stderr: the counts' text stays what operators know. */
export function tellRejected(distribution: Distribution, io: Io): void {
  const { duplicates, rejected, firstRejected, warnings } = distribution;
  for (const warning of warnings) printLine(io.stderr, `warning: ${warning}`);
  if (duplicates > 0) printLine(io.stderr, `${quantity(duplicates, "repeated row")} counted once`);
  if (rejected === 0) return;
  printLine(io.stderr, `${quantity(rejected, "row")} rejected:`);
  for (const row of firstRejected) printLine(io.stderr, `  line ${row.line}: ${row.reason}`);
  if (rejected > firstRejected.length) printLine(io.stderr, "  ...");
}

async function search(
  given: readonly string[],
  source: InputSource,
  total: number,
  isJson: boolean,
  io: Io,
): Promise<ExitCode> {
  const ids = new Map<string, boolean>();
  for (const id of given) {
    if (id !== "-") ids.set(id, false);
    else
      for await (const line of createInterface({ input: io.stdin }))
        if (line.trim() !== "") ids.set(line.trim(), false);
  }
  const { warnings } = await countPartitions(source, total, {
    signal: new AbortController().signal,
    onWorkItems: async (items) => {
      for (const { workItem } of items) if (ids.has(workItem.workItemId)) ids.set(workItem.workItemId, true);
    },
  });
  const results = [...ids].map(([workItemId, inCsv]) => ({
    workItemId,
    partition: choosePartition(workItemId, total),
    inCsv,
  }));
  if (isJson) await writeLines(io, [jsonText({ schemaVersion: SCHEMA_VERSION, results })]);
  else {
    await printLines(
      io,
      results.map(
        ({ workItemId, partition, inCsv }) =>
          `${workItemId}: partition ${partition}${inCsv ? "" : " (not in the CSV)"}`,
      ),
    );
  }
  for (const warning of warnings) printLine(io.stderr, `warning: ${warning}`);
  return results.every(({ inCsv }) => inCsv) ? EXIT.done : EXIT.finishedWithFailures;
}
