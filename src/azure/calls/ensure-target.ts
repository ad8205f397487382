import { ReuploadError } from "../../core/errors.ts";
import { certificateAdvice } from "../../core/failure.ts";
import type { Attempts } from "../attempts/attempt.ts";
import type { AttemptContext } from "../attempts/attempt-clock.ts";
import { RequestBudget } from "../attempts/effort.ts";
import type { RestClient } from "../wire/rest-client.ts";
import { createContainer, createQueue, lookAtContainer, queueDepth } from "./target-calls.ts";
import { ServiceFailure } from "../wire/service-error.ts";
import type { ServiceGate } from "../gate/service-gate.ts";

export interface TargetCheck {
  readonly client: RestClient;
  /** undefined when only the queue is used. */
  readonly container: string | undefined;
  /** undefined with --no-queue. */
  readonly queue: string | undefined;
  readonly createMissing: boolean;
  readonly attempts: Attempts;
  readonly gates: { readonly target: ServiceGate; readonly queue: ServiceGate };
  readonly signal: AbortSignal;
}

/** How long the check as a whole may take, ms; the gates give up on a service that is not there earlier. */
const CHECK_LIMIT_MS = 120_000;

/**
 * Makes sure before the first file that the target container and the queue are there and may be used.
 *
 * @returns what was created, in words
 * @throws ReuploadError `target-missing`, `permission`, `sign-in`, `unavailable`
 */
export async function ensureTarget(check: TargetCheck): Promise<string[]> {
  const { container, queue } = check;
  const created: string[] = [];
  if (container !== undefined) await ensureContainer(check, container, created);
  if (queue !== undefined) await ensureQueue(check, queue, created);
  return created;
}

async function ensureContainer(check: TargetCheck, container: string, created: string[]): Promise<void> {
  const { client } = check;
  const missing = `The container "${container}" does not exist in ${client.account.blobEndpoint}.`;
  await ensure(check, check.gates.target, missing, created, {
    what: `container ${container}`,
    look: async (pulse) => lookAtContainer(client, container, pulse),
    create: async (pulse) => createContainer(client, container, pulse),
    existsCode: "ContainerAlreadyExists",
  });
}

async function ensureQueue(check: TargetCheck, queue: string, created: string[]): Promise<void> {
  const { client } = check;
  const noQueue = `The queue "${queue}" does not exist in ${client.account.queueEndpoint}.`;
  await ensure(check, check.gates.queue, noQueue, created, {
    what: `queue ${queue}`,
    look: async (pulse) => void (await queueDepth(client, queue, pulse)),
    create: async (pulse) => createQueue(client, queue, pulse),
    existsCode: "QueueAlreadyExists",
  });
}

interface Thing {
  readonly what: string;
  look(pulse: AttemptContext): Promise<void>;
  create(pulse: AttemptContext): Promise<void>;
  readonly existsCode: string;
}

async function ensure(
  check: TargetCheck,
  gate: ServiceGate,
  missing: string,
  created: string[],
  thing: Thing,
): Promise<void> {
  const { attempts } = check;
  const effort = new RequestBudget(check.signal, CHECK_LIMIT_MS);
  try {
    await attempts.run(gate, effort, `look at ${thing.what}`, async (pulse) => thing.look(pulse));
    return;
  } catch (thrown) {
    if (!(thrown instanceof ServiceFailure)) throw thrown;
    if (thrown.status !== 404) throw refused(thrown, thing.what);
    if (!check.createMissing) throw new ReuploadError("target-missing", missing, { cause: thrown });
  }
  try {
    await attempts.run(gate, effort, `create ${thing.what}`, async (pulse) => thing.create(pulse));
    created.push(thing.what);
  } catch (thrown) {
    if (!(thrown instanceof ServiceFailure)) throw thrown;
    // Another machine may have been faster.
    if (thrown.errorCode !== thing.existsCode) throw refused(thrown, thing.what);
  }
}

function refused(failure: ServiceFailure, what: string): ReuploadError {
  const message = `The ${what} cannot be used: ${failure.message}`;
  if (failure.status === 403) {
    const isSas = failure.trouble !== undefined;
    return new ReuploadError("permission", message, {
      ...(isSas && {
        advice: "Set AZURE_STORAGE_SAS_TOKEN to a SAS that is valid long enough, then run again.",
      }),
      cause: failure,
    });
  }
  if (failure.status === 400) {
    const advice = "The service does not accept its name or the address of the account. Check both.";
    return new ReuploadError("target-invalid", message, { advice, cause: failure });
  }
  const advice = certificateAdvice(failure.answer);
  return new ReuploadError("unavailable", message, {
    ...(advice !== undefined && { advice }),
    cause: failure,
  });
}
