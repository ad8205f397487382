/** An account reached over a bad network, by one machine: requests and answers are delayed, lost and doubled. */
import type { CallOptions, CoordinationAccount } from "../../src/machines/coordination-account.ts";
import type { VirtualWorld } from "../support/virtual-surroundings.ts";
import type { MemoryAccount } from "./memory-account.ts";

export interface Network {
  /** Shares of requests, from 0 to 1. */
  readonly lostRequests: number;
  readonly lostAnswers: number;
  readonly doubled: number;
  readonly slow: number;
  /** How long a slow one may take, ms. */
  readonly slowMs: number;
}

export class UnreliableAccount implements CoordinationAccount {
  readonly #world: VirtualWorld;
  readonly #account: MemoryAccount;
  readonly #network: Network;
  /** Hands an answer to the machine, when it is awake; never to a dead one. */
  readonly #deliver: (answer: () => void) => void;
  /** Nothing gets through until then, ms since the epoch. */
  cutOffUntil = 0;

  constructor(
    world: VirtualWorld,
    account: MemoryAccount,
    network: Network,
    deliver: (answer: () => void) => void,
  ) {
    this.#world = world;
    this.#account = account;
    this.#network = network;
    this.#deliver = deliver;
  }

  read: CoordinationAccount["read"] = async (name, options) =>
    this.#send(options, async () => this.#account.read(name));
  list: CoordinationAccount["list"] = async (prefix, options) =>
    this.#send(options, async () => this.#account.list(prefix));
  write: CoordinationAccount["write"] = async (name, blob, conditions, options) =>
    this.#send(options, async () => this.#account.write(name, blob, conditions));
  acquire: CoordinationAccount["acquire"] = async (name, leaseId, seconds, options) =>
    this.#send(options, async () => this.#account.acquire(name, leaseId, seconds));
  renew: CoordinationAccount["renew"] = async (name, leaseId, options) =>
    this.#send(options, async () => this.#account.renew(name, leaseId));
  release: CoordinationAccount["release"] = async (name, leaseId, options) =>
    this.#send(options, async () => this.#account.release(name, leaseId));

  makeContainer: CoordinationAccount["makeContainer"] = async (options) =>
    this.#send(options, async () => this.#account.makeContainer());

  async #send<T>({ signal }: CallOptions, request: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const { lostRequests, doubled } = this.#network;
    // A request that was sent may arrive although nobody waits for its answer any more.
    if (!this.#happens(lostRequests)) {
      this.#world.after(this.#delay(), () => void this.#arrive(request, resolve, reject, signal));
    }
    if (this.#happens(doubled)) this.#world.after(this.#delay() * 4, () => void this.#again(request));
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #arrive<T>(
    request: () => Promise<T>,
    resolve: (value: T) => void,
    reject: (reason: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#isCutOff) return;
    const outcome = await request().then(
      (value) => () => resolve(value),
      (thrown: unknown) => () => reject(thrown),
    );
    if (this.#happens(this.#network.lostAnswers)) return;
    this.#world.after(this.#delay(), () => {
      // Nobody reads the answer to a request that was given up.
      if (!this.#isCutOff && !signal.aborted) this.#deliver(outcome);
    });
  }

  async #again(request: () => Promise<unknown>): Promise<void> {
    if (!this.#isCutOff) await request().catch(() => {});
  }

  get #isCutOff(): boolean {
    return this.#world.now < this.cutOffUntil;
  }

  #happens(share: number): boolean {
    return this.#world.random() < share;
  }

  #delay(): number {
    const { slow, slowMs } = this.#network;
    return this.#happens(slow) ? this.#world.random() * slowMs : 2 + this.#world.random() * 60;
  }
}
