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
import { type AnnounceReport, announceVerdict, filesToAnnounce } from "../progress/announce-report.ts";
import type { AnnouncementCounts, AnnouncementStore } from "../state/announcements.ts";
import { countAnnouncements, openAnnouncements } from "../state/sqlite/announcements.ts";
import { readState } from "../state/sqlite/read-state.ts";
import { checkIdentity } from "../state/sqlite/resume-run.ts";
import type { RunRecord, StateSummary } from "../state/state-store.ts";
import { errorMessage } from "../terminal/messages.ts";
import { commandLine } from "../terminal/shell.ts";
import { resumeCommand } from "./run.ts";
import { startEmulator } from "./run-job.ts";
import { followRun } from "./run-progress.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";
import { sharedSignal } from "./shared-signal.ts";
import type { Services } from "./stages.ts";
import { toReuploadError } from "./to-error.ts";
import type { Io } from "./io.ts";

const MOST_SAMPLES = 5;

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
  return inSession(flags, io, async (session) => {
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
  });
}

/** @throws ReuploadError */
async function describe(session: Session, all: boolean): Promise<Task> {
  const { given } = session;
  const stateDb = resolveOne(given, "stateDb");
  const path = session.path(stateDb);
  const { run, summary } = (await readState(path)).read();
  const counts = await countAnnouncements(path);
  const settings = resolve(given, run.settings);
  const queue = queueOf(run, counts, settings, given.has("queue"));
  return { run, summary, counts, stateDb, settings: { ...settings, announce: true, queue }, all };
}

/**
 * The run's queue. A run that was started with --no-queue has none: the first announcement chooses it, and the state
 * keeps the choice, so that all of its files are announced in one place.
 */
function queueOf(
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
    const { probeSend } = await import("./stages.ts");
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
  const stages = await import("./stages.ts");
  const env =
    emulator === undefined ? session.io.env : { AZURE_STORAGE_CONNECTION_STRING: emulator.connectionString };
  const services = new stages.Services(await stages.accountOf(settings, env, session), settings);
  const { target } = stages.identityOf(services.account, settings, run.identity.catalog);
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
  const store = await openAnnouncements({ path, all, queue: settings.queue });
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
  const { announcerOf } = await import("./stages.ts");
  const { settings, all } = task;
  const { reporter, stop } = session;
  const { counts } = store;
  const announcer = announcerOf(services, settings);
  if (announcer === undefined) throw new TypeError("there is a queue, so there is an announcer");
  const total = filesToAnnounce(counts, all);
  const { target } = task.run.identity;
  session.notice("info", `${total} files of ${target} to announce in ${settings.queue}`);
  const tally = { sent: 0, failed: 0, samples: [] as AnnounceReport["samples"][number][] };
  const follow = followRun({
    store: { summary: () => summaryOf(task.summary, total, tally), beat: () => {} },
    services,
    reporter,
  });
  const running = startAnnouncing(
    { store, announcer },
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
  follow.watch(liveOf(running.live));
  const outcome = await running.outcome;
  const { elapsedMs, live } = await follow.end();
  const { retries, throttles } = live;
  return tell(session, { ...task, counts }, { ...tally, elapsedMs, retries, throttles, outcome });
}

/** As the progress model needs it: the files are those to be announced, the work items stay as they are. */
function summaryOf(
  summary: StateSummary,
  total: number,
  { sent, failed }: { readonly sent: number; readonly failed: number },
): StateSummary {
  const files = { ...summary.files, total, copied: sent, alreadyThere: 0, failed, skipped: 0, expected: 0 };
  return { ...summary, notLookedUp: 0, notSurveyed: 0, bytes: 0, files };
}

function liveOf(live: { readonly slots: number; readonly slotsInUse: number }) {
  return {
    slots: live.slots,
    get slotsInUse() {
      return live.slotsInUse;
    },
    openWorkItems: 0,
    linksRenewed: 0,
    miscounted: { workItems: 0, counted: 0, listed: 0 },
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

function fileMessage({ file, blobName, failure }: AnnouncementReport) {
  return {
    type: "file",
    outcome: failure === undefined ? "announced" : "failed",
    jobId: file.jobId,
    workItemId: file.workItemId,
    fileName: file.fileName,
    blobName,
    bytes: undefined,
    method: undefined,
    attempts: failure?.attempts ?? 1,
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
