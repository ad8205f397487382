/** What had been done at a time; counters that only grow. */
export interface RatePoint {
  /** ms on the clock of the window. */
  readonly at: number;
  readonly files: number;
  readonly bytes: number;
  readonly workItems: number;
}

/** A second. */
export type Rate = Omit<RatePoint, "at">;

/** Less time than this says nothing about a rate. */
const LEAST_MS = 2_000;
const POINTS = 20;

/** The rate over the last `spanMs`, from some 20 points however many are added. */
export class RateWindow {
  readonly #spanMs: number;
  /** At least a step apart; the first is the newest one that is a whole span old, once there is one. */
  readonly #points: RatePoint[] = [];
  #latest: RatePoint | undefined;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** Adds a point that is not older than the last one. */
  add(point: RatePoint): void {
    this.#latest = point;
    const last = this.#points.at(-1);
    if (last === undefined || point.at - last.at >= this.#spanMs / POINTS) this.#points.push(point);
    const start = point.at - this.#spanMs;
    while ((this.#points[1]?.at ?? Infinity) <= start) this.#points.shift();
  }

  /** undefined until there are 2 s to judge by. */
  rate(): Rate | undefined {
    return rateBetween(this.#points[0], this.#latest);
  }
}

/** Never negative; undefined when the points are less than 2 s apart. */
export function rateBetween(from: RatePoint | undefined, to: RatePoint | undefined): Rate | undefined {
  if (from === undefined || to === undefined || to.at - from.at < LEAST_MS) return undefined;
  const seconds = (to.at - from.at) / 1_000;
  return {
    files: Math.max(0, to.files - from.files) / seconds,
    bytes: Math.max(0, to.bytes - from.bytes) / seconds,
    workItems: Math.max(0, to.workItems - from.workItems) / seconds,
  };
}
