/** Follows the states of one or several machines, and makes the pictures that `monitor` shows. */
import { type FleetReadings, type FleetView, FleetWatch } from "../progress/fleet.ts";
import { RateHistory } from "../progress/rate-history.ts";
import type { FleetReport } from "../report/fleet-json.ts";
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";
import { MOST_SLOWEST, OpenStates, type Place } from "./states.ts";

/** Counters are read so often, however seldom they are shown: rates and the time left need it. */
const SAMPLE_MS = 1_000;
/** A little more than a rate needs (see `RateWindow`). */
const UNTIL_RATE_MS = 2_100;

/** What is shown at one time. */
export interface FleetPicture extends FleetReport {
  readonly history: { readonly rates: readonly number[]; readonly stepMs: number };
}

/** When pictures are shown, and to whom. */
export interface Watching<Picture> {
  /** Such as after `q`, Ctrl+C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Nobody looks any more. */
  readonly isLeft: () => boolean;
  readonly show: (picture: Picture) => void | Promise<void>;
}

/** The states under watch; disposing it closes them. */
export class FleetMonitor implements Disposable {
  readonly #surroundings: Surroundings;
  readonly #states: OpenStates;
  readonly #refreshMs: number;
  readonly #startedAt: number;
  readonly #fleet: FleetWatch;
  readonly #history: RateHistory;
  #shownAt = Number.NEGATIVE_INFINITY;

  private constructor(
    surroundings: Surroundings,
    states: OpenStates,
    refreshMs: number,
    first: FleetReadings,
  ) {
    this.#surroundings = surroundings;
    this.#states = states;
    this.#refreshMs = refreshMs;
    this.#startedAt = surroundings.monotonic();
    this.#fleet = new FleetWatch(this.#startedAt, first);
    this.#history = new RateHistory(refreshMs);
  }

  /**
   * Opens the states and reads them for the first time.
   *
   * @param refreshMs how often a picture is shown, ms
   * @throws ReuploadError those of `StateKind.read`
   */
  static async open(
    paths: readonly string[],
    place: Place & { readonly surroundings: Surroundings },
    refreshMs: number,
  ): Promise<FleetMonitor> {
    const states = await OpenStates.open(paths, place);
    try {
      const monitor = new FleetMonitor(place.surroundings, states, refreshMs, await states.read());
      await monitor.#sample();
      return monitor;
    } catch (thrown) {
      states[Symbol.dispose]();
      throw thrown;
    }
  }

  /** As it was read last. */
  view(): FleetView {
    return this.#fleet.view();
  }

  /** Shows one picture, but not before the speed can be told; none when the signal comes first. */
  async showOnce({ signal, show }: Omit<Watching<FleetPicture>, "isLeft">): Promise<void> {
    while (!this.#hasRates && !signal.aborted) await this.#nextSample(signal);
    if (!signal.aborted) await show(await this.#picture());
  }

  /**
   * Shows a picture every `refreshMs`, the first one when the speed can be told, until all states are done: the last
   * picture shows them so.
   */
  async showInTurns({ signal, isLeft, show }: Watching<FleetPicture>): Promise<void> {
    while (!signal.aborted && !isLeft()) {
      const { isDone } = this.view();
      if (isDone || (this.#isDue && this.#hasRates)) await show(await this.#picture());
      if (isDone) return;
      await this.#nextSample(signal);
    }
  }

  /** As `showInTurns`, but each sample is shown until the speed can be told: the first seconds bring it. */
  async showFromStart({ signal, isLeft, show }: Watching<FleetPicture>): Promise<void> {
    while (!signal.aborted && !isLeft()) {
      if (this.#isDue || !this.#hasRates || this.view().isDone) await show(await this.#picture());
      if (this.view().isDone) return;
      await this.#nextSample(signal);
    }
  }

  [Symbol.dispose](): void {
    this.#states[Symbol.dispose]();
  }

  async #nextSample(signal: AbortSignal): Promise<void> {
    await sleep(this.#surroundings, SAMPLE_MS, signal).catch(() => {});
    if (!signal.aborted) await this.#sample();
  }

  async #sample(): Promise<void> {
    const at = this.#surroundings.monotonic();
    const readings = await this.#states.read();
    this.#fleet.add(at, readings);
    const summaries = readings.map(({ reading }) => reading.summary);
    this.#history.add(at, summaries);
  }

  /** Beside a running process two readings tell more than one. */
  get #hasRates(): boolean {
    const isMoving = this.view().machines.some(({ writer }) => writer.kind === "running");
    return !isMoving || this.#surroundings.monotonic() - this.#startedAt >= UNTIL_RATE_MS;
  }

  get #isDue(): boolean {
    return this.#surroundings.monotonic() - this.#shownAt >= this.#refreshMs - SAMPLE_MS / 2;
  }

  async #picture(): Promise<FleetPicture> {
    this.#shownAt = this.#surroundings.monotonic();
    const { rates, stepMs } = this.#history;
    const fleet = this.view();
    const details = await this.#states.details(fleet, MOST_SLOWEST);
    return { time: this.#surroundings.wall(), fleet, history: { rates, stepMs }, ...details };
  }
}
