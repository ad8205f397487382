import { Evidence, SHORTEST_EVIDENCE_MS } from "./evidence.ts";

/** Shares of refused requests up to this are chance, not a limit. */
const TOLERATED = 0.005;
const FEWEST_REFUSED = 5;
/** Shares of requests that time out up to this are single stragglers, not an overload. */
const TOLERATED_TIMEOUTS = 0.1;
const TIMEOUTS_TO_CUT = 4;
/** A cut that does not make refusals rarer by a quarter of what it should was not for the rate. */
const STUBBORN = 0.75;
/** ... which fewer than these do not prove. */
const FEWEST_STUBBORN = 12;
const COMPARABLE_MS = 10_000;
/** A cut that is to make refusals no rarer than this proves nothing. */
const TELLABLE = 0.7;
/** How much more often than they were the stubborn ones may come. */
const NOISE_ROOM = 1.5;
/** After so long it is looked at anew whether refusals are stubborn, ms. */
const NOISE_MS = 60_000;
/** How far below what the service takes it is asked: room for chance. */
const MARGIN = 0.98;
/** A cut is never deeper than this at once, ... */
const DEEPEST_CUT = 0.7;
/** ... and never less than this when the refusal brings a pause: the next one would come soon. */
const PAUSE_CUT = 0.96;
/** How much of its rate a service is thought to save up in a pause, ms. */
const SAVED_UP_MS = 100;
/** Requests a second that are always allowed. */
const FLOOR = 10;
/** How much more is tried first; it doubles with every step that is not refused. */
const FIRST_STEP = 0.01;
const LONGEST_STEP = 1;
/** After the very first cut, which is too deep as a rule: those that were refused wait, and too few requests tell. */
const BOLD_STEP = 0.08;
const STEP_MS = 1_000;
/** A rate of which less than this share is used is not raised: that would prove nothing. */
const USED = 0.85;
/** What finding out more may cost, as a share of the time. */
const COST_SHARE = 0.01;
/** How long to leave it alone after a refusal, ms: at least, and at most. */
const SOONEST_MS = 5_000;
const LATEST_MS = 120_000;
/** ... and at most while the service is known to have taken more than this. */
const LATEST_BELOW_BEST_MS = 8_000;
const BELOW_BEST = 0.8;
/** Cut to within so much of where it was before: that is where the limit is. */
const SAME_PLACE = 0.15;
/** The best rate is believed less with every refusal at the same place. */
const BEST_FADES = 0.98;
/** How much the newest answer counts for how long answers take. */
const LATENCY_WEIGHT = 0.05;
/** Fewer answers than this tell nothing. */
const FEWEST_TELLING = 10;

/**
 * Why the rate changed: refused by the service, timeouts, raised to find out whether the service takes more, or given
 * back because the refusals have another cause than the rate.
 */
export type RateChange = "refused" | "timeouts" | "raised" | "not-for-the-rate";

/** @param rate requests a second; undefined: unlimited */
export type OnRateChange = (rate: number | undefined, was: number | undefined, why: RateChange) => void;

/**
 * How many requests a second a service takes, learned from its refusals (429, 503) and timeouts.
 *
 * Services limit by rate: a request over it is refused, one below it is not, whatever number is under way. So what is
 * answered while requests are refused *is* the limit, to a few per cent, within a fraction of a second; a window of
 * requests under way could only swing around it. The rate is unlimited until the service refuses, then what it took,
 * less 2 %. After a quiet time it is raised by 1, 2, 4, 8, ... % a second, for as long as it is used and not refused.
 * The quiet time is such that finding out costs 1 % of the time: long when a refusal brings a pause (Retry-After),
 * short after the service took much more not long ago. Refusals that come as often after a cut as before it have
 * another cause; the rate is given back and they are let be for a minute.
 *
 * Times are monotonic ms, given with every call.
 */
export class LearnedRate {
  readonly #onChange: OnRateChange;
  #rate: number | undefined;
  #best = 0;
  /** The last rate that was used for a whole quiet time. */
  #heldAt = 0;
  #latencyMs = 100;
  /** What was sent before this has no say any more: the rate was changed since. */
  #changedAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  readonly #evidence: Evidence;
  #step = FIRST_STEP;
  #stepAt = 0;
  #sentSinceStep = 0;
  #stepBegan = 0;
  /** Of the refusals since the last quiet time, ms. */
  #cost = 0;
  /** From which to which share refused after the last cut shows another cause, and the rate before the first cut. */
  #stubborn: { readonly least: number; readonly most: number; readonly rate: number | undefined } | undefined;
  #noise = { share: 0, until: 0 };

