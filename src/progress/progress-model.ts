import type { StateSummary } from "../state/ledger.ts";
import type { LiveFigures, ProgressSample, ProgressView, RunParts } from "./progress.ts";
import { type Rate, rateBetween, type RatePoint, RateWindow } from "./rate-window.ts";

const SHORT_MS = 10_000;
/** Work items end seldom: over less than this their rate would jump. */
const MINUTE_MS = 60_000;
const LONG_MS = 5 * 60_000;
const NOTHING_DONE: RatePoint = { at: 0, files: 0, bytes: 0, workItems: 0 };

/**
 * Makes views of where the run stands from samples: of this process, or readings of another one's state. They come
 * about once a second; the further apart they are, the later a rate is known. Memory is constant.
 *
 * A file is finished once it is copied, already there, failed or skipped, a work item once nothing of it is left; rates count
 * finished ones. The ETA has a
 * clock of its own that stands still during an outage, so that an hour of waiting does not make the rest look slow.
 */
export class ProgressModel {
  readonly #first: ProgressSample;
  #latest: ProgressSample;
  /** By the wall, outages included: the rate that is shown. */
  readonly #shown = new RateWindow(SHORT_MS);
  readonly #shownMinute = new RateWindow(MINUTE_MS);
  /** Time and work outside outages: what the ETA is told from. */
  #active = NOTHING_DONE;
  #lastFinishAt = 0;
  readonly #short = new RateWindow(SHORT_MS);
  readonly #long = new RateWindow(LONG_MS);

  /** @param first taken at this start, before any work: what it counts as done is no part of the rates */
  constructor(first: ProgressSample) {
    this.#first = first;
    this.#latest = first;
    this.#shown.add(toPoint(first));
    this.#shownMinute.add(toPoint(first));
    this.#short.add(this.#active);
    this.#long.add(this.#active);
  }

