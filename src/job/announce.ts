/** Announces what is in the target and was not announced; needs the state alone. */
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
import { errorMessage } from "../report/messages.ts";
import type { AnnouncementStore } from "../state/announcements.ts";
import type { StateSummary } from "../state/ledger.ts";
import { checkIdentity } from "../state/run-record.ts";
import { STATES } from "../state/wiring.ts";
import { AnnounceHold } from "./announce-hold.ts";
import { type AnnounceOrder, type AnnounceRequest, describeAnnouncements } from "./announce-request.ts";
import type { JobContext } from "./context.ts";
import { tellLateStop } from "./ending.ts";
import { followRun } from "./follow.ts";
import { endAfter } from "./max-duration.ts";
import type { Services } from "./services.ts";
import { openTarget, prepareTarget, startRunEmulator, targetCheck } from "./start.ts";

const MOST_SAMPLES = 5;

/** @returns the exit code. @throws what ends it before the first announcement: ReuploadError, StopRequest */
export async function announce(context: JobContext, order: AnnounceOrder): Promise<ExitCode> {
  const request = await describeAnnouncements(context, order);
  const { counts, all, settings, stateDb } = request;
  const isEmpty = filesToAnnounce(counts, all) === 0 && !(all && counts.announced > 0);
  if (isEmpty) return tell(context, request, {});
  if (settings.dryRun) return tryOut(context, request);
  const endWatch = endAfter(context.surroundings, context.control, settings.maxDuration);
  const emulator = settings.emulator ? await startRunEmulator(context, stateDb) : undefined;
  try {
    const services = await openQueue(context, request, emulator);
    if (services === undefined) throw new TypeError("a queue that may be created is not missing");
    const location = context.path(stateDb);
    const store = await STATES.openAnnouncements({ location, all, queue: settings.queue });
    let hold: AnnounceHold | undefined;
    try {
      hold = await AnnounceHold.take(context, { run: request.run, settings, services, store });
      return await announceAll(context, request, { services, store, hold });
    } finally {
      await hold?.end();
      await store.close();
    }
  } finally {
    endWatch();
    context.control.end();
    await emulator?.stop();
  }
}

/** Looks at the queue and at the right to send; sends nothing. */
async function tryOut(context: JobContext, request: AnnounceRequest): Promise<ExitCode> {
  const { settings } = request;
  // The emulator is started for a run alone, and takes everything.
  if (!settings.emulator) {
    const { probeSend } = await import("./services.ts");
    const services = await openQueue(context, request, undefined);
    if (services === undefined) return tell(context, request, { wouldCreateQueue: true });
    const place = { container: undefined, queue: settings.queue };
    const right = await probeSend(targetCheck(context, services, place), settings.queue);
    if (!right.isGiven) {
      throw new ReuploadError(
        "permission",
        `This sign-in may not send to the queue ${settings.queue}: ${right.why}`,
      );
    }
  }
  return tell(context, request, {});
}

/** The services, once it is certain that they are the run's. @returns undefined when the queue is missing */
async function openQueue(
  context: JobContext,
  { run, settings }: AnnounceRequest,
  emulator: Emulator | undefined,
): Promise<Services | undefined> {
  const { catalog } = run.identity;
  const { services, identity } = await openTarget(context, { settings, catalog, found: undefined, emulator });
  // Another queue than the run's may be asked for, where the run had none.
  checkIdentity(run, { identity: { ...run.identity, target: identity.target }, settings: {} });
  const place = { container: undefined, queue: settings.queue, mayCreate: !settings.dryRun };
  const found = await prepareTarget(context, services, { settings, ...place });
  return found === "missing" ? undefined : services;
}

async function announceAll(
  context: JobContext,
  request: AnnounceRequest,
  { services, store, hold }: { services: Services; store: AnnouncementStore; hold: AnnounceHold | undefined },
): Promise<ExitCode> {
  const { buildAnnouncer } = await import("./services.ts");
  const { settings, all } = request;
  const { reporter, control } = context;
  const { counts } = store;
  const announcer = buildAnnouncer(services, settings);
  if (announcer === undefined) throw new TypeError("there is a queue, so there is an announcer");
  const total = filesToAnnounce(counts, all);
  context.notice(
    "info",
    `${total} announcements to send for ${request.run.identity.target}, in the queue ${settings.queue}`,
  );
  const tally = { sent: 0, failed: 0, samples: [] as AnnounceReport["samples"][number][] };
  const follow = followRun({
    ...context,
    state: {
      ledger: { tally: () => announcingSummary(request.summary, total, tally) },
      presence: { beat: () => {} },
    },
    services,
  });
  services.beginWork();
  const running = startAnnouncing(
    { surroundings: context.surroundings, store, announcer: hold?.guarded(announcer) ?? announcer },
    {
      slots:
        settings.concurrency === "auto"
          ? settings.workitemWorkers * settings.fileWorkers
          : settings.concurrency,
      template: parseNameTemplate(store.run.identity.nameTemplate),
      stop: control,
      onFile(report) {
        countIn(tally, report);
        reporter.tell(announcedMessage(report));
      },
    },
  );
  context.finishes(() => running.live.slotsInUse);
  follow.watch(announcingLive(running.live));
  control.begin();
  const outcome = await running.outcome;
  const { elapsedMs, live } = follow.end();
  const { retries, throttles } = live;
  const exitCode = tell(
    context,
    { ...request, counts },
    { ...tally, elapsedMs, retries, throttles, outcome },
  );
  if (outcome.kind === "finished") tellLateStop(context);
  return exitCode;
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

function announcedMessage({ file, blobName, attempts, failure }: AnnouncementReport) {
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
function tell({ reporter }: JobContext, request: AnnounceRequest, { outcome, ...done }: Done): ExitCode {
  const { settings, all, counts, announceCommand, resumeCommand } = request;
  const stop = outcome?.kind === "stopped" ? outcome.request : undefined;
  if (stop?.error !== undefined) reporter.tell(errorMessage(stop.error, settings.verbose));
  const {
    wouldCreateQueue = false,
    sent = 0,
    failed = 0,
    samples = [],
    elapsedMs = 0,
    retries = 0,
    throttles = 0,
  } = done;
  const report: AnnounceReport = {
    isDryRun: settings.dryRun,
    all,
    queue: settings.queue,
    wouldCreateQueue,
    counts,
    sent,
    failed,
    samples,
    stoppedBy: stop?.why,
    elapsedMs,
    retries,
    throttles,
    nextCommand: filesToAnnounce(counts, all) > sent ? announceCommand : undefined,
    resumeCommand,
  };
  reporter.tell({ type: "announce-summary", report });
  if (stop !== undefined) return stop.exitCode;
  return announceVerdict(report) === "with-failures" ? EXIT.finishedWithFailures : EXIT.done;
}