  constructor(now: number, onChange: OnRateChange = () => {}) {
    this.#onChange = onChange;
    this.#evidence = new Evidence(now);
  }

  /** Requests a second that may be sent; undefined while the service has never refused. */
  at(now: number): number | undefined {
    if (this.#rate !== undefined && now >= this.#stepAt) this.#raise(now, this.#rate);
    return this.#rate;
  }

  /** Some were refused since the evidence was renewed last: each answer may show what the service takes. */
  get hasNewRefusals(): boolean {
    return this.#evidence.hasNewRefusals;
  }

  /** @param requests how many */
  sent(now: number, requests = 1): void {
    this.#renew(now);
    this.#leaveIdleTimeOut(now);
    this.#evidence.count("sent", requests);
    this.#sentSinceStep += requests;
  }

  /** @param sentAt when the request was sent @param requests how many such */
  answered(sentAt: number, now: number, requests = 1): void {
    this.#renew(now);
    this.#evidence.count("answered", requests);
    const weight = requests === 1 ? LATENCY_WEIGHT : 1 - (1 - LATENCY_WEIGHT) ** requests;
    this.#latencyMs += weight * (now - sentAt - this.#latencyMs);
    if (this.#evidence.hasNewRefusals && sentAt >= this.#changedAt) this.#judge(now);
  }

  /** Answered with 429 or 503. @param pauseMs Retry-After, when it was given */
  refused(sentAt: number, now: number, pauseMs: number | undefined): void {
    this.#renew(now);
    this.#cost += this.#rate === undefined ? 0 : 1_000 / this.#rate;
    // Those that were under way when the rate was cut tell nothing new.
    const isNews = sentAt >= this.#changedAt;
    if (isNews) this.#evidence.count("refused");
    if (pauseMs === undefined) {
      if (isNews) this.#judge(now);
      return;
    }
    const more = Math.max(0, now + pauseMs - Math.max(now, this.#pausedUntil));
    this.#cost += more;
    if (isNews) this.#judgePause(now);
    // The pause is no time in which anything could be answered.
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs);
    this.#evidence.skip(more);
  }

  /** No answer in time. */
  timedOut(sentAt: number, now: number): void {
    this.#renew(now);
    if (sentAt < this.#changedAt) return;
    this.#evidence.count("timedOut");
    const { timedOut, answered } = this.#evidence.total;
    if (timedOut >= TIMEOUTS_TO_CUT && timedOut > TOLERATED_TIMEOUTS * (timedOut + answered)) {
      this.#cut(0, now, "timeouts");
    }
  }

  /** Cuts to what the service takes once there is enough to tell by, and more was refused than chance explains. */
  #judge(now: number): void {
    const { refused, answered } = this.#evidence.total;
    const share = refused / (refused + answered);
    const noise = now < this.#noise.until ? this.#noise.share : 0;
    if (refused < FEWEST_REFUSED || !this.#isTelling(now) || share <= TOLERATED + NOISE_ROOM * noise) return;
    // Only what came wholly after a cut can be compared with what came before it.
    const isAfterCut = this.#evidence.since === this.#changedAt && now - this.#changedAt <= COMPARABLE_MS;
    const before = this.#stubborn;
    if (isAfterCut && before !== undefined && share >= before.least && share <= before.most) {
      if (refused >= FEWEST_STUBBORN) this.#giveBack(before.rate, share, now);
      return;
    }
    const taken = this.#taken(now);
    const rate = before?.rate ?? this.#rate;
    const isFirst = this.#rate === undefined && this.#best === 0;
    this.#cut(taken * MARGIN, now, "refused");
    if (isFirst) {
      this.#step = BOLD_STEP;
      this.#stepAt = now + STEP_MS;
    }
    // If the rate is the cause, so much is refused from now on.
    const expected = Math.max(0, 1 - taken / (this.#rate ?? taken));
    const isTellable = isAfterCut && expected <= TELLABLE * share;
    this.#stubborn = isTellable
      ? {
          least: expected + STUBBORN * (share - expected),
          most: NOISE_ROOM * share,
          rate,
        }
      : undefined;
  }

  /**
   * A refusal that brings a pause is too dear to wait for evidence. How soon it came after the last pause tells how far
   * above the limit the rate is: by then what the service had saved up was used.
   */
  #judgePause(now: number): void {
    const { refused, answered } = this.#evidence.total;
    if (this.#rate === undefined && refused + answered < FEWEST_TELLING) return;
    const ms = Math.max(1, now - Math.max(this.#changedAt, this.#pausedUntil));
    const bySpeed = this.#usual(now) * Math.min(PAUSE_CUT, MARGIN / (1 + SAVED_UP_MS / ms));
    const byEvidence = this.#isTelling(now) ? this.#taken(now) * PAUSE_CUT : Infinity;
    this.#cut(Math.min(bySpeed, byEvidence), now, "refused");
  }

  #giveBack(rate: number | undefined, share: number, now: number): void {
    const was = this.#rate;
    this.#noise = { share, until: now + NOISE_MS };
    this.#stubborn = undefined;
    this.#rate = rate;
    this.#changedAt = now;
    this.#evidence.forget(now);
    this.#onChange(rate, was, "not-for-the-rate");
  }

  /** @param target the new rate, unless that is too deep a cut for once */
  #cut(target: number, now: number, why: RateChange): void {
    const was = this.#rate;
    const usual = this.#usual(now);
    this.#rate = Math.max(FLOOR, Math.min(usual, Math.max(target, usual * DEEPEST_CUT)));
    const isSamePlace = Math.abs(this.#rate / this.#heldAt - 1) < SAME_PLACE;
    if (isSamePlace) this.#best *= BEST_FADES;
    this.#changedAt = now;
    this.#evidence.forget(now);
    this.#step = FIRST_STEP;
    this.#sentSinceStep = 0;
    this.#stepBegan = now;
    this.#stepAt = now + (isSamePlace ? this.#quietMs() : SOONEST_MS);
    this.#onChange(this.#rate, was, why);
  }

  #raise(now: number, was: number): void {
    const isUsed = this.#sentSinceStep >= (USED * was * (now - this.#stepBegan)) / 1_000;
    this.#stepAt = now + STEP_MS;
    this.#stepBegan = now;
    this.#sentSinceStep = 0;
    if (!isUsed || now < this.#pausedUntil) return;
    // It was held for the whole quiet time.
    if (this.#step === FIRST_STEP) {
      this.#heldAt = was;
      this.#best = Math.max(this.#best, was);
    }
    this.#cost = 0;
    this.#stubborn = undefined;
    this.#rate = was * (1 + this.#step);
    this.#step = Math.min(this.#step * 2, LONGEST_STEP);
    this.#onChange(this.#rate, was, "raised");
  }

  #quietMs(): number {
    const latest = (this.#rate ?? 0) < BELOW_BEST * this.#best ? LATEST_BELOW_BEST_MS : LATEST_MS;
    return Math.min(latest, Math.max(SOONEST_MS, this.#cost / COST_SHARE));
  }

  #renew(now: number): void {
    this.#evidence.renew(now, this.#rate, this.#latencyMs);
  }

  /** A time without requests tells nothing about what the service takes. */
  #leaveIdleTimeOut(now: number): void {
    if (!this.#evidence.isEmpty) return;
    if (this.#evidence.since === this.#changedAt) this.#changedAt = now;
    this.#evidence.forget(now);
  }

  #isTelling(now: number): boolean {
    const { answered, refused } = this.#evidence.total;
    const needed = this.#evidence.neededMs(this.#rate, this.#latencyMs);
    return now - this.#evidence.since >= needed && answered + refused >= FEWEST_TELLING;
  }

  /** Requests a second that were answered. */
  #taken(now: number): number {
    return (this.#evidence.total.answered * 1_000) / Math.max(1, now - this.#evidence.since);
  }

  /** The rate, or as many requests a second as were sent of late. */
  #usual(now: number): number {
    if (this.#rate !== undefined) return this.#rate;
    const sent =
      (this.#evidence.total.sent * 1_000) / Math.max(SHORTEST_EVIDENCE_MS, now - this.#evidence.since);
    return Math.max(sent, FLOOR);
  }
}
