import type { Surroundings } from "../../surroundings/surroundings.ts";
import type { ServiceFailure } from "../wire/service-error.ts";
import type { GatePass } from "./gate.ts";
import type { Ended, Judge } from "./judge.ts";
import type { OutageReason } from "./outage.ts";
import type { SharedJudge } from "./shared-judge.ts";

/** Who judges a service, and for whom. */
export interface Judging {
  readonly surroundings: Surroundings;
  readonly judge: Judge;
  /** Where other threads have a part in it. */
  shared: SharedJudge | undefined;
}

/** One attempt, as the judge has to know it. */
export interface JudgedAttempt extends Pick<Ended, "request" | "sentAt" | "probeOf"> {
  /** The shared count of answers when an attempt of another thread went wrong. */
  readonly answeredElsewhere?: number;
}

/** A pass in the thread that judges: it knows at once what follows. */
export class ServicePass implements GatePass {
  readonly #judging: Judging;
  readonly #attempt: JudgedAttempt;

  constructor(judging: Judging, attempt: JudgedAttempt) {
    this.#judging = judging;
    this.#attempt = attempt;
  }

  answered(): void {
    const { judge, surroundings, shared } = this.#judging;
    const isNews = judge.isInDoubt || judge.outage !== undefined;
    if (isNews) this.#collect();
    judge.answered(this.#attempt.sentAt, surroundings.monotonic());
    if (isNews) shared?.publish();
  }

  throttled(retryAfterMs: number | undefined): undefined {
    this.#collect();
    this.#judging.judge.throttled(this.#ended(), retryAfterMs);
    this.#judging.shared?.publish();
  }

  failed(reason: OutageReason, failure?: ServiceFailure): undefined {
    this.#collect();
    this.#judging.judge.failed(this.#ended(), reason, failure);
    this.#judging.shared?.publish();
  }

  abandoned(): void {
    const { probeOf } = this.#attempt;
    if (probeOf !== undefined) probeOf.probing = false;
  }

  /** Brings in what else is known by then. */
  #collect(): void {
    this.#judging.shared?.collect(this.#attempt.answeredElsewhere);
  }

  #ended(): Ended {
    const { request, sentAt, probeOf } = this.#attempt;
    return { request, sentAt, at: this.#judging.surroundings.monotonic(), probeOf };
  }
}
