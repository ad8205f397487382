/** `reupload announce`: announces what is in the target and was not announced; needs the state alone. */
import { resolve, resolveOne } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import type { Emulator } from "../emulator/emulator.ts";
import {
  type AnnouncementReport,
  type AnnouncingOutcome,
  startAnnouncing,
} from "../pipeline/announce-files.ts";
import { type AnnounceReport, announceVerdict, filesToAnnounce } from "../report/announce-report.ts";
import type { AnnouncementCounts, AnnouncementStore } from "../state/announcements.ts";
import { STATES } from "../state/wiring.ts";
import type { StateSummary } from "../state/ledger.ts";
import { checkIdentity, type RunRecord } from "../state/run-record.ts";
import { errorMessage } from "../report/messages.ts";
import { commandLine } from "../terminal/shell.ts";
import { commandFiles } from "./command-files.ts";
import { resumeCommand } from "./run.ts";
import { startEmulator } from "../job/run-job.ts";
import { followRun } from "../job/follow.ts";
import { inSession, type RunFlags, type Session, type StopWords } from "./session.ts";
import { sharedSignal } from "../job/shared-signal.ts";
import type { Services } from "../job/services.ts";
import { toReuploadError } from "./to-error.ts";
import type { Io } from "./io.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

const MOST_SAMPLES = 5;

const WORDS: StopWords = {
  stops: "stopping, no announcement is under way",
  left: "stopped before the first announcement: run the same command again",
};

/** What there is to announce, and where. */
interface Task {
  readonly run: RunRecord;
  readonly summary: StateSummary;
  readonly counts: AnnouncementCounts;
  /** As it was given. */
  readonly stateDb: string;
  readonly settings: RunSettings;
  readonly all: boolean;
}

/** @returns the exit code; errors that end it are told, not thrown */
export async function announce(flags: RunFlags, all: boolean, io: Io): Promise<ExitCode> {
  return inSession(
    flags,
    io,
    async (session) => {
      const task = await describe(session, all);
      const isEmpty = filesToAnnounce(task.counts, all) === 0 && !(all && task.counts.announced > 0);
      if (isEmpty) return tell(session, task, {});
      if (task.settings.dryRun) return rehearse(session, task);
      const emulator = task.settings.emulator ? await startEmulator(session, task.stateDb) : undefined;
      try {
        return await announceAll(session, task, emulator);
      } finally {
        await emulator?.stop();
      }
    },
    {
      words: WORDS,
      files: (given, path) =>
        commandFiles({ stateDb: resolveOne(given, "stateDb"), config: resolveOne(given, "config") }, path),
    },
  );
}

/** @throws ReuploadError */
async function describe(session: Session, all: boolean): Promise<Task> {
  const { given } = session;
  const stateDb = resolveOne(given, "stateDb");
  const path = session.path(stateDb);
  const reader = await STATES.read(path);
  const { run, summary } = await reader.read();
  const counts = await reader.announcements();
  reader.close();
  const settings = resolve(given, run.settings);
  const queue = chooseQueue(run, counts, settings, given.has("queue"));
  return { run, summary, counts, stateDb, settings: { ...settings, announce: true, queue }, all };
}

/**
 * The run's queue. A run that was started with --no-queue has none: the first announcement chooses it, and the state
 * keeps the choice, so that all of its files are announced in one place.
 */
function chooseQueue(
  { identity, settings: kept }: RunRecord,
  { announced }: AnnouncementCounts,
  settings: RunSettings,
  isGiven: boolean,
): string {
  const hasOwn = identity.queue !== "none";
  const before = hasOwn ? identity.queue : announced > 0 ? kept["queue"] : undefined;
  if (typeof before !== "string") return settings.queue;
  if (isGiven && settings.queue !== before) {
    throw new ReuploadError(
      "identity-mismatch",
      `the files of this state are announced in the queue ${before}, given is ${settings.queue}`,
      { advice: `Leave --queue out, or give --queue ${before}.` },
    );
  }
  return before;
}

