/** What there is to announce, from the state and the options that are given. */
import { type Given, resolve, resolveOne } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { queueOfPartition } from "../core/queues.ts";
import type { AnnouncementCounts } from "../state/announcements.ts";
import type { StateSummary } from "../state/ledger.ts";
import { announcementQueue, type RunRecord } from "../state/run-record.ts";
import type { Writer } from "../state/state-reader.ts";
import { STATES } from "../state/wiring.ts";
import type { JobContext } from "./context.ts";

/** What the operator asks for. */
export interface AnnounceOrder {
  readonly given: Given;
  /** What was announced is announced again. */
  readonly all: boolean;
  /**
   * Words the command that sends what is left.
   *
   * @param queue undefined when the run has its own queue
   */
  readonly announceCommand: (stateDb: string, queue: string | undefined) => string;
  /** Words the command that continues the run. */
  readonly resumeCommand: (stateDb: string) => string;
}

/** What there is to announce, and where. */
export interface AnnounceRequest {
  readonly run: RunRecord;
  readonly summary: StateSummary;
  readonly counts: AnnouncementCounts;
  /** As it was given. */
  readonly stateDb: string;
  readonly settings: RunSettings;
  /** What was announced is announced again. */
  readonly all: boolean;
  /** The command that sends what is left. */
  readonly announceCommand: string;
  /** The command that continues the run. */
  readonly resumeCommand: string;
}

/**
 * Reads the state; makes and changes nothing.
 *
 * @throws ReuploadError `state-locked`, `identity-mismatch`, those of `StateKind.read`
 */
export async function describeAnnouncements(
  { path }: JobContext,
  { given, all, announceCommand, resumeCommand }: AnnounceOrder,
): Promise<AnnounceRequest> {
  const stateDb = resolveOne(given, "stateDb");
  const reader = await STATES.read(path(stateDb));
  const { run, summary, writer } = await reader.read();
  const counts = await reader.announcements();
  reader.close();
  const found = resolve(given, run.settings);
  if (!found.dryRun) refuseWriter(stateDb, writer);
  const queue = chooseQueue(run, counts, found, given.has("queue"));
  return {
    run,
    summary,
    counts,
    stateDb,
    settings: { ...found, announce: true, queue },
    all,
    // A run without a queue of its own: the command must name the one that was chosen.
    announceCommand: announceCommand(stateDb, run.identity.queue === "none" ? queue : undefined),
    resumeCommand: resumeCommand(stateDb),
  };
}

/** A run at work announces its files itself, those in flight too: the counts are not the last ones. */
function refuseWriter(stateDb: string, writer: Writer): void {
  if (writer.kind !== "running") return;
  const { pid, host, since } = writer;
  const who = `process ${pid} on ${host} since ${new Date(since).toISOString()}`;
  throw new ReuploadError("state-locked", `the state ${stateDb} is in use by ${who}`, {
    advice: "Wait for that process: a run announces its files itself. --dry-run counts without waiting.",
  });
}

/**
 * The run's queue. A run that was started with --no-queue has none: the first announcement chooses it, and the state
 * keeps the choice, so that all of its files are announced in one place. Of several queues it is that of the partition.
 */
function chooseQueue(
  run: RunRecord,
  { announced }: AnnouncementCounts,
  settings: RunSettings,
  isGiven: boolean,
): string {
  const before = announcementQueue(run, announced);
  const own = (queues: string) => queueOfPartition(queues, Number(run.identity.partition) || 0);
  if (before === undefined) return own(settings.queue);
  if (isGiven && settings.queue !== before && settings.queue !== own(before)) {
    throw new ReuploadError(
      "identity-mismatch",
      `the files of this state are announced in the queue ${own(before)}, but --queue names ${settings.queue}`,
      { advice: `Omit --queue, or give --queue ${own(before)}.` },
    );
  }
  return own(before);
}
