/** The service's clock, as far as its answers have told it to this process; a machine's own clock is never compared with it. */
import { type Moment, moment, passedSince, type Surroundings } from "../surroundings/surroundings.ts";
import { type Answered, type CoordinationAccount, isRefusal } from "./coordination-account.ts";

/** An expired lease is taken only after answers without a longer gap than this, ms. */
const LONGEST_GAP_MS = 20_000;

export class ServiceTime {
  /** The newest answer: its `Date`, and when it was asked for. */
  #latest: { readonly date: number; readonly at: Moment } | undefined;
  readonly #surroundings: Surroundings;
  #last: Moment | undefined;
  #steadySince: Moment | undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** This moment, by this machine's clocks. */
  moment(): Moment {
    return moment(this.#surroundings);
  }

  /** Takes the `Date` of an answer. @param sent when it was asked for */
  note(date: number, sent: Moment): void {
    const now = moment(this.#surroundings);
    // A newer one takes its place also when it tells less: the wall clock may have jumped since.
    if (this.#latest === undefined || date >= this.#latest.date) this.#latest = { date, at: sent };
    if (!this.#isSteady) this.#steadySince = now;
    this.#last = now;
  }

  /**
   * What the service's clock shows at most, ms since the epoch, but for what the clocks of this machine missed since the
   * newest answer; -Infinity before the first. The time since the *request* counts: an answer that was under way for 20 s
   * tells a date that is 20 s old, and after a pause of 12 s a lease of 30 s would be believed until its 32nd second.
   */
  get now(): number {
    if (this.#latest === undefined) return Number.NEGATIVE_INFINITY;
    return this.#latest.date + passedSince(this.#surroundings, this.#latest.at);
  }

  /**
   * For how long answers have come without a gap, ms. A machine that was cut off, or slept, must not take the leases of
   * others who were cut off with it: after an outage everyone would steal from everyone.
   */
  get steadyMs(): number {
    if (!this.#isSteady || this.#steadySince === undefined) return 0;
    return passedSince(this.#surroundings, this.#steadySince);
  }

  /** Since the last answer, ms; Infinity before the first. */
  get silentMs(): number {
    return this.#last === undefined ? Number.POSITIVE_INFINITY : passedSince(this.#surroundings, this.#last);
  }

  get #isSteady(): boolean {
    return this.#last !== undefined && passedSince(this.#surroundings, this.#last) <= LONGEST_GAP_MS;
  }
}

/** The same account; each of its answers, a refusal too, tells the service's time. */
export function observeDates(account: CoordinationAccount, time: ServiceTime): CoordinationAccount {
  const observe = async <T extends Answered | undefined>(answer: Promise<T>): Promise<T> => {
    const sent = time.moment();
    try {
      const value = await answer;
      if (value !== undefined) time.note(value.date, sent);
      return value;
    } catch (thrown) {
      if (isRefusal(thrown)) time.note(thrown.date, sent);
      throw thrown;
    }
  };
  return {
    read: async (name, options) => observe(account.read(name, options)),
    list: async (prefix, options) => observe(account.list(prefix, options)),
    write: async (name, blob, conditions, options) => observe(account.write(name, blob, conditions, options)),
    acquire: async (name, leaseId, seconds, options) =>
      observe(account.acquire(name, leaseId, seconds, options)),
    renew: async (name, leaseId, options) => observe(account.renew(name, leaseId, options)),
    release: async (name, leaseId, options) => observe(account.release(name, leaseId, options)),
    makeContainer: async (options) => account.makeContainer(options),
  };
}
