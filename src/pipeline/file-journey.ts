import { FileFailure } from "../core/failure.ts";
import { messageOf, ReuploadError } from "../core/errors.ts";
import type { FailureRecord } from "../state/state-store.ts";
import type { TransferredFile, TransferResult } from "../transfer/transfer.ts";
import { endsSoon } from "./fresh-links.ts";
import type { FileTask } from "./open-work-item.ts";
import type { FileReport, PipelineOptions, Stages } from "./pipeline.ts";

/** Clocks differ: a blob written this long before the run began may still be the run's own, ms. */
const CLOCK_SKEW_MS = 15 * 60_000;

/**
 * Takes one file through its slot: transfer, announcement, and the facts about both. Returns when they are committed;
 * the slot is left before that, when the services are done with the file.
 *
 * @throws what ends the run: ReuploadError, or the signal's reason when it is aborted (the file stays as it is)
 */
export async function fileJourney(
  stages: Stages,
  options: PipelineOptions,
  task: FileTask,
  leaveSlot: () => void,
  signal: AbortSignal,
): Promise<FileReport> {
  const { store } = stages;
  try {
    const result = task.inTarget ? undefined : await transferTask(stages, task, signal);
    if (result?.outcome === "skipped") {
      const failure: FailureRecord = { code: "conflict", message: result.reason, attempts: result.attempts };
      store.record({ kind: "file-skipped", workItem: task.item.id, file: task.file, failure });
      return report(task, "skipped", { failure });
    }
    const announced = await announceTask(stages, options, task, result, signal);
    store.record({ kind: "file-completed", workItem: task.item.id, file: task.file, announced });
    if (result === undefined) return report(task, announced ? "announced" : "already-there");
    return report(task, result.outcome, { method: result.method, bytes: result.bytes });
  } catch (thrown) {
    const failure = chargedToFile(thrown, signal);
    store.record({ kind: "file-failed", workItem: task.item.id, file: task.file, failure });
    return report(task, "failed", { failure });
  } finally {
    leaveSlot();
    await store.committed();
  }
}

/** Puts the file into the target and records that. */
async function transferTask(stages: Stages, task: FileTask, signal: AbortSignal): Promise<TransferResult> {
  const result = await transferWithFreshLink(stages, task, signal);
  if (result.outcome !== "skipped") {
    stages.store.record({
      kind: "file-uploaded",
      workItem: task.item.id,
      file: task.file,
      bytes: result.bytes,
      alreadyThere: result.outcome === "already-there",
      attempts: result.attempts,
      ...task.specialName,
    });
  }
  return result;
}

/** Asks for a fresh link when the file's own is about to end, and once when a link is refused. */
async function transferWithFreshLink(
  { transfer }: Stages,
  { file, blobName, item }: FileTask,
  signal: AbortSignal,
): Promise<TransferResult> {
  const first = endsSoon(file) ? ((await item.freshLinks.newer(file, signal)) ?? file) : file;
  try {
    return await transfer.transfer(first, blobName, { signal });
  } catch (thrown) {
    if (!(thrown instanceof FileFailure) || thrown.code !== "source-forbidden") throw thrown;
    const fresh = await item.freshLinks.newer(first, signal);
    if (fresh === undefined) throw thrown;
    return transfer.transfer(fresh, blobName, { signal });
  }
}

/** Announces the blob unless it is not wanted. Gives whether it was announced. */
async function announceTask(
  stages: Stages,
  options: PipelineOptions,
  task: FileTask,
  result: TransferredFile | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (stages.announcer === undefined) return false;
  if (options.announceExisting === "never" && wasThereBeforeRun(stages, task, result)) return false;
  await stages.announcer.announce(task.blobName, { signal });
  return true;
}

/**
 * Whether the blob is older than the run. One that was written since may be ours from before a crash, or from a try
 * whose answer was lost: it is announced, because no announcement may be lost.
 */
function wasThereBeforeRun(stages: Stages, task: FileTask, result: TransferredFile | undefined): boolean {
  if (task.takenOver) return true;
  if (result?.existingSince === undefined) return false;
  return result.existingSince < stages.store.run.createdAt - CLOCK_SKEW_MS;
}

/** The failure that the file is charged with. @throws what is not the file's: the run's end, an abort */
function chargedToFile(thrown: unknown, signal: AbortSignal): FailureRecord {
  if (thrown instanceof FileFailure) {
    const { code, message, attempts, requestId } = thrown;
    return { code, message, attempts, requestId };
  }
  if (signal.aborted || thrown instanceof ReuploadError) throw thrown;
  // A defect of ours that one file brings out must not keep the others from their target.
  return { code: "internal", message: messageOf(thrown), attempts: 1 };
}

function report(
  task: FileTask,
  outcome: FileReport["outcome"],
  details: Pick<FileReport, "method" | "bytes" | "failure"> = {},
): FileReport {
  const { item, file, blobName } = task;
  return { workItem: item.workItem, fileName: file.fileName, blobName, outcome, ...details };
}
