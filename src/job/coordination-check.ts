/** What a start looks at, and creates, in the account before the guard takes its part of the run. */
import type { RunSettings } from "../config/run-options.ts";
import { type CheckedStart, checkRun } from "../machines/check-run.ts";
import { type CoordinationAccount, isRefusal } from "../machines/coordination-account.ts";
import { untilAnswered } from "../machines/repeated-calls.ts";
import type { RunRecord } from "../state/run-record.ts";
import type { JobContext } from "./context.ts";
import type { Coordination } from "./coordination.ts";
import { locateStatesRun } from "./own-csv.ts";
import { StartPlace } from "./start-place.ts";

/**
 * Makes the container of what the machines know of each other, with `--create-missing`, and tells that it was made.
 *
 * @throws CoordinationRefusal when it may not be made; the signal's reason
 */
export async function createCoordination(
  { surroundings, notice }: JobContext,
  { createMissing, emulator, coordinationContainer: container }: RunSettings,
  account: CoordinationAccount,
  signal: AbortSignal,
): Promise<void> {
  if (!createMissing && !emulator) return;
  const isNew = await untilAnswered(surroundings, signal, async (call) => account.makeContainer(call));
  if (isNew)
    notice("info", `created the container ${container}, where the machines of a run know of each other`);
}

/**
 * Compares the start with the run before the target's container or queue is created.
 *
 * @throws ReuploadError `run-differs`, `coordination-damaged`, `unavailable`
 */
export async function checkBeforeCreating(
  context: JobContext,
  coordination: Coordination,
  run: RunRecord,
  start: Omit<CheckedStart, "account" | "surroundings" | "names">,
): Promise<void> {
  const { surroundings } = context;
  using asked = new StartPlace(context, coordination);
  const { account, signal } = asked;
  const place = { account, surroundings };
  const located = await locateStatesRun(place, run, signal).catch((thrown: unknown) => {
    // The container is missing or may not be used: the guard tells, or makes it.
    if (isRefusal(thrown)) return undefined;
    throw thrown;
  });
  if (located !== undefined) await checkRun({ ...start, ...place, names: located.names }, signal);
}
