/** What was answered over so long tells what the service takes, ms; longer when few requests are made. */
export const SHORTEST_EVIDENCE_MS = 250;
const LONGEST_EVIDENCE_MS = 5_000;
const REQUESTS_OF_EVIDENCE = 20;
/** The evidence is renewed after so long, ms. */
const GENERATION_MS = 1_000;
const LONGEST_GENERATION_MS = 10_000;
const REQUESTS_OF_GENERATION = 200;

interface Counts {
  sent: number;
  answered: number;
  refused: number;
  timedOut: number;
}

class Generation implements Counts {
  since: number;
  sent = 0;
  answered = 0;
  refused = 0;
  timedOut = 0;

  constructor(since: number) {
    this.since = since;
  }
}

/**
 * What became of a service's requests of late, over a stretch of time in which requests were made: two generations,
 * so that what is older than both is forgotten. Times are monotonic ms; a rate is requests a second, undefined while
 * it is unlimited.
 */
export class Evidence {
  #previous: Generation;
  #current: Generation;

  constructor(now: number) {
    this.#previous = new Generation(now);
    this.#current = new Generation(now);
  }

  get since(): number {
    return this.#previous.since;
  }

  /** Nothing was sent since. */
  get isEmpty(): boolean {
    return this.#previous.sent + this.#current.sent === 0;
  }

  get hasNewRefusals(): boolean {
    return this.#current.refused > 0;
  }

  get total(): Readonly<Counts> {
    const [a, b] = [this.#previous, this.#current];
    return {
      answered: a.answered + b.answered,
      refused: a.refused + b.refused,
      timedOut: a.timedOut + b.timedOut,
      sent: a.sent + b.sent,
    };
  }

  count(what: keyof Counts, requests = 1): void {
    this.#current[what] += requests;
  }

  /** Leaves a time out in which nothing could be answered, ms. */
  skip(ms: number): void {
    this.#previous.since += ms;
    this.#current.since += ms;
  }

  /** How long it must be to tell what the service takes, ms. */
  neededMs(rate: number | undefined, latencyMs: number): number {
    const few = (REQUESTS_OF_EVIDENCE * 1_000) / (rate ?? Infinity);
    return Math.min(LONGEST_EVIDENCE_MS, Math.max(SHORTEST_EVIDENCE_MS, 2 * latencyMs, few));
  }

  /** Begins a new generation when it is time, and anew after a time in which nothing happened: that tells nothing. */
  renew(now: number, rate: number | undefined, latencyMs: number): void {
    const enough = (REQUESTS_OF_GENERATION * 1_000) / (rate ?? Infinity);
    const needed = Math.max(
      GENERATION_MS,
      this.neededMs(rate, latencyMs),
      Math.min(enough, LONGEST_GENERATION_MS),
    );
    const age = now - this.#current.since;
    if (age < needed) return;
    if (age >= 2 * needed) {
      this.forget(now);
      return;
    }
    this.#previous = this.#current;
    this.#current = new Generation(now);
  }

  /** Begins anew. */
  forget(since: number): void {
    this.#previous = new Generation(since);
    this.#current = new Generation(since);
  }
}
