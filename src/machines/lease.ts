/**
 * The lease of one claim: 30 s, renewed every 8 s.
 *
 * - `held`       the service has accepted a renewal (or the acquire) that was sent less than 25 s ago. New work may begin.
 * - `uncertain`  entered when 25 s have passed since the accepted renewal was sent (by the larger of both clocks), or when
 *                the service's clock, by any answer's `Date` and the time since, is 25 s or more after the `Date` of the last
 *                renewal's answer (the clocks of a paused virtual machine both stand still), or when a write was refused for its lease. Nothing new begins;
 *                renewing goes on. Left for `held` when a renewal was accepted and `confirm` has read manifest and record
 *                since; for `lost` as below.
 * - `lost`       entered only when a renewal is refused, or when `confirm` reads that somebody else has the partition.
 *                Final.
 * - `ended`      the claim gave the lease back, or left it to expire. Final.
 *
 * Within a claim a machine only renews; it never acquires again with an old id.
 */
import { type Moment, moment, passedSince, sleep, type Surroundings } from "../surroundings/surroundings.ts";
import { type CoordinationAccount, type CoordinationRefusal, isRefusal } from "./coordination-account.ts";
import type { ServiceTime } from "./service-time.ts";
import { callOnce, untilAnswered } from "./repeated-calls.ts";

export const LEASE_SECONDS = 30;
export const RENEW_MS = 8_000;
/** Five seconds before the service may give the lease to somebody else. */
export const CERTAIN_MS = 25_000;
/** The manifest is read at every so many renewals. */
const CONFIRM_EVERY = 4;
const RETRY_MS = 1_000;

export type LeaseState = "held" | "uncertain" | "lost" | "ended";

/** What a look at manifest and record says: still this claim's, somebody else's (and why), or not to be told yet. */
export type Confirmation =
  | { readonly kind: "ours" }
  | { readonly kind: "wait" }
  | { readonly kind: "lost"; readonly why: string; readonly to?: LostTo };

/** To whom a partition is lost: another machine, a repartition of the run, or nobody, as something was deleted. */
export type LostTo = "machine" | "repartition" | "nobody";

/** Why a claim has ended before its machine ended it. */
export class PartitionLost extends Error {
  readonly to: LostTo;

  constructor(why: string, to: LostTo) {
    super(why);
    this.to = to;
  }
}

interface LeaseOptions {
  readonly account: CoordinationAccount;
  readonly surroundings: Surroundings;
  /** Told by all answers of the service. */
  readonly serviceTime: ServiceTime;
  /** The blob that is leased. */
  readonly name: string;
  /** Reads manifest and record; throws when there is no answer. */
  readonly confirm: (signal: AbortSignal) => Promise<Confirmation>;
}

/** These answers to a renewal say that the lease is somebody else's, or can never be renewed again. */
const LOST_CODES = [
  "LeaseIdMismatchWithLeaseOperation",
  "LeaseAlreadyPresent",
  "LeaseIsBrokenAndCannotBeRenewed",
  "LeaseNotPresentWithLeaseOperation",
];

export class Lease {
  /** Kept in memory only: a credential, and new for each claim. */
  readonly id: string;
  readonly #options: LeaseOptions;
  readonly #ended = new AbortController();
  readonly #lost = new AbortController();
  /** When the accepted renewal was sent. */
  #sent: Moment;
  /** The `Date` of its answer, ms since the epoch. */
  #date: number;
  /** A renewal must be accepted, and confirmed, before anything begins. */
  #isDoubted = false;
  #renewals = 0;
  #loop: Promise<void> = Promise.resolve();

  private constructor(options: LeaseOptions, id: string, sent: Moment, date: number) {
    this.#options = options;
    this.id = id;
    this.#sent = sent;
    this.#date = date;
  }

