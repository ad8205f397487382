import { untilAborted } from "../../core/until-aborted.ts";
import type { Attempts } from "../attempts/attempt.ts";
import type { Brake } from "../gate/brake.ts";
import { RequestBudget } from "../attempts/effort.ts";
import type { RestClient } from "../wire/rest-client.ts";
import { queueDepth } from "./target-calls.ts";
import type { Gate } from "../gate/gate.ts";
import type { GateWaiting } from "../gate/service-gate.ts";
import { sleep, type Surroundings } from "../../surroundings/surroundings.ts";

/** How often the backlog is asked for, ms. */
const ASK_MS = 3_000;
/** How long one question may be tried, ms. */
const LIMIT_MS = 600_000;

/** Asks how many messages a queue holds, about. */
export function queueDepthReader(
  client: RestClient,
  queueName: string,
  { attempts, gate }: { readonly attempts: Attempts; readonly gate: Gate },
): (signal: AbortSignal) => Promise<number> {
  return async (signal) =>
    attempts.run(gate, new RequestBudget(signal, LIMIT_MS), "get queue metadata", async (pulse) =>
      queueDepth(client, queueName, pulse),
    );
}

/**
 * Keeps a queue's backlog at a depth: after each look at it as many messages may be sent as are missing to that depth,
 * until the next look a few seconds later. So the run itself never makes it deeper, however fast it sends.
 */
export class DepthBrake implements Brake {
  readonly #surroundings: Surroundings;
  readonly #name: string;
  readonly #most: number;
  readonly #ask: (signal: AbortSignal) => Promise<number>;
  readonly #askMs: number;
  #maySend = 0;
  #depth = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #look: Promise<void> | undefined;
  /** Ends the look when nobody waits for it any more. */
  #unwanted = new AbortController();
  #waiters = 0;
  #waitingSince = 0;
  #heldMs = 0;
  #heldAt = 0;

  /**
   * @param name shown, such as `queue results`
   * @param most messages
   * @param ask tells the depth
   */
  constructor(
    surroundings: Surroundings,
    name: string,
    most: number,
    ask: (signal: AbortSignal) => Promise<number>,
    askMs: number = ASK_MS,
  ) {
    this.#surroundings = surroundings;
    this.#name = name;
    this.#most = most;
    this.#ask = ask;
    this.#askMs = askMs;
  }

  /** For how long messages were held, all together, ms; it only grows. */
  get heldMs(): number {
    this.#account();
    return this.#heldMs;
  }

  /** What is waited for; undefined while messages may be sent. */
  get waiting(): GateWaiting | undefined {
    if (this.#waiters === 0 || this.#maySend > 0 || this.#askedAt < 0) return undefined;
    return {
      what: this.#name,
      since: this.#waitingSince,
      advice: `its depth of ${this.#depth} has reached --max-queue-depth ${this.#most}`,
      throttled: true,
    };
  }

  pass(signal: AbortSignal): Promise<void> | undefined {
    if (this.#maySend <= 0) return this.#wait(signal);
    this.#maySend--;
    // Others fill the queue, too. What goes wrong here is told to the next who waits.
    if (this.#surroundings.monotonic() - this.#askedAt > this.#askMs) this.#lookOnce().catch(() => {});
    return undefined;
  }

  async #wait(signal: AbortSignal): Promise<void> {
    this.#account();
    if (this.#waiters++ === 0) this.#waitingSince = this.#surroundings.wall();
    try {
      while (this.#maySend <= 0) {
        signal.throwIfAborted();
        await untilAborted(this.#lookOnce(), signal);
      }
      this.#maySend--;
    } finally {
      this.#account();
      if (--this.#waiters === 0 && signal.aborted) this.#giveUpLook(signal.reason);
    }
  }

  /** One look for all that want one; who gives up waiting does not end it for the others. */
  async #lookOnce(): Promise<void> {
    if (this.#look !== undefined) return this.#look;
    this.#unwanted = new AbortController();
    const look = this.#lookAgain(this.#unwanted.signal).finally(() => {
      if (this.#look === look) this.#look = undefined;
    });
    this.#look = look;
    return look;
  }

  /** Nobody waits for it any more. */
  #giveUpLook(reason: unknown): void {
    this.#look?.catch(() => {});
    this.#look = undefined;
    this.#unwanted.abort(reason);
  }

  async #lookAgain(signal: AbortSignal): Promise<void> {
    const tooSoon = this.#askedAt + this.#askMs - this.#surroundings.monotonic();
    if (tooSoon > 0) await sleep(this.#surroundings, tooSoon, signal);
    this.#depth = await this.#ask(signal);
    this.#askedAt = this.#surroundings.monotonic();
    this.#maySend = Math.max(0, this.#most - this.#depth);
  }

  #account(): void {
    const now = this.#surroundings.monotonic();
    this.#heldMs += this.#waiters * (now - this.#heldAt);
    this.#heldAt = now;
  }
}
