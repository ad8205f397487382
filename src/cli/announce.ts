/** `reupload announce`: announces what is in the target and was not announced. */
import { resolve, resolveOne } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { queueOfPartition } from "../core/queues.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { announce as announceFiles, type AnnounceRequest } from "../job/announce.ts";
import { stateAndConfigFiles } from "../job/command-files.ts";
import type { AnnouncementCounts } from "../state/announcements.ts";
import type { RunRecord } from "../state/run-record.ts";
import { STATES } from "../state/wiring.ts";
import type { Io } from "../terminal/io.ts";
import { commandLine } from "../terminal/shell.ts";
import { resumeCommand } from "./run.ts";
import { inSession, type RunFlags, type Session, type StopWords } from "./session.ts";

const WORDS: StopWords = {
  stops: "stopping, no announcement is under way",
  finishes: "announcements under way are finished, no new ones are begun",
  left: "stopped before the first announcement: run the same command again",
};

/** @returns the exit code; errors that end it are told, not thrown */
export async function announce(flags: RunFlags, all: boolean, io: Io): Promise<ExitCode> {
  const work = async (session: Session) => announceFiles(session, await describe(session, all));
  return inSession(flags, io, work, { words: WORDS, files: stateAndConfigFiles });
}

/** @throws ReuploadError */
async function describe(session: Session, all: boolean): Promise<AnnounceRequest> {
  const { given } = session;
  const stateDb = resolveOne(given, "stateDb");
  const reader = await STATES.read(session.path(stateDb));
  const { run, summary } = await reader.read();
  const counts = await reader.announcements();
  reader.close();
  const found = resolve(given, run.settings);
  const queue = chooseQueue(run, counts, found, given.has("queue"));
  const settings = { ...found, announce: true, queue };
  return {
    run,
    summary,
    counts,
    stateDb,
    settings,
    all,
    announceCommand: announceCommand(run, queue, stateDb, all),
    resumeCommand: resumeCommand(stateDb),
  };
}

/**
 * The run's queue. A run that was started with --no-queue has none: the first announcement chooses it, and the state
 * keeps the choice, so that all of its files are announced in one place. Of several queues it is that of the partition.
 */
function chooseQueue(
  { identity, settings: kept }: RunRecord,
  { announced }: AnnouncementCounts,
  settings: RunSettings,
  isGiven: boolean,
): string {
  const hasOwn = identity.queue !== "none";
  const before = hasOwn ? identity.queue : announced > 0 ? kept["queue"] : undefined;
  const own = (queues: string) => queueOfPartition(queues, Number(identity.partition) || 0);
  if (typeof before !== "string") return own(settings.queue);
  if (isGiven && settings.queue !== before && settings.queue !== own(before)) {
    throw new ReuploadError(
      "identity-mismatch",
      `the files of this state are announced in the queue ${own(before)}, given is ${settings.queue}`,
      { advice: `Leave --queue out, or give --queue ${own(before)}.` },
    );
  }
  return own(before);
}

/** The command that sends what is left; a queue that was chosen is kept in the state. */
function announceCommand({ identity }: RunRecord, queue: string, stateDb: string, all: boolean): string {
  const words = ["reupload", "announce"];
  if (stateDb !== "reupload_state.db") words.push("--state-db", stateDb);
  if (all) words.push("--all");
  if (identity.queue === "none") words.push("--queue", queue);
  return commandLine(words);
}
