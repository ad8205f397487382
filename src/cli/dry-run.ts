/**
 * `--dry-run`: the whole run on a state that is thrown away, with a transfer that transfers nothing, so that what it
 * tells is what a run would find: names, collisions, counts, changes since an earlier start.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import type { FileReport } from "../pipeline/pipeline.ts";
import { startPipeline } from "../pipeline/run-pipeline.ts";
import { type DryRunReport, dryRunVerdict } from "../progress/dry-run-report.ts";
import { openRun } from "../state/sqlite/open-run.ts";
import { snapshotState } from "../state/sqlite/read-state.ts";
import { checkIdentity } from "../state/sqlite/resume-run.ts";
import type { StateStore } from "../state/state-store.ts";
import { Rehearsal } from "../transfer/rehearsal.ts";
import { type Job, onlyOf } from "./run-job.ts";
import { fileMessage, followRun } from "./run-progress.ts";
import type { Session } from "./session.ts";
import { sharedSignal } from "./shared-signal.ts";
import type { Services } from "./stages.ts";

/** @returns 0 when nothing stands in the way, 1 when some of it would fail, 4 when rights are missing */
export async function dryRun(session: Session, job: Job): Promise<ExitCode> {
  if (job.settings.emulator) {
    throw new ReuploadError("bad-option", "--dry-run touches nothing, and --emulator starts a service.", {
      advice: "Start the emulator yourself, and set AZURE_STORAGE_CONNECTION_STRING.",
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "reupload-dry-run-"));
  try {
    const report = await rehearse(session, job, folder);
    session.reporter.tell({ type: "dry-run", report });
    return exitCodeOf(report, session);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function exitCodeOf(report: DryRunReport, { stop }: Session): ExitCode {
  switch (dryRunVerdict(report)) {
    case "ready":
      return EXIT.done;
    case "problems":
      return EXIT.finishedWithFailures;
    case "no-rights":
      return EXIT.signIn;
    case "stopped":
      return stop.stoppedBy()?.exitCode ?? EXIT.unavailable;
  }
}

async function rehearse(session: Session, job: Job, folder: string): Promise<DryRunReport> {
  const { settings, found, catalog: source } = job;
  const stages = await import("./stages.ts");
  const services = new stages.Services(await stages.accountOf(settings, session.io.env, session), settings);
  const identity = stages.identityOf(services.account, settings, source.identity);
  if (found !== undefined) checkIdentity(found, { identity, settings: {} });
  const target = await lookAtTarget(session, job, services);
  const path = join(folder, "state.db");
  if (found !== undefined) {
    await snapshotState(session.path(job.stateDb), path, { signal: session.signal });
  }
  const only = onlyOf(settings);
  const store = await openRun(
    {
      path,
      resume: found !== undefined,
      updateCsv: settings.updateCsv,
      retryFailed: settings.retryFailed,
      ...(only === undefined ? {} : { only }),
    },
    { identity, settings: job.kept },
    job.input?.(identity, join(folder, "rejected.csv")),
    { signal: session.signal },
  );
  try {
    return await withStore(session, job, services, { store, target, stem: join(folder, "state") });
  } finally {
    await store.close();
  }
}

type Target = Pick<DryRunReport, "rights" | "toCreate">;

async function lookAtTarget({ signal }: Session, { settings }: Job, services: Services): Promise<Target> {
  const { ensureTarget, probeRights } = await import("./stages.ts");
  const target = {
    client: services.client,
    container: settings.targetContainer,
    queue: settings.announce ? settings.queue : undefined,
    attempts: services.attempts,
    gates: services,
    signal,
  };
  try {
    await ensureTarget({ ...target, createMissing: false });
  } catch (thrown) {
    const isMissing = thrown instanceof ReuploadError && thrown.code === "target-missing";
    if (!isMissing || !settings.createMissing) throw thrown;
    return { rights: undefined, toCreate: [`container ${target.container} or its queue`] };
  }
  return { rights: await probeRights(target), toCreate: [] };
}

async function withStore(
  session: Session,
  { settings, catalog: source }: Job,
  services: Services,
  { store, target, stem }: { store: StateStore; target: Target; stem: string },
): Promise<DryRunReport> {
  const { reporter, stop } = session;
  const { transferToolsOf } = await import("./stages.ts");
  const abort = sharedSignal(stop.abort);
  const catalog = await source.open({
    stem,
    services,
    desk: session,
    opening: session.signal,
    signal: abort,
  });
  try {
    const rehearsal = new Rehearsal();
    const follow = followRun({ store, services, reporter });
    let toAnnounceOnly = 0;
    const onFile = (report: FileReport) => {
      if (report.outcome === "announced") toAnnounceOnly++;
      const message = fileMessage(report);
      reporter.tell(report.failure === undefined ? { ...message, outcome: "planned" } : message);
    };
    const announcer = settings.announce ? { announce: async () => ({ attempts: 1 }) } : undefined;
    const pipeline = startPipeline(
      { store, catalog, transfer: rehearsal, announcer },
      {
        ...settings,
        maxFailures: undefined,
        workItemWorkers: settings.workitemWorkers,
        template: parseNameTemplate(settings.nameTemplate),
      },
      { drain: stop.drain, abort, onFile },
    );
    session.finishes(() => "stopping, nothing is copied");
    follow.watch(pipeline.live);
    const outcome = await pipeline.outcome;
    await follow.end();
    if (outcome.kind === "failed") throw outcome.error;
    await store.committed();
    const tools = transferToolsOf(services, settings, source.hasLocalFiles);
    const isComplete = outcome.kind === "finished";
    return {
      isComplete,
      input: store.run.input,
      summary: store.summary(),
      catalogRejected: catalog.rejectedRows().count,
      toTransfer: rehearsal,
      toAnnounceOnly,
      failures: await store.failures(),
      sample:
        isComplete && target.rights !== undefined ? await rehearsal.look(tools, session.signal) : undefined,
      ...target,
    };
  } finally {
    await catalog.close();
  }
}
