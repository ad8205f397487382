import type { Surroundings } from "../../surroundings/surroundings.ts";
import { type GateCounts, GateMemory } from "./gate-memory.ts";
import type { Judge } from "./judge.ts";

/** Brings what other threads have counted to the judge of a service, and what the judge has found to them. */
export class SharedJudge {
  readonly memory: GateMemory;
  readonly #surroundings: Surroundings;
  readonly #judge: Judge;
  #heard: GateCounts;

  constructor(surroundings: Surroundings, judge: Judge) {
    this.#surroundings = surroundings;
    this.#judge = judge;
    this.memory = GateMemory.create(surroundings.monotonic());
    this.#heard = this.memory.counts;
    this.publish();
  }

  /**
   * The judge hears what was sent and answered elsewhere since the last time.
   *
   * @param upTo the count of answers when something happened that is to be judged now: those after it come later
   */
  collect(upTo?: number): void {
    const counts = this.memory.counts;
    const { sent, answered, took } = this.#heard;
    const all = difference(counts.answered, answered);
    const answers = upTo === undefined ? all : Math.max(0, difference(upTo, answered));
    const tenths = all === 0 ? 0 : difference(counts.took, took) / all;
    const heard = {
      sent: counts.sent,
      answered: answered + answers,
      took: took + Math.round(answers * tenths),
    };
    this.#heard = heard;
    this.#judge.hear(difference(counts.sent, sent), answers, tenths / 10, this.#surroundings.monotonic());
  }

  /** Other threads see at once what the judge has found. */
  publish(): void {
    const now = this.#surroundings.monotonic();
    const { outage, pausedUntil } = this.#judge;
    if (pausedUntil > now) this.memory.pauseUntil(pausedUntil);
    this.memory.bucket.setRate(this.#judge.rateAt(now), now);
    this.memory.isDown = outage !== undefined;
  }
}

/** Between two counts that wrap around. */
function difference(to: number, from: number): number {
  return (to - from) | 0;
}
