/** Verifies what a start, or a state, has completed, while its run is still open. */
import { parseNameTemplate } from "../core/target-name.ts";
import type { WorkItem } from "../core/work-item.ts";
import { nothingSeen, recordsOfStates, Turns, verifyWorkItems } from "../proof/proof.ts";
import type { VerifyReport } from "../report/verify-report.ts";
import type { StateReader } from "../state/state-reader.ts";
import { STATES } from "../state/wiring.ts";
import type { JobContext } from "./context.ts";
import type { RunParts, RunRequest } from "./run-request.ts";
import { Verification } from "./verification.ts";

/** Checks at once with `--concurrency auto`. */
const AUTO_CHECKS = 64;

interface OwnWork {
  readonly scope: "canary" | "own";
  readonly deep: boolean;
  /** Only what was completed at that time or later, ms since the epoch; all that the state has when left out. */
  readonly since?: number;
}

/**
 * Verifies the completed work items of the state, and tells what it found.
 *
 * @throws as `verifyWorkItems`; the signal's reason
 */
export async function verifyOwn(
  context: JobContext,
  { settings, catalog: source, stateDb }: RunRequest,
  { services, state, catalog }: RunParts,
  { scope, deep, since }: OwnWork,
): Promise<VerifyReport> {
  const { signal, reporter } = context;
  const { buildTargetCheck } = await import("./services.ts");
  const reader = await STATES.read(context.path(stateDb));
  const check = buildTargetCheck(services, settings, source.hasLocalFiles);
  const verification = new Verification(context, check);
  const { concurrency } = settings;
  const turns = new Turns(concurrency === "auto" ? AUTO_CHECKS : concurrency);
  const seen = nothingSeen();
  const workItems = await countCompleted(reader, since, signal);
  const follow = verification.follow(services, workItems, { turns, seen });
  try {
    const wantsAnnouncements = settings.announce && settings.announceExisting === "always";
    const records = await recordsOfStates([{ stateDb, reader }], wantsAnnouncements);
    const options = {
      template: parseNameTemplate(settings.nameTemplate),
      onCollision: settings.onCollision,
      depth: deep ? "bytes" : "properties",
      signal,
    } as const;
    const doors = { catalog, target: check, records, turns, seen };
    const completed = reader.completed({ since, signal });
    for await (const verdicts of verifyWorkItems(doors, completed, options)) {
      for (const verdict of verdicts) verification.take(verdict);
    }
  } finally {
    follow.end();
    reader.close();
  }
  const report: VerifyReport = {
    scope,
    target: state.run.identity.target,
    catalog: catalog.identity,
    depth: deep ? "bytes" : "properties",
    rows: { rows: workItems, workItems, duplicates: 0, rejected: 0 },
    catalogRejected: 0,
    ...verification.figures,
    extra: { blobs: 0, notJudged: 0 },
    record: undefined,
    sample: undefined,
    stoppedBy: undefined,
    nextCommands: [],
  };
  reporter.tell({ type: "verify-summary", report });
  return report;
}

async function countCompleted(
  reader: StateReader,
  since: number | undefined,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  const batches: AsyncIterable<readonly WorkItem[]> = reader.completed({ since, signal });
  for await (const some of batches) count += some.length;
  return count;
}
