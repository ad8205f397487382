/**
 * The guard of a run with `--partition auto`: joins the state, which holds the work items of all partitions, and
 * `machines`, which knows which of them are free.
 */
import { hostname } from "node:os";
import type { RunSettings } from "../config/run-options.ts";
import type { FailureCode } from "../core/failure.ts";
import { type Checkpoint, withFailuresToRetry } from "../core/checkpoint.ts";
import { familySizes } from "../core/sub-partition.ts";
import { AutoMachine, OtherTotal } from "../machines/auto-machine.ts";
import type { PartitionFacts } from "../machines/claim.ts";
import type { ControlWatch } from "../machines/control.ts";
import type { Membership } from "../machines/membership.ts";
import type { OldRecord } from "../machines/machines.ts";
import type { OpenState } from "../state/state-kind.ts";
import { tellTaken, watchAccount } from "./account-control.ts";
import { locateStatesRun, type RunAhead } from "./own-csv.ts";
import { limitRules } from "./auto-limits.ts";
import { AutoRun } from "./auto-run.ts";
import type { JobContext } from "./context.ts";
import { type Coordination, type GuardedStart, HASH_VERSION, lookForRun } from "./coordination.ts";
import { checkBeforeCreating, createCoordination } from "./coordination-check.ts";
import { type Figures, stateFacts } from "./partition-facts.ts";
import { runRules } from "./coordination-settings.ts";
import type { Guard, GuardedRun } from "./guard.ts";
import { spreadRecords } from "./repartition.ts";
import type { Services } from "./services.ts";
import { StartPlace } from "./start-place.ts";
import { TakeOvers } from "./take-overs.ts";
import { tellHowToWatch } from "./watch-hint.ts";

export { OtherTotal };

/** The guard of a run that takes partitions as they get free. It throws OtherTotal, too. */
export function autoGuard(context: JobContext, coordination: Coordination): Guard {
  let ahead: RunAhead | undefined;
  return {
    lookAhead(csvDigest, signal) {
      ahead = lookForRun(context, coordination, csvDigest, signal);
    },
    begin: async (state, control) => beginAuto(context, coordination, { state, control, ahead }),
    check: async (state) =>
      checkBeforeCreating(context, coordination, state.run, machineOptions(context, coordination, state)),
  };
}

async function beginAuto(
  context: JobContext,
  coordination: Coordination,
  { state, control, ahead }: GuardedStart,
): Promise<GuardedRun> {
  const { settings, services } = coordination;
  const { surroundings, notice } = context;
  using place = new StartPlace(context, coordination);
  const { account, container, serviceTime, signal } = place;
  const explain = place.explain.bind(place);
  const figures: Figures = { first: undefined, last: undefined };
  const choice = { retryFailed: codesToRetry(settings), takeOver: false, tell: () => {} };
  const admitted = new Set<number>();
  const retries = new Set<number>();
  // One that has given all away may have died before that was told: it is to be taken like any other.
  const sizes = familySizes(state.queue.sizes());
  /** By partition: work items, until a survey has counted their files. */
  const files = Array.from({ length: state.run.identity.totalPartitions }, (_, at) => sizes.get(at) ?? 0);
  const asked: { watch?: ControlWatch } = {};
  const factsOf = (partition: number): PartitionFacts => {
    const facts = stateFacts(state, partition, figures, surroundings, choice);
    return noted(
      tellTaken(facts, () => asked.watch?.lastTaken),
      partition,
      admitted,
    );
  };
  try {
    await createCoordination(context, settings, account, signal);
    const located = await locateStatesRun({ account, surroundings }, state.run, signal, ahead);
    const options = { ...located, ...machineOptions(context, coordination, state) };
    const run = { account, surroundings, names: options.names };
    const watch = watchAccount({ control, state, reporter: context.reporter, surroundings }, run);
    asked.watch = watch;
    const machine = await AutoMachine.begin(
      {
        ...options,
        account,
        surroundings,
        serviceTime,
        facts: factsOf,
        size: (partition) => (sizes.has(partition) ? Math.max(1, files[partition] ?? 1) : 0),
        hasRetries: (partition) => retries.has(partition),
        onClaimed: () => watch.readAhead(),
      },
      signal,
    );
    tellHowToWatch(context, machine.runId, settings);
    const { maxFailures } = settings;
    const takeOvers = new TakeOvers(state.run.identity.totalPartitions);
    const membership = await joinOthers(machine, services, takeOvers, signal);
    await watch.begin();
    const shared = { state, control, surroundings, services, figures, container, notice, explain, watch };
    const chosen = (told: Checkpoint) => withFailuresToRetry(told, choice.retryFailed);
    const partitions = { admitted, retries, chosen, sizes, files };
    return new AutoRun({ ...shared, ...partitions, machine, membership, takeOvers, maxFailures });
  } catch (thrown) {
    asked.watch?.end();
    throw explain(thrown);
  }
}

