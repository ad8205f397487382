import type { Attempts } from "../attempts/attempt.ts";
import { isEmpty, type Pairs } from "../../core/blob-attributes.ts";
import { RequestBudget } from "../attempts/effort.ts";
import type { RestClient } from "../wire/rest-client.ts";
import { putImpossibleBlob, putImpossibleMessage } from "./target-calls.ts";
import { ServiceFailure } from "../wire/service-error.ts";
import type { ServiceGate } from "../gate/service-gate.ts";

export interface RightsProbe {
  readonly client: RestClient;
  readonly container: string;
  /** undefined with --no-queue. */
  readonly queue: string | undefined;
  /** Those that the blobs will get; when there are none, nobody needs to write tags. */
  readonly tags?: Pairs;
  readonly attempts: Attempts;
  readonly gates: { readonly target: ServiceGate; readonly queue: ServiceGate };
  readonly signal: AbortSignal;
}

/** Whether something may be done; when not, the service's own words. */
export type Right = { readonly isGiven: true } | { readonly isGiven: false; readonly why: string };

const PROBE_LIMIT_MS = 60_000;

/**
 * Asks whether this sign-in may write blobs, tag them and send messages, without doing any of it: the requests ask for
 * something that the service refuses only after it has checked the rights.
 *
 * @returns `mayTag`: undefined when there are no tags, or it may not even write
 * @throws ServiceFailure when the service answers neither; ReuploadError when it is gone or nobody is signed in
 */
export async function probeRights(probe: RightsProbe): Promise<{
  readonly mayWrite: Right;
  readonly maySend: Right | undefined;
  readonly mayTag: Right | undefined;
}> {
  const { queue, tags = {} } = probe;
  const mayWrite = await probeWrite(probe, undefined);
  return {
    mayWrite,
    maySend: queue === undefined ? undefined : await probeSend(probe, queue),
    mayTag: isEmpty(tags) || !mayWrite.isGiven ? undefined : await probeWrite(probe, tags),
  };
}

async function probeWrite(
  { client, container, attempts, gates, signal }: RightsProbe,
  tags: Pairs | undefined,
): Promise<Right> {
  const blob = { container, name: `rights-probe-${client.surroundings.uuid()}`, tags };
  const effort = new RequestBudget(signal, PROBE_LIMIT_MS);
  const what = tags === undefined ? "probe the right to write" : "probe the right to tag";
  return rightFrom(412, () =>
    attempts.run(gates.target, effort, what, async (pulse) => putImpossibleBlob(client, blob, pulse)),
  );
}

/** As `probeRights`, for sending alone. @param queueName to which */
export async function probeSend(
  { client, attempts, gates, signal }: Omit<RightsProbe, "container" | "queue">,
  queueName: string,
): Promise<Right> {
  const effort = new RequestBudget(signal, PROBE_LIMIT_MS);
  return rightFrom(400, () =>
    attempts.run(gates.queue, effort, "probe the right to send", async (pulse) =>
      putImpossibleMessage(client, queueName, pulse),
    ),
  );
}

async function rightFrom(status: number, request: () => Promise<unknown>): Promise<Right> {
  try {
    await request();
  } catch (thrown) {
    if (!(thrown instanceof ServiceFailure)) throw thrown;
    // The service's front end, which knows nothing of rights, names no code.
    if (thrown.status === status && thrown.errorCode !== undefined) return { isGiven: true };
    if (thrown.status === 401 || thrown.status === 403) return { isGiven: false, why: thrown.message };
    throw thrown;
  }
  throw new TypeError("the service accepted a request that it must refuse");
}