/** Looks at the queue and at the right to send; sends nothing. */
async function rehearse(session: Session, task: Task): Promise<ExitCode> {
  // The emulator is started for a run alone, and takes everything.
  if (!task.settings.emulator) {
    const { probeSend } = await import("../job/services.ts");
    const target = await openTarget(session, task, undefined).catch((thrown: unknown) => {
      const isMissing = thrown instanceof ReuploadError && thrown.code === "target-missing";
      if (!isMissing || !task.settings.createMissing) throw thrown;
    });
    if (target === undefined) return tell(session, task, { wouldCreateQueue: true });
    const right = await probeSend(target, target.queue);
    if (!right.isGiven) {
      throw new ReuploadError(
        "permission",
        `This sign-in may not send to the queue ${target.queue}: ${right.why}`,
      );
    }
  }
  return tell(session, task, {});
}

/** The services, once it is certain that they are the run's and that the queue is there. @throws ReuploadError */
async function openTarget(session: Session, { run, settings }: Task, emulator: Emulator | undefined) {
  const stages = await import("../job/services.ts");
  const env =
    emulator === undefined ? session.io.env : { AZURE_STORAGE_CONNECTION_STRING: emulator.connectionString };
  const services = new stages.Services(await stages.openAccount(settings, env, session), settings);
  const { target } = stages.runIdentity(services.account, settings, run.identity.catalog);
  checkIdentity(run, { identity: { ...run.identity, target }, settings: {} });
  const check = {
    client: services.client,
    container: undefined,
    queue: settings.queue,
    createMissing: !settings.dryRun && (settings.createMissing || settings.emulator),
    attempts: services.attempts,
    gates: services,
    signal: session.signal,
  };
  const created = await stages.ensureTarget(check);
  for (const what of created) session.notice("info", `created the ${what}`);
  return { ...check, services };
}

async function announceAll(session: Session, task: Task, emulator: Emulator | undefined): Promise<ExitCode> {
  const { services } = await openTarget(session, task, emulator);
  const { all, settings, stateDb } = task;
  const path = session.path(stateDb);
  const store = await STATES.openAnnouncements({ location: path, all, queue: settings.queue });
  try {
    return await withStore(session, task, services, store);
  } finally {
    await store.close();
  }
}

async function withStore(
  session: Session,
  task: Task,
  services: Services,
  store: AnnouncementStore,
): Promise<ExitCode> {
  const { buildAnnouncer } = await import("../job/services.ts");
  const { settings, all } = task;
  const { reporter, stop } = session;
  const { counts } = store;
  const announcer = buildAnnouncer(services, settings);
  if (announcer === undefined) throw new TypeError("there is a queue, so there is an announcer");
  const total = filesToAnnounce(counts, all);
  const { target } = task.run.identity;
  session.notice("info", `${total} files of ${target} to announce in ${settings.queue}`);
  const tally = { sent: 0, failed: 0, samples: [] as AnnounceReport["samples"][number][] };
  const follow = followRun({
    state: {
      ledger: { tally: () => announcingSummary(task.summary, total, tally) },
      presence: { beat: () => {} },
    },
    services,
    reporter,
  });
  const running = startAnnouncing(
    { surroundings: REAL_SURROUNDINGS, store, announcer },
    {
      slots:
        settings.concurrency === "auto"
          ? settings.workitemWorkers * settings.fileWorkers
          : settings.concurrency,
      template: parseNameTemplate(store.run.identity.nameTemplate),
      drain: stop.drain,
      abort: sharedSignal(stop.abort),
      onFile(report) {
        countIn(tally, report);
        reporter.tell(fileMessage(report));
      },
    },
  );
  session.finishes(() =>
    running.live.slotsInUse === 0
      ? WORDS.stops
      : "announcements under way are finished, no new ones are begun; once more stops at once",
  );
  follow.watch(announcingLive(running.live));
  const outcome = await running.outcome;
  const { elapsedMs, live } = await follow.end();
  const { retries, throttles } = live;
  return tell(session, { ...task, counts }, { ...tally, elapsedMs, retries, throttles, outcome });
}