/** Without codes each machine tries its own failures again, by its own state. */
function codesToRetry({ retryFailed }: RunSettings): readonly FailureCode[] | "none" {
  return typeof retryFailed === "string" ? "none" : retryFailed;
}

/** From now on the others see this machine, and it takes its share of the run's limits where there are any. */
async function joinOthers(
  machine: AutoMachine,
  { limits }: Services,
  takeOvers: TakeOvers,
  signal: AbortSignal,
): Promise<Membership> {
  const takenOver = () => takeOvers.told;
  let held = limits.heldMs;
  if (held === undefined) return machine.join({ takenOver, isHeldBack: undefined }, signal);
  const isHeldBack = (): boolean => {
    const [before, now] = [held ?? 0, limits.heldMs ?? 0];
    held = now;
    return now > before;
  };
  const membership = await machine.join({ takenOver, isHeldBack }, signal);
  limits.share = () => membership.share;
  return membership;
}

/** The same facts; which partitions came into the state's queue is noted, because a claim may still fail afterwards. */
function noted(facts: PartitionFacts, partition: number, admitted: Set<number>): PartitionFacts {
  return {
    async adopt(body, epoch) {
      await facts.adopt(body, epoch);
      admitted.add(partition);
    },
    checkpoint: async () => facts.checkpoint(),
  };
}

function machineOptions(context: JobContext, coordination: Coordination, state: OpenState) {
  const { notice } = context;
  const { settings, identity, kept, tool, csvName, sample } = coordination;
  const { totalPartitions, nameTemplate } = identity;
  const { csvDigest } = state.run.identity;
  const { rows, ours } = state.run.input;
  const holder = { host: hostname(), pid: process.pid, stateId: state.run.runId };
  const csv = context.path(settings.csv ?? "-");
  return {
    holder,
    settings: {
      totalPartitions,
      mode: "auto" as const,
      hashVersion: HASH_VERSION,
      queues: settings.announce ? [settings.queue] : [],
      nameTemplate,
      rules: { ...runRules(settings, state.run.createdAt), ...limitRules(kept) },
    },
    // A state's rows have their partitions already; stdin cannot be read again.
    anyTotal: settings.totalPartitions === undefined && state.start.number === 1 && settings.csv !== "-",
    csv: { digest: csvDigest, rows, workItems: ours, fileName: csvName, sample: sample() },
    tool,
    separateRun: settings.separateRun,
    spread: settings.repartition
      ? async (old: readonly OldRecord[], from: number) =>
          spreadRecords(context, { csv, csvDigest, totalPartitions, holder }, old, from)
      : undefined,
    onWait: ({ host, pid }: { readonly host: string; readonly pid: number }) =>
      notice("info", `waiting up to 30 s for the lease of ${host} (process ${pid}) to end`),
    // A state that worked before its run was coordinated knows an earlier moment; of a new one the account's counts.
    ownBegin: state.start.number > 1 ? state.run.createdAt : undefined,
    onSuspicion: (other: { readonly file: string; readonly rows: number }) =>
      notice(
        "warning",
        `an unfinished run of ${other.file} (${other.rows} rows) into this target shares most work items with this CSV; no machine works on it now`,
      ),
  };
}
