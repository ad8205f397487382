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
import { type DryRunReport, dryRunVerdict } from "../report/dry-run-report.ts";
import { checkIdentity } from "../state/run-record.ts";
import { STATES } from "../state/wiring.ts";
import type { OpenState } from "../state/state-kind.ts";
import { DryRunTransfer } from "../transfer/dry-run-transfer.ts";
import { type RunRequest, readSelection } from "./run-job.ts";
import { fileMessage, followRun } from "./follow.ts";
import type { Session } from "../cli/session.ts";
import { sharedSignal } from "./shared-signal.ts";
import type { Services } from "./services.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

/** @returns 0 when nothing stands in the way, 1 when some of it would fail, 4 when rights are missing */
export async function dryRun(session: Session, job: RunRequest): Promise<ExitCode> {
  if (job.settings.emulator) {
    throw new ReuploadError("bad-option", "--dry-run touches nothing, and --emulator starts a service.", {
      advice: "Start the emulator yourself, and set AZURE_STORAGE_CONNECTION_STRING.",
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "reupload-dry-run-"));
  try {
    const report = await rehearse(session, job, folder);
    session.reporter.tell({ type: "dry-run", report });
    return dryRunExitCode(report, session);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function dryRunExitCode(report: DryRunReport, { stop }: Session): ExitCode {
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

async function rehearse(session: Session, job: RunRequest, folder: string): Promise<DryRunReport> {
  const { settings, found, catalog: source } = job;
  const stages = await import("./services.ts");
  const services = new stages.Services(await stages.openAccount(settings, session.io.env, session), settings);
  const identity = stages.runIdentity(services.account, settings, source.identity);
  if (found !== undefined) checkIdentity(found, { identity, settings: {} });
  const target = await lookAtTarget(session, job, services);
  const path = join(folder, "state.db");
  if (found !== undefined) {
    await STATES.snapshot(session.path(job.stateDb), path, { signal: session.signal });
  }
  const only = readSelection(settings);
  const state = await STATES.open(
    {
      location: path,
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
    return await withState(session, job, services, { state, target, stem: join(folder, "state") });
  } finally {
    await state.close();
  }
}

type Target = Pick<DryRunReport, "rights" | "toCreate">;

async function lookAtTarget(
  { signal }: Session,
  { settings }: RunRequest,
  services: Services,
): Promise<Target> {
  const { ensureTarget, probeRights } = await import("./services.ts");
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

async function withState(
  session: Session,
  { settings, catalog: source }: RunRequest,
  services: Services,
  { state, target, stem }: { state: OpenState; target: Target; stem: string },
): Promise<DryRunReport> {
  const { reporter, stop } = session;
  const { buildTransferTools } = await import("./services.ts");
  const abort = sharedSignal(stop.abort);
  const catalog = await source.open({
    stem,
    services,
    desk: session,
    opening: session.signal,
    signal: abort,
  });
  try {
    const rehearsal = new DryRunTransfer(REAL_SURROUNDINGS);
    const follow = followRun({ state, services, reporter });
    let toAnnounceOnly = 0;
    const onFile = (report: FileReport) => {
      if (report.outcome === "announced") toAnnounceOnly++;
      const message = fileMessage(report);
      reporter.tell(report.failure === undefined ? { ...message, outcome: "planned" } : message);
    };
    const announcer = settings.announce ? { announce: async () => ({ attempts: 1 }) } : undefined;
    const pipeline = startPipeline(
      { surroundings: REAL_SURROUNDINGS, state, catalog, transfer: rehearsal, announcer },
      {
        ...settings,
        runBegan: state.run.createdAt,
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
    await state.ledger.committed();
    const tools = buildTransferTools(services, settings, source.hasLocalFiles);
    const isComplete = outcome.kind === "finished";
    return {
      isComplete,
      input: state.run.input,
      summary: state.ledger.tally(),
      catalogRejected: catalog.rejectedRows().count,
      toTransfer: rehearsal,
      toAnnounceOnly,
      failures: await state.ledger.failures(),
      sample:
        isComplete && target.rights !== undefined ? await rehearsal.look(tools, session.signal) : undefined,
      ...target,
    };
  } finally {
    await catalog.close();
  }
}
