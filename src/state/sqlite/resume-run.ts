import type { DatabaseSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import { WORK_ITEM_STATUSES } from "../../core/states.ts";
import type { Counters } from "../ledger/counters.ts";
import type { RunDescription, RunRecord } from "../run-record.ts";
import type { InputReader, OpenOptions } from "../state-kind.ts";
import { fromStatusColumn } from "./columns.ts";
import { CsvComparison, type CsvDifference } from "./csv-comparison.ts";
import { inTransaction } from "./database.ts";
import { checkCount } from "./load-run.ts";
import { rowPlace } from "./row-place.ts";
import { allRows, firstRow, prepareStatements, type Statements } from "./statements.ts";
import { readCounters, writeCounters } from "./writing.ts";

/**
 * Resumes a run whose identity was checked: compares the CSV (undefined: not at hand, the rows are taken as they
 * stand), adds its new rows with `--update-csv`, and brings back to pending what is to be tried again and what no living
 * start holds. All of it in one transaction, so that a refusal changes nothing.
 *
 * @param options.living numbers of the starts that still go on
 */
export async function resumeRun(
  db: DatabaseSync,
  run: RunRecord,
  input: InputReader | undefined,
  options: Pick<OpenOptions, "updateCsv" | "retryFailed"> &
    Pick<RunDescription, "settings"> & { readonly living: readonly number[] },
  signal: AbortSignal,
): Promise<RunRecord> {
  const statements = prepareStatements(db);
  return inTransaction(db, async () => {
    const compared = input ? await compareCsv(statements, run, input, options.updateCsv, signal) : run;
    const resumed = { ...compared, settings: options.settings };
    statements.countStart.run(
      JSON.stringify(resumed.identity),
      JSON.stringify(resumed.settings),
      JSON.stringify(resumed.input),
    );
    requeue(statements, options, run.identity.partition === "auto");
    return resumed;
  });
}

/** The run with the CSV's digest and counts, which are new ones when rows were added. */
async function compareCsv(
  statements: Statements,
  run: RunRecord,
  input: InputReader,
  updateCsv: boolean,
  signal: AbortSignal,
): Promise<RunRecord> {
  const comparison = new CsvComparison(statements, rowPlace(run.identity));
  let taken = 0;
  const { csvDigest, counts } = await input.read((workItems) => {
    signal.throwIfAborted();
    const fresh = comparison.take(workItems);
    taken += fresh;
    return fresh;
  });
  signal.throwIfAborted();
  checkCount(counts.ours, taken);
  const difference = comparison.difference();
  const ofOurs = difference.added + difference.gone + difference.renamed;
  if (csvDigest === run.identity.csvDigest && ofOurs === 0) return run;
  const onlyAdded = difference.gone + difference.renamed === 0;
  if (!updateCsv || !onlyAdded) throw csvMismatch(difference, { onlyAdded, updateCsv });
  const { csvDigest: before } = run.identity;
  const former = (run.input.formerCsvs ?? []).filter((digest) => digest !== csvDigest && digest !== before);
  const formerCsvs = csvDigest === before ? former : [...former, before];
  return { ...run, identity: { ...run.identity, csvDigest }, input: { ...counts, formerCsvs } };
}

function csvMismatch(
  difference: CsvDifference,
  { onlyAdded, updateCsv }: { onlyAdded: boolean; updateCsv: boolean },
): ReuploadError {
  const { added, gone, renamed } = difference;
  const parts = [
    added > 0 ? `${added} added (${listed(difference.addedSamples, added)})` : "",
    gone > 0 ? `${gone} gone (${listed(difference.goneSamples, gone)})` : "",
    renamed > 0 ? `${renamed} with another name (${listed(difference.renamedSamples, renamed)})` : "",
  ].filter((part) => part !== "");
  const how =
    parts.length > 0
      ? `work items in this partition: ${parts.join(", ")}`
      : "only rows of other partitions differ";
  const message = `the CSV is not the one that the run was started with; ${how}`;
  if (onlyAdded) {
    return new ReuploadError("identity-mismatch", message, {
      advice:
        "Give --update-csv to add the new rows to this run, or resume with the CSV that it was started with.",
    });
  }
  return new ReuploadError(
    "identity-mismatch",
    updateCsv ? `${message}; --update-csv only adds rows` : message,
    {
      advice:
        "Resume with the CSV that the run was started with, or start a new run with another --state-db.",
    },
  );
}

function listed(samples: readonly string[], count: number): string {
  return samples.join(", ") + (count > samples.length ? ", ..." : "");
}

/**
 * Back to pending: what no living start holds, what was empty, and the failures and skipped files to try again.
 *
 * @param isAuto no partition is here yet
 */
function requeue(
  statements: Statements,
  { retryFailed, living }: Pick<OpenOptions, "retryFailed"> & { readonly living: readonly number[] },
  isAuto: boolean,
): void {
  const counters = readCounters(statements);
  // What has changed is told of each start; what is not listed any more stays so until it is listed again.
  counters.drift_work_items = 0;
  counters.drift_files_added = 0;
  counters.drift_files_vanished = firstRow<{ files: number }>(statements.countVanished)?.files ?? 0;
  statements.requeueInterrupted.run(JSON.stringify(living));
  if (retryFailed !== "none") {
    statements.requeueEmpty.run();
    const codes = retryFailed === "all" ? null : JSON.stringify(retryFailed);
    statements.requeueFailed.run(codes);
    const retried = firstRow<{ files: number; in_target: number }>(statements.countFilesToRetry, codes);
    statements.retryFiles.run(codes);
    counters.files_failed -= retried?.files ?? 0;
    // What is in the target stays there; only its announcement is owed.
    counters.files_uploaded += retried?.in_target ?? 0;
    if (codes !== null) {
      statements.requeueSkipped.run(codes);
      counters.files_skipped -= Number(statements.retrySkipped.run(codes).changes);
    }
  }
  if (isAuto) statements.leaveQueue.run();
  else statements.returnToQueue.run();
  statements.forgetFailures.run();
  statements.clearFailureCounts.run();
  statements.recountFileFailures.run();
  statements.recountWorkItemFailures.run();
  recountWorkItems(statements, counters);
  writeCounters(statements, counters);
}

function recountWorkItems(statements: Statements, counters: Counters): void {
  for (const status of WORK_ITEM_STATUSES) counters[`work_items_${status}`] = 0;
  counters.work_items_not_looked_up = 0;
  counters.work_items_not_surveyed = 0;
  counters.files_expected = 0;
  type Row = { status: number; looked_up: number; work_items: number; surveyed: number; expected: number };
  for (const row of allRows<Row>(statements.countWorkItems)) {
    const status = fromStatusColumn(row.status);
    counters[`work_items_${status}`] += row.work_items;
    if (row.looked_up === 0 && (status === "pending" || status === "in_progress")) {
      counters.work_items_not_looked_up += row.work_items;
      counters.work_items_not_surveyed += row.work_items - row.surveyed;
      counters.files_expected += row.expected;
    }
  }
}
