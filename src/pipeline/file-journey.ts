import { FileFailure } from "../core/failure.ts";
import { addIncident, type Incident } from "../core/incident.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { WaitGivenUp, type WorkSignals } from "../core/waits.ts";
import type { Announced, AnnounceRule, Delivered, OnTransferred } from "../delivery/delivery.ts";
import type { FailureRecord } from "../state/ledger.ts";
import type { TransferredFile } from "../transfer/transfer.ts";
import { endsSoon } from "./fresh-links.ts";
import type { FileTask } from "./open-work-item.ts";
import type { FileReport, PipelineOptions, Stages } from "./pipeline.ts";

/** Clocks differ: a blob written this long before the run began may still be the run's own, ms. */
const CLOCK_SKEW_MS = 15 * 60_000;

/**
 * Takes one file through its slot: transfer, announcement, and the facts about both. Returns when they are committed;
 * the slot is left before that, when the services are done with the file.
 *
 * @param leaveSlot returns whether another file is in a slot
 * @returns undefined when the file only waited and the waits were ended: it is given back as it is
 * @throws what ends the run: ReuploadError, or the signal's reason when it is aborted (the file stays as it is)
 */
export async function fileJourney(
  stages: Stages,
  options: PipelineOptions,
  task: FileTask,
  leaveSlot: () => boolean,
  given: WorkSignals,
): Promise<FileReport | undefined> {
  const { ledger } = stages.state;
  const incidents: Incident[] = [];
  const signals = { ...given, onIncident: (incident: Incident) => addIncident(incidents, incident) };
  const { file, place } = task;
  const workItem = task.item.id;
  const complete = (announced: boolean): void =>
    ledger.record({ kind: "file-completed", workItem, file, place, announced, incidents });
  try {
    if (task.inTarget) {
      const announced = await announceInTarget(stages, options, task, signals);
      complete(announced !== undefined);
      return report(task, announced === undefined ? "already-there" : "announced", announced);
    }
    const { result, announced } = await deliver(stages, options, task, signals);
    if (result.outcome === "skipped") {
      const failure: FailureRecord = { code: "conflict", message: result.reason, attempts: result.attempts };
      ledger.record({ kind: "file-skipped", workItem, file, place, failure, incidents });
      return report(task, "skipped", { attempts: failure.attempts, failure });
    }
    complete(announced !== undefined);
    const { outcome, method, bytes, attempts } = result;
    return report(task, outcome, { method, bytes, attempts });
  } catch (thrown) {
    if (thrown instanceof WaitGivenUp) return undefined;
    const failure = chargedToFile(thrown, signals.signal);
    ledger.record({ kind: "file-failed", workItem, file, place, failure, incidents });
    return report(task, "failed", { attempts: failure.attempts, failure });
  } finally {
    const isAnyInSlot = leaveSlot();
    await ledger.committed(isAnyInSlot ? "soon" : "now");
  }
}

/** Has the file delivered, and records that it is in the target as soon as it is. */
async function deliver(
  stages: Stages,
  options: PipelineOptions,
  task: FileTask,
  signals: WorkSignals,
): Promise<Delivered> {
  const onTransferred = (result: TransferredFile): void =>
    stages.state.ledger.record({
      kind: "file-uploaded",
      workItem: task.item.id,
      file: task.file,
      place: task.place,
      bytes: result.bytes,
      contentMd5: result.contentMd5,
      alreadyThere: result.outcome === "already-there",
      attempts: result.attempts,
      ...task.specialName,
    });
  const announces = chooseAnnounceRule(options);
  return deliverWithFreshLink(stages, task, announces, signals, onTransferred);
}

/** How many links of one file are tried: a catalog that makes its links anew always has another one. */
const MOST_LINKS = 4;

/** Asks for a fresh link when the file's own is about to end, and whenever one is refused. */
async function deliverWithFreshLink(
  { surroundings, delivery }: Stages,
  { file, blobName, item }: FileTask,
  announces: AnnounceRule,
  signals: WorkSignals,
  onTransferred: OnTransferred,
): Promise<Delivered> {
  let current = endsSoon(file, surroundings.wall())
    ? ((await item.freshLinks.beforeUse(file, signals)) ?? file)
    : file;
  for (let tried = 1; ; tried++) {
    try {
      return await delivery.deliver({ file: current, blobName, announces }, signals, onTransferred);
    } catch (thrown) {
      const isRefused = thrown instanceof FileFailure && thrown.code === "source-forbidden";
      if (!isRefused || tried === MOST_LINKS) throw thrown;
      const fresh = await item.freshLinks.afterRefusal(current, signals);
      if (fresh === undefined) throw thrown;
      const { code, requestId } = thrown;
      signals.onIncident?.({
        at: surroundings.wall(),
        kind: "new-link",
        what: "source link",
        code,
        requestId,
      });
      current = fresh;
    }
  }
}

/** Announces a blob that was in the target before; gives undefined when it is not wanted. */
async function announceInTarget(
  { delivery }: Stages,
  { announceExisting }: PipelineOptions,
  { blobName, takenOver }: FileTask,
  signals: WorkSignals,
): Promise<Announced | undefined> {
  if (!delivery.announces || (takenOver && announceExisting === "never")) return undefined;
  return delivery.announce(blobName, signals);
}

/**
 * With `announceExisting: never` a blob that is older than the run is not announced. One that was written since may be ours from
 * before a crash, or from a try whose answer was lost: it is announced, because no announcement may be lost.
 */
function chooseAnnounceRule({ announceExisting, runBegan }: PipelineOptions): AnnounceRule {
  return announceExisting === "always" ? "always" : { unlessThereBefore: runBegan - CLOCK_SKEW_MS };
}

/** The failure that the file is charged with. @throws what is not the file's: the run's end, an abort */
function chargedToFile(thrown: unknown, signal: AbortSignal): FailureRecord {
  if (thrown instanceof FileFailure) {
    const { code, message, attempts, requestId } = thrown;
    return { code, message, attempts, requestId };
  }
  if (signal.aborted || thrown instanceof ReuploadError) throw thrown;
  // A defect of ours that one file brings out must not keep the others from their target.
  return { code: "internal", message: errorMessageText(thrown), attempts: 1 };
}

function report(
  task: FileTask,
  outcome: FileReport["outcome"],
  details: Partial<Pick<FileReport, "method" | "bytes" | "attempts" | "failure">> = {},
): FileReport {
  const { item, file, blobName } = task;
  return { workItem: item.workItem, fileName: file.fileName, blobName, outcome, attempts: 1, ...details };
}
