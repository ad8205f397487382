/** `reupload partitions CSV N`: how a CSV divides among machines. */
import { createInterface } from "node:readline";
import { isAbsolute, join } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { partitionOf } from "../core/partition.ts";
import { type Distribution, distributionOf } from "../input/distribution.ts";
import type { InputSource } from "../input/input.ts";
import { count, percent, quantity } from "../terminal/format.ts";
import { SCHEMA_VERSION } from "../terminal/messages.ts";
import { type Io, writeLines } from "./io.ts";
import { outputOf, wholeNumberOf } from "./options.ts";

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
  const total = wholeNumberOf(given.n, "number of partitions", 1, 100_000);
  const isJson = outputOf(given.output) === "json";
  if (given.csv === "-" && given.search?.includes("-") === true) {
    throw new ReuploadError("usage", "Both the CSV and the ids to search for are to come from stdin.", {
      advice: "Give one of them as a file, or each id with its own --search.",
    });
  }
  const source = inputSource(given.csv, io);
  if (given.search !== undefined) return search(given.search, source, total, isJson, io);
  const { signal } = new AbortController();
  const distribution = await distributionOf(source, total, {
    signal,
    ...(given.list === true
      ? {
          onWorkItems: async (items) =>
            writeLines(
              io,
              items.map(({ workItem, partition }) =>
                isJson
                  ? JSON.stringify({ jobId: workItem.jobId, workItemId: workItem.workItemId, partition })
                  : `${csvField(workItem.workItemId)},${partition}`,
              ),
            ),
        }
      : {}),
  });
  if (given.list !== true) {
    await writeLines(
      io,
      isJson ? [JSON.stringify(distributionJson(distribution))] : distributionText(distribution),
    );
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

function distributionJson({ partitions: shares, total, rows, duplicates, rejected }: Distribution) {
  return { schemaVersion: SCHEMA_VERSION, partitions: shares, total, rows, duplicates, rejected };
}

/** What is not in the counts goes to stderr: the counts' text stays what operators know. */
export function tellRejected(distribution: Distribution, io: Io): void {
  const { duplicates, rejected, firstRejected, warnings } = distribution;
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
  if (duplicates > 0) io.stderr.write(`${quantity(duplicates, "repeated row")} counted once\n`);
  if (rejected === 0) return;
  io.stderr.write(`${quantity(rejected, "row")} rejected:\n`);
  for (const row of firstRejected) io.stderr.write(`  line ${row.line}: ${row.reason}\n`);
  if (rejected > firstRejected.length) io.stderr.write("  ...\n");
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
  const { warnings } = await distributionOf(source, total, {
    signal: new AbortController().signal,
    onWorkItems: async (items) => {
      for (const { workItem } of items) if (ids.has(workItem.workItemId)) ids.set(workItem.workItemId, true);
    },
  });
  const results = [...ids].map(([workItemId, inCsv]) => ({
    workItemId,
    partition: partitionOf(workItemId, total),
    inCsv,
  }));
  const lines = isJson
    ? [JSON.stringify({ schemaVersion: SCHEMA_VERSION, results })]
    : results.map(
        ({ workItemId, partition, inCsv }) =>
          `${workItemId}: partition ${partition}${inCsv ? "" : " (not in the CSV)"}`,
      );
  await writeLines(io, lines);
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
  return results.every(({ inCsv }) => inCsv) ? EXIT.done : EXIT.finishedWithFailures;
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