/** As the progress model needs it: the files are those to be announced, the work items stay as they are. */
function announcingSummary(
  summary: StateSummary,
  total: number,
  { sent, failed }: { readonly sent: number; readonly failed: number },
): StateSummary {
  const files = { ...summary.files, total, copied: sent, alreadyThere: 0, failed, skipped: 0, expected: 0 };
  return { ...summary, notLookedUp: 0, notSurveyed: 0, bytes: 0, files };
}

function announcingLive(live: { readonly slots: number; readonly slotsInUse: number }) {
  return {
    slots: live.slots,
    get slotsInUse() {
      return live.slotsInUse;
    },
    openWorkItems: 0,
    linksRenewed: 0,
  };
}

function countIn(
  tally: { sent: number; failed: number; samples: AnnounceReport["samples"][number][] },
  { file, failure }: AnnouncementReport,
): void {
  if (failure === undefined) {
    tally.sent++;
    return;
  }
  tally.failed++;
  if (tally.samples.length === MOST_SAMPLES) return;
  const { jobId, workItemId, fileName } = file;
  const { message, requestId } = failure;
  tally.samples.push({ jobId, workItemId, fileName, message, requestId });
}

function fileMessage({ file, blobName, attempts, failure }: AnnouncementReport) {
  return {
    type: "file",
    outcome: failure === undefined ? "announced" : "failed",
    jobId: file.jobId,
    workItemId: file.workItemId,
    fileName: file.fileName,
    blobName,
    bytes: undefined,
    method: undefined,
    attempts,
    failure: failure && { code: failure.code, message: failure.message, requestId: failure.requestId },
  } as const;
}

type Done = Partial<
  Pick<
    AnnounceReport,
    "wouldCreateQueue" | "sent" | "failed" | "samples" | "elapsedMs" | "retries" | "throttles"
  >
> & { readonly outcome?: AnnouncingOutcome };

/** Tells what ended it early and the summary; gives the exit code. */
function tell({ reporter, stop }: Session, task: Task, { outcome, ...done }: Done): ExitCode {
  const { settings, all, counts, stateDb } = task;
  const error = outcome?.kind === "failed" ? toReuploadError(outcome.error) : undefined;
  if (error !== undefined) reporter.tell(errorMessage(error, settings.verbose));
  const {
    wouldCreateQueue = false,
    sent = 0,
    failed = 0,
    samples = [],
    elapsedMs = 0,
    retries = 0,
    throttles = 0,
  } = done;
  const isStopped = outcome?.kind === "stopped";
  const report: AnnounceReport = {
    isDryRun: settings.dryRun,
    all,
    queue: settings.queue,
    wouldCreateQueue,
    counts,
    sent,
    failed,
    samples,
    stoppedBy: error?.code ?? (isStopped ? (stop.stoppedBy()?.why ?? "request") : undefined),
    elapsedMs,
    retries,
    throttles,
    nextCommand: filesToAnnounce(counts, all) > sent ? announceCommand(task) : undefined,
    resumeCommand: resumeCommand(stateDb),
  };
  reporter.tell({ type: "announce-summary", report });
  if (error !== undefined) return error.exitCode;
  if (isStopped) return stop.stoppedBy()?.exitCode ?? EXIT.unavailable;
  return announceVerdict(report) === "with-failures" ? EXIT.finishedWithFailures : EXIT.done;
}

/** The command that sends what is left; a queue that was chosen is kept in the state. */
function announceCommand({ run, settings, stateDb, all }: Task): string {
  const words = ["reupload", "announce"];
  if (stateDb !== "reupload_state.db") words.push("--state-db", stateDb);
  if (all) words.push("--all");
  if (run.identity.queue === "none") words.push("--queue", settings.queue);
  return commandLine(words);
}