  /** Takes a sample; one that is older than the last is passed over. */
  add(sample: ProgressSample): void {
    const previous = this.#latest;
    if (sample.at < previous.at) return;
    this.#latest = sample;
    this.#shown.add(toPoint(sample));
    this.#shownMinute.add(toPoint(sample));
    if (isOutage(previous.live) || isOutage(sample.live)) return;
    const files = Math.max(0, finishedHere(sample.summary) - finishedHere(previous.summary));
    this.#active = {
      at: this.#active.at + sample.at - previous.at,
      files: this.#active.files + files,
      bytes: this.#active.bytes + Math.max(0, sample.summary.bytes - previous.summary.bytes),
      workItems: 0,
    };
    if (files > 0) this.#lastFinishAt = this.#active.at;
    this.#short.add(this.#active);
    this.#long.add(this.#active);
  }

  view(): ProgressView {
    const { at, summary, live, parts } = this.#latest;
    const finished = finishedFiles(summary);
    const { total, isKnown } = wholeTotal(totalFiles(summary), parts?.files);
    const left = total === undefined ? undefined : Math.max(0, total - finished);
    const rate = this.#shown.rate();
    const minute = this.#shownMinute.rate();
    return {
      elapsedMs: at - this.#first.at,
      workItems: workItemClasses(summary),
      files: {
        total: left === undefined ? undefined : finished + left,
        totalIsKnown: isKnown,
        done: summary.files.copied + summary.files.alreadyThere + summary.files.elsewhere,
        failed: summary.files.failed,
        skipped: summary.files.skipped,
        left,
        leftOut: summary.files.leftOut,
      },
      bytes: summary.bytes,
      thisStart: {
        files: Math.max(0, finishedHere(summary) - finishedHere(this.#first.summary)),
        bytes: Math.max(0, summary.bytes - this.#first.summary.bytes),
        workItems: Math.max(0, finishedWorkItems(summary) - finishedWorkItems(this.#first.summary)),
      },
      filesPerSecond: rate?.files,
      workItemsPerMinute: minute && minute.workItems * 60,
      bytesPerSecond: rate?.bytes,
      eta:
        left === undefined || isOutage(live) || live.state === "paused" ? undefined : this.#eta(left, parts),
      live,
      ...(parts === undefined ? {} : { parts }),
    };
  }

  /** From the slowest to the fastest of: the last 10 s, the last 5 min, the whole run; each with what others do meanwhile. */
  #eta(left: number, parts: RunParts | undefined): ProgressView["eta"] {
    if (left === 0) return { lowMs: 0, highMs: 0 };
    const elsewhere = parts?.filesPerSecondElsewhere ?? 0;
    const recent = this.#short.rate();
    const whole = rateBetween(NOTHING_DONE, this.#active);
    if (recent === undefined || whole === undefined) return undefined;
    if (whole.files === 0 && elsewhere === 0) return undefined;
    const rates = [this.#stalledRate(recent), this.#long.rate()?.files ?? 0, whole.files];
    const telling = rates.map((rate) => rate + elsewhere).filter((rate) => rate > 0);
    return {
      lowMs: Math.floor((left / Math.max(...telling)) * 1_000),
      highMs: Math.ceil((left / Math.min(...telling)) * 1_000),
    };
  }

  /** When nothing finished of late, the rate is at most one file in the time since one did. */
  #stalledRate(recent: Rate): number {
    if (recent.files > 0) return recent.files;
    return 1_000 / (this.#active.at - this.#lastFinishAt);
  }
}

type KnownOfFiles = Pick<StateSummary, "workItems" | "notSurveyed"> & {
  readonly files: Pick<StateSummary["files"], "total" | "expected">;
};

/**
 * Files of the work items looked up, and what the catalog's survey counted of the others. For those not surveyed
 * either, the mean of all that is known: an estimate. Undefined while nothing is known of any.
 */
export function totalFiles(summary: KnownOfFiles): { total: number | undefined; isKnown: boolean } {
  const known = summary.files.total + summary.files.expected;
  // Of partitions that are not here nothing is known either.
  const unknown = summary.notSurveyed + summary.workItems.not_mine;
  if (unknown === 0) return { total: known, isKnown: true };
  const knownWorkItems = totalWorkItems(summary) - unknown;
  if (known === 0 || knownWorkItems <= 0) return { total: undefined, isKnown: false };
  const mean = known / knownWorkItems;
  return { total: Math.round(known + mean * unknown), isKnown: false };
}

/** A survey of the whole run knows of partitions that are not here; what was looked up may be more by now. */
function wholeTotal(
  own: ReturnType<typeof totalFiles>,
  counted: number | undefined,
): ReturnType<typeof totalFiles> {
  if (own.isKnown || counted === undefined) return own;
  return { total: counted, isKnown: true };
}

/** Finished in any way: copied, already there, done elsewhere, failed, skipped. */
export function finishedFiles({ files }: StateSummary): number {
  return files.copied + files.alreadyThere + files.elsewhere + files.failed + files.skipped;
}

/** Without those that another machine completed: they come all at once, with their partition. */
function finishedHere(summary: StateSummary): number {
  return finishedFiles(summary) - summary.files.elsewhere;
}

/** By this machine, in any way: those that others completed come all at once, with their partition. */
function finishedWorkItems({ workItems }: Pick<StateSummary, "workItems">): number {
  return workItems.completed + workItems.empty + workItems.failed + workItems.skipped;
}

function workItemClasses(summary: StateSummary): ProgressView["workItems"] {
  const { pending, in_progress: inProgress, completed, empty, failed, skipped } = summary.workItems;
  return {
    total: totalWorkItems(summary),
    done: completed + summary.workItems.elsewhere,
    empty,
    failed,
    skipped,
    left: pending + inProgress + summary.workItems.not_mine,
    inProgress,
  };
}

function totalWorkItems({ workItems }: Pick<StateSummary, "workItems">): number {
  return Object.values(workItems).reduce((sum, count) => sum + count, 0);
}

function toPoint({ at, summary }: ProgressSample): RatePoint {
  return {
    at,
    files: finishedHere(summary),
    bytes: summary.bytes,
    workItems: finishedWorkItems(summary),
  };
}

/** A service is gone, as opposed to one that asks to slow down. */
function isOutage(live: LiveFigures): boolean {
  return live.waiting.some((waiting) => !waiting.throttled);
}
