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
 * Makes sure before the first file that the target container and the queue are there and may be used. Both are looked at
 * at once; nothing is made before both have been seen, and what is wrong with the container is told first.
 *
 * @returns what was created, in words
 * @throws ReuploadError `target-missing`, `permission`, `sign-in`, `unavailable`
 */
export async function ensureTarget(check: TargetCheck): Promise<string[]> {
  const things = [...theContainer(check), ...theQueue(check)];
  const missing = await lookAtAll(check, things);
  const created: string[] = [];
  for (const thing of missing) if (await create(check, thing)) created.push(thing.what);
  return created;
}

/**
 * What `ensureTarget` would create; nothing is made.
 *
 * @returns whether the container and the queue are missing, of those that are looked at
 * @throws ReuploadError `permission`, `sign-in`, `unavailable`
 */
export async function lookForMissing(
  check: TargetCheck,
): Promise<{ readonly container: boolean; readonly queue: boolean }> {
  const [container, queue] = [theContainer(check), theQueue(check)];
  const missing = await lookAtAll({ ...check, createMissing: true }, [...container, ...queue]);
  const isAmong = (thing: Thing): boolean => missing.includes(thing);
  return { container: container.some(isAmong), queue: queue.some(isAmong) };
}

interface Thing {
  readonly what: string;
  readonly gate: ServiceGate;
  readonly missing: string;
  look(pulse: AttemptContext): Promise<void>;
  create(pulse: AttemptContext): Promise<void>;
  readonly existsCode: string;
}

function theContainer({ client, container, gates }: TargetCheck): Thing[] {
  if (container === undefined) return [];
  return [
    {
      what: `container ${container}`,
      gate: gates.target,
      missing: `The container "${container}" does not exist in ${client.account.blobEndpoint}.`,
      look: async (pulse) => lookAtContainer(client, container, pulse),
      create: async (pulse) => createContainer(client, container, pulse),
      existsCode: "ContainerAlreadyExists",
    },
  ];
}

function theQueue({ client, queue, gates }: TargetCheck): Thing[] {
  if (queue === undefined) return [];
  return [
    {
      what: `queue ${queue}`,
      gate: gates.queue,
      missing: `The queue "${queue}" does not exist in ${client.account.queueEndpoint}.`,
      look: async (pulse) => void (await queueDepth(client, queue, pulse)),
      create: async (pulse) => createQueue(client, queue, pulse),
      existsCode: "QueueAlreadyExists",
    },
  ];
}

/** @returns what is to be made @throws what the first of them is refused for; the looks at the others are ended */
async function lookAtAll(check: TargetCheck, things: readonly Thing[]): Promise<Thing[]> {
  const ended = new AbortController();
  const signal = AbortSignal.any([check.signal, ended.signal]);
  const looks = things.map(async (thing) => isMissing(check, thing, signal));
  // Told in their order, below.
  for (const look of looks) look.catch(() => {});
  try {
    const missing: Thing[] = [];
    for (const [index, look] of looks.entries()) {
      const thing = things[index];
      if ((await look) && thing !== undefined) missing.push(thing);
    }
    return missing;
  } finally {
    ended.abort();
    await Promise.allSettled(looks);
  }
}

async function isMissing(check: TargetCheck, thing: Thing, signal: AbortSignal): Promise<boolean> {
  const effort = new RequestBudget(signal, CHECK_LIMIT_MS);
  try {
    await check.attempts.run(thing.gate, effort, `look at ${thing.what}`, async (pulse) => thing.look(pulse));
    return false;
  } catch (thrown) {
    if (!(thrown instanceof ServiceFailure)) throw thrown;
    if (thrown.status !== 404) throw refused(thrown, thing.what);
    if (!check.createMissing) throw new ReuploadError("target-missing", thing.missing, { cause: thrown });
    return true;
  }
}

/** @returns whether it was made here: another machine may have been faster */
async function create(check: TargetCheck, thing: Thing): Promise<boolean> {
  const effort = new RequestBudget(check.signal, CHECK_LIMIT_MS);
  try {
    await check.attempts.run(thing.gate, effort, `create ${thing.what}`, async (pulse) =>
      thing.create(pulse),
    );
    return true;
  } catch (thrown) {
    if (!(thrown instanceof ServiceFailure)) throw thrown;
    if (thrown.errorCode !== thing.existsCode) throw refused(thrown, thing.what);
    return false;
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