  /**
   * Acquires with a new id; a lost answer is asked for again with the same id, which the service then renews.
   *
   * @throws CoordinationRefusal `LeaseAlreadyPresent`, `BlobNotFound`; the signal's reason
   */
  static async acquire(options: LeaseOptions, signal: AbortSignal): Promise<Lease> {
    const { account, surroundings, name } = options;
    const id = surroundings.uuid();
    let sent = moment(surroundings);
    const { date } = await untilAnswered(surroundings, signal, async (call) => {
      sent = moment(surroundings);
      return account.acquire(name, id, LEASE_SECONDS, call);
    });
    return new Lease(options, id, sent, date);
  }

  /** Starts to renew. */
  keep(): void {
    this.#loop = this.#keep();
  }

  get state(): LeaseState {
    if (this.#lost.signal.aborted) return "lost";
    if (this.#ended.signal.aborted) return "ended";
    const { surroundings, serviceTime } = this.#options;
    const isRecent =
      passedSince(surroundings, this.#sent) < CERTAIN_MS && serviceTime.now - this.#date < CERTAIN_MS;
    return isRecent && !this.#isDoubted ? "held" : "uncertain";
  }

  /** Aborts when the lease is lost; its reason is a PartitionLost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** A write was refused for its lease: only a renewal can tell. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** Somebody else was read to have the partition. */
  lose(why: string, to: LostTo = "machine"): void {
    if (!this.#ended.signal.aborted) this.#lost.abort(new PartitionLost(why, to));
  }

  /** Stops renewing. Answers that come afterwards do not count. */
  async end(): Promise<void> {
    this.#ended.abort(new Error("the claim has ended"));
    await this.#loop;
  }

  async #keep(): Promise<void> {
    const signal = AbortSignal.any([this.#ended.signal, this.#lost.signal]);
    try {
      while (!signal.aborted) {
        const wait =
          this.state === "held" ? RENEW_MS - passedSince(this.#options.surroundings, this.#sent) : 0;
        await sleep(this.#options.surroundings, Math.max(wait, RETRY_MS), signal);
        await this.#renew(signal);
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }

  /** One renewal, and the look that must follow it when the lease was uncertain. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { account, surroundings, name } = this.#options;
    if (this.state === "uncertain") this.#isDoubted = true;
    const sent = moment(surroundings);
    let date: number;
    try {
      ({ date } = await callOnce(surroundings, signal, async (call) => account.renew(name, this.id, call)));
    } catch (thrown) {
      signal.throwIfAborted();
      if (isRefusal(thrown, ...LOST_CODES)) this.lose(`its lease was refused: ${thrown.code}`);
      else if (isRefusal(thrown) && thrown.status === 404) this.lose(whatIsGone(thrown), "nobody");
      return;
    }
    // Uncertain for a moment, while the answer was under way, is uncertain too.
    if (this.state === "uncertain") this.#isDoubted = true;
    this.#sent = sent;
    this.#date = date;
    this.#renewals++;
    if (this.#isDoubted || this.#renewals % CONFIRM_EVERY === 0) await this.#confirm(signal);
  }

  async #confirm(signal: AbortSignal): Promise<void> {
    let answer: Confirmation;
    try {
      answer = await this.#options.confirm(signal);
    } catch {
      // No answer: it is asked again after the next renewal.
      signal.throwIfAborted();
      return;
    }
    if (answer.kind === "lost") this.lose(answer.why, answer.to);
    else if (answer.kind === "wait") this.#isDoubted = true;
    // What was read after a renewal that is old by now is doubted again as soon as it is asked for.
    else this.#isDoubted = false;
  }
}

/** What a 404 says of the record. */
export function whatIsGone({ code }: CoordinationRefusal): string {
  const isContainer = code === "ContainerNotFound" || code === "ContainerBeingDeleted";
  return isContainer ? "the coordination container was deleted" : "its record was deleted";
}

/** Asks once to release the lease; one that cannot be released expires by itself. */
export async function releaseLease(
  { account, surroundings, name }: Pick<LeaseOptions, "account" | "surroundings" | "name">,
  leaseId: string,
): Promise<void> {
  const { signal } = new AbortController();
  await callOnce(surroundings, signal, async (call) => account.release(name, leaseId, call)).catch(() => {});
}
