/** What a start must know of its run before it creates the target's container or queue. */
import { type CheckedStart, checkRun } from "../machines/check-run.ts";
import { RestAccount } from "../machines/rest-account.ts";
import { observeDates, ServiceTime } from "../machines/service-time.ts";
import type { JobContext } from "./context.ts";
import type { Coordination } from "./coordination.ts";
import { StartPatience } from "./start-patience.ts";

/** @throws ReuploadError `run-differs`, `coordination-damaged`, `unavailable` */
export async function checkBeforeCreating(
  context: JobContext,
  { settings, services }: Coordination,
  start: Omit<CheckedStart, "account" | "surroundings">,
): Promise<void> {
  const { surroundings } = context;
  const serviceTime = new ServiceTime(surroundings);
  const account = observeDates(
    new RestAccount(services.coordination, settings.coordinationContainer),
    serviceTime,
  );
  using patience = new StartPatience(context, serviceTime, settings);
  await checkRun({ ...start, account, surroundings }, patience.signal);
}
