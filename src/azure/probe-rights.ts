import { randomUUID } from "node:crypto";
import { BlockBlobClient } from "@azure/storage-blob";
import { QueueClient } from "@azure/storage-queue";
import type { StorageAccount } from "./account.ts";
import type { Attempts } from "./attempt.ts";
import { Effort } from "./effort.ts";
import { blobPipeline, queuePipeline, signedUrl } from "./sdk-pipelines.ts";
import { ServiceFailure } from "./service-error.ts";
import type { ServiceGate } from "./service-gate.ts";

export interface RightsProbe {
  readonly account: StorageAccount;
  readonly container: string;
  /** undefined with --no-queue. */
  readonly queue: string | undefined;
  readonly attempts: Attempts;
  readonly gates: { readonly target: ServiceGate; readonly queue: ServiceGate };
  readonly signal: AbortSignal;
}

/** Whether something may be done; when not, the service's own words. */
export type Right = { readonly isGiven: true } | { readonly isGiven: false; readonly why: string };

const PROBE_LIMIT_MS = 60_000;

/**
 * Asks whether this sign-in may write blobs and send messages, without doing either: both requests ask for something
 * that the service refuses only after it has checked the rights.
 *
 * @throws ServiceFailure when the service answers neither; ReuploadError when it is gone or nobody is signed in
 */
export async function probeRights(
  probe: RightsProbe,
): Promise<{ readonly mayWrite: Right; readonly maySend: Right | undefined }> {
  return {
    mayWrite: await probeWrite(probe),
    maySend: probe.queue === undefined ? undefined : await probeSend(probe, probe.queue),
  };
}

/** A put on the condition that a blob that cannot be there has a certain ETag: 412 for who may write. */
async function probeWrite({ account, container, attempts, gates, signal }: RightsProbe): Promise<Right> {
  const { credential } = account;
  const url = signedUrl(`${account.blobEndpoint}/${container}/rights-probe-${randomUUID()}`, credential);
  const blob = new BlockBlobClient(url, blobPipeline(credential));
  const conditions = { ifMatch: '"0x0"' };
  return rightFrom(412, () =>
    attempts.run(
      gates.target,
      new Effort(signal, PROBE_LIMIT_MS),
      "probe the right to write",
      async (pulse) => blob.upload("", 0, { conditions, abortSignal: pulse.signal }),
    ),
  );
}

/** A message that would be hidden for longer than it lives: 400 for who may send. */
export async function probeSend(
  { account, attempts, gates, signal }: Omit<RightsProbe, "container" | "queue">,
  queueName: string,
): Promise<Right> {
  const { credential } = account;
  const url = signedUrl(`${account.queueEndpoint}/${queueName}`, credential);
  const queue = new QueueClient(url, queuePipeline(credential));
  const impossible = { messageTimeToLive: 1, visibilityTimeout: 2 };
  return rightFrom(400, () =>
    attempts.run(gates.queue, new Effort(signal, PROBE_LIMIT_MS), "probe the right to send", async (pulse) =>
      queue.sendMessage("", { ...impossible, abortSignal: pulse.signal }),
    ),
  );
}

async function rightFrom(status: number, request: () => Promise<unknown>): Promise<Right> {
  try {
    await request();
  } catch (thrown) {
    if (!(thrown instanceof ServiceFailure)) throw thrown;
    if (thrown.status === status) return { isGiven: true };
    if (thrown.status === 401 || thrown.status === 403) return { isGiven: false, why: thrown.message };
    throw thrown;
  }
  throw new TypeError("the service took a request that it must refuse");
}
