/** How a run went over time: from the history that states keep to files and failures a second, all machines together. */
import type { HistoryPoint, Progressed, StartRecord } from "../state/past.ts";

/** What one state keeps. */
export interface MachinePast {
  readonly starts: readonly StartRecord[];
  readonly history: readonly HistoryPoint[];
}

/** A step of time; how much was done in it. */
export interface PaceStep extends Progressed {
  /** ms since the epoch. */
  readonly at: number;
  /** How much of the step some process was at work, 0 to 1. */
  readonly active: number;
}

export interface Pace {
  readonly stepMs: number;
  /** Without gaps, oldest first. */
  readonly steps: readonly PaceStep[];
  /** How long at least one process was at work, ms. */
  readonly activeMs: number;
  /** Over all starts that are kept. */
  readonly total: Progressed;
}

/** From one point of a start to the next. */
interface Stretch extends Progressed {
  readonly from: number;
  readonly to: number;
}

/** A second at least; what is shorter tells nothing about a rate. */
const LEAST_STEP_MS = 1_000;

/**
 * Spreads what each start did evenly between its points.
 *
 * @param most how many steps at most
 * @returns undefined when no start took any time
 */
export function measurePace(machines: readonly MachinePast[], most: number): Pace | undefined {
  const stretches = machines.flatMap(({ starts, history }) =>
    starts.flatMap((start) =>
      stretchesOf(
        start,
        history.filter((point) => point.start === start.number),
      ),
    ),
  );
  const from = Math.min(...stretches.map((stretch) => stretch.from));
  const to = Math.max(...stretches.map((stretch) => stretch.to));
  if (!(to > from)) return undefined;
  const stepMs = Math.max(LEAST_STEP_MS, Math.ceil((to - from) / most / 1_000) * 1_000);
  const steps = Array.from({ length: Math.ceil((to - from) / stepMs) }, (_, index) => ({
    at: from + index * stepMs,
    files: 0,
    failed: 0,
    bytes: 0,
    active: 0,
  }));
  for (const stretch of stretches) spread(stretch, steps, from, stepMs);
  const intervals = mergeIntervals(stretches);
  for (const one of intervals) {
    forEachStep(one, steps, from, stepMs, (step, part) => void (step.active += part / stepMs));
  }
  return {
    stepMs,
    steps,
    activeMs: intervals.reduce((sum, one) => sum + one.to - one.from, 0),
    total: {
      files: sumOf(stretches, "files"),
      failed: sumOf(stretches, "failed"),
      bytes: sumOf(stretches, "bytes"),
    },
  };
}

function sumOf(stretches: readonly Stretch[], what: keyof Progressed): number {
  return stretches.reduce((all, stretch) => all + stretch[what], 0);
}

function stretchesOf(start: StartRecord, points: readonly HistoryPoint[]): Stretch[] {
  const { beganAt, files, failed, bytes } = start;
  const last = { at: Math.max(start.lastAt, start.endedAt ?? 0), files, failed, bytes };
  const all = [{ at: beganAt, files: 0, failed: 0, bytes: 0 }, ...points, last].sort((a, b) => a.at - b.at);
  return all.slice(1).map((point, index) => {
    const before = all[index] ?? point;
    return {
      from: before.at,
      to: point.at,
      // Files that failed may have been tried again by another way.
      files: Math.max(0, point.files - before.files),
      failed: Math.max(0, point.failed - before.failed),
      bytes: Math.max(0, point.bytes - before.bytes),
    };
  });
}

type Step = { -readonly [Key in keyof PaceStep]: PaceStep[Key] };

function spread(stretch: Stretch, steps: readonly Step[], from: number, stepMs: number): void {
  const length = stretch.to - stretch.from;
  forEachStep(stretch, steps, from, stepMs, (step, part) => {
    // What happened at one moment belongs to the step that it lies in.
    const share = length === 0 ? 1 : part / length;
    step.files += stretch.files * share;
    step.failed += stretch.failed * share;
    step.bytes += stretch.bytes * share;
  });
}

/** Tells each step that the interval touches, and how many ms of it. */
function forEachStep(
  { from, to }: { readonly from: number; readonly to: number },
  steps: readonly Step[],
  begin: number,
  stepMs: number,
  tell: (step: Step, ms: number) => void,
): void {
  const first = Math.min(steps.length - 1, Math.floor((from - begin) / stepMs));
  const last = Math.max(first, Math.min(steps.length - 1, Math.ceil((to - begin) / stepMs) - 1));
  for (const step of steps.slice(first, last + 1)) {
    tell(step, Math.max(0, Math.min(to, step.at + stepMs) - Math.max(from, step.at)));
  }
}

/** As few intervals as cover the same time. */
function mergeIntervals(stretches: readonly Stretch[]): { from: number; to: number }[] {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}
