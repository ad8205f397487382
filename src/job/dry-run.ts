/**
 * `--dry-run`: the whole run on a state that is thrown away, with a transfer that transfers nothing, so that what it
 * tells is what a run would find: names, collisions, counts, changes since an earlier start.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeAttributes } from "../core/blob-attributes.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import { LocalDelivery } from "../delivery/local-delivery.ts";
import type { FileReport } from "../pipeline/pipeline.ts";
import { startPipeline } from "../pipeline/run-pipeline.ts";
import { type DryRunReport, dryRunVerdict } from "../report/dry-run-report.ts";
import { toldFilter } from "../state/run-record.ts";
import { STATES } from "../state/wiring.ts";
import type { OpenState } from "../state/state-kind.ts";
import { DryRunTransfer } from "../transfer/dry-run-transfer.ts";
import type { JobContext } from "./context.ts";
import { fileMessage, followRun } from "./follow.ts";
import { ownQueue } from "./own-queue.ts";
import type { RunRequest } from "./run-request.ts";
import type { Services } from "./services.ts";
import { openRunState, openTarget, prepareTarget, targetCheck } from "./start.ts";

/** @returns 0 when nothing stands in the way, 1 when some of it would fail, 4 when rights are missing */
export async function dryRun(context: JobContext, request: RunRequest): Promise<ExitCode> {
  if (request.settings.emulator) {
    throw new ReuploadError(
      "bad-option",
      "--dry-run and --emulator cannot be used together: a dry run starts no service.",
      {
        advice: "Start the emulator yourself, and set AZURE_STORAGE_CONNECTION_STRING.",
      },
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "reupload-dry-run-"));
  try {
    const report = await tryOut(context, request, folder);
    context.reporter.tell({ type: "dry-run", report });
    return dryRunExitCode(report, context);
  } finally {
    context.control.end();
    await rm(folder, { recursive: true, force: true });
  }
}

function dryRunExitCode(report: DryRunReport, { control }: JobContext): ExitCode {
  switch (dryRunVerdict(report)) {
    case "ready":
      return EXIT.done;
    case "problems":
      return EXIT.finishedWithFailures;
    case "no-rights":
      return EXIT.signIn;
    case "stopped":
      return control.stopRequest?.exitCode ?? EXIT.unavailable;
  }
}

async function tryOut(context: JobContext, request: RunRequest, folder: string): Promise<DryRunReport> {
  const { settings, found, catalog, kept, input, stateDb } = request;
  const { services, identity } = await openTarget(context, { settings, found, catalog: catalog.identity });
  const target = await lookAtTarget(context, request, services);
  const location = join(folder, "state.db");
  if (found !== undefined) {
    await STATES.snapshot(context.path(stateDb), location, { signal: context.signal });
  }
  const resume = found !== undefined;
  const state = await openRunState(context, identity, { settings, location, resume, kept, input });
  try {
    // What free partitions a run would get, nobody can say: it is told of all.
    if (identity.partition === "auto") await admitAll(state);
    return await withState(context, request, services, { state, target, stem: join(folder, "state") });
  } finally {
    await state.close();
  }
}

async function admitAll({ queue }: OpenState): Promise<void> {
  for (const partition of queue.sizes().keys()) await queue.admit(partition, undefined);
}

type Target = Pick<DryRunReport, "rights" | "toCreate" | "attributes"> & {
  /** Nothing is there to be compared with while the container is not. */
  readonly hasContainer: boolean;
};

async function lookAtTarget(
  context: JobContext,
  { settings }: RunRequest,
  services: Services,
): Promise<Target> {
  const { lookForMissing, probeRights } = await import("./services.ts");
  const container = settings.targetContainer;
  const queue = ownQueue(settings);
  const place = { container, queue };
  const attributes = describeAttributes(settings);
  const check = targetCheck(context, services, place);
  const found = await prepareTarget(context, services, { settings, ...place, mayCreate: false });
  if (found === "missing") {
    const missing = await lookForMissing({ ...check, createMissing: true });
    const toCreate = [
      ...(missing.container ? [`container ${container}`] : []),
      ...(missing.queue && queue !== undefined ? [`queue ${queue}`] : []),
    ];
    return { attributes, rights: undefined, toCreate, hasContainer: !missing.container };
  }
  const { tags } = settings;
  const rights = await probeRights({ ...check, tags });
  return { attributes, rights, toCreate: [], hasContainer: true };
}

async function withState(
  context: JobContext,
  { settings, catalog: source }: RunRequest,
  services: Services,
  { state, target, stem }: { state: OpenState; target: Target; stem: string },
): Promise<DryRunReport> {
  const { reporter, control, signal } = context;
  const { buildTransferTools } = await import("./services.ts");
  const place = { stem, services, began: state.run.createdAt, prompt: context };
  const catalog = await source.open({ ...place, opening: signal, signal: control.aborting });
  try {
    const transfer = new DryRunTransfer(context.surroundings);
    const follow = followRun({ ...context, state, services });
    let toAnnounceOnly = 0;
    const onFile = (report: FileReport) => {
      if (report.outcome === "announced") toAnnounceOnly++;
      const message = fileMessage(report);
      reporter.tell(report.failure === undefined ? { ...message, outcome: "planned" } : message);
    };
    const announcer = settings.announce ? { announce: async () => ({ attempts: 1 }) } : undefined;
    const delivery = new LocalDelivery({ transfer, announcer });
    const pipeline = startPipeline(
      { surroundings: context.surroundings, state, catalog, delivery },
      {
        ...settings,
        runBegan: state.run.createdAt,
        maxFailures: undefined,
        workItemWorkers: settings.workitemWorkers,
        template: parseNameTemplate(settings.nameTemplate),
      },
      { stop: control, onFile },
    );
    context.finishes(() => 0);
    follow.watch(pipeline.live);
    control.begin();
    const outcome = await pipeline.outcome;
    follow.end();
    if (outcome.kind === "stopped" && outcome.request.error !== undefined) throw outcome.request.error;
    await state.ledger.committed();
    const tools = buildTransferTools(services, settings, source.hasLocalFiles);
    // What follows is given up at a stop, too.
    const isComplete = outcome.kind === "finished" && control.stopRequest === undefined;
    const { hasContainer, ...told } = target;
    return {
      isComplete,
      input: state.run.input,
      filter: toldFilter(state.run),
      summary: state.ledger.tally(),
      catalogRejected: catalog.rejectedRows().count,
      toTransfer: transfer,
      toAnnounceOnly,
      failures: await state.ledger.failures(),
      sample: isComplete ? await transfer.look(tools, signal, hasContainer) : undefined,
      ...told,
    };
  } finally {
    await catalog.close();
  }
}
