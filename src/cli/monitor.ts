/** `reupload monitor`: one or several states, as they go on. */
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { type FleetReadings, type FleetView, FleetWatch } from "../progress/fleet.ts";
import { RateHistory } from "../progress/rate-history.ts";
import { fleetJson } from "../report/fleet-json.ts";
import { jsonText } from "../report/json-forms.ts";
import { type MonitorPicture, monitorText } from "../terminal/monitor-text.ts";
import { usesLiveBlock } from "../terminal/style.ts";
import { type Io, writeLines } from "../terminal/io.ts";
import { MonitorScreen } from "../terminal/monitor-screen.ts";
import { parseOutput, parseWholeNumber } from "./options.ts";
import { OpenStates, findStatePaths } from "../job/states.ts";
import { listenForStop } from "./stop-signals.ts";

/** Counters are read so often, however seldom they are shown: rates and the time left need it. */
const SAMPLE_MS = 1_000;
/** A little more than a rate needs (see `RateWindow`). */
const UNTIL_RATE_MS = 2_100;
const MOST_SLOWEST = 10;

export interface MonitorArguments {
  readonly stateDb?: readonly string[];
  /** Seconds. */
  readonly refresh?: string;
  readonly once?: true;
  readonly output?: string;
  /** `false`: `--no-color` was given. */
  readonly color?: boolean;
}

/**
 * Shows where the states stand until all of them are done, or until it is left.
 *
 * @returns as `status`, however it ends; 130 or 143 when a signal ends it
 * @throws ReuploadError
 */
export async function monitor(given: MonitorArguments, io: Io): Promise<ExitCode> {
  const isJson = parseOutput(given.output) === "json";
  const refreshMs = parseWholeNumber(given.refresh ?? "10", "--refresh", 1, 3_600) * 1_000;
  using states = await OpenStates.open(findStatePaths(given.stateDb, io), io);
  const watching = await Watching.begin(io.surroundings, states, refreshMs);
  const stop = listenForStop();
  const facts = { isTTY: io.stdout.isTTY, env: io.env, platform: process.platform };
  const isOnScreen = given.once !== true && !isJson && usesLiveBlock(facts);
  try {
    const print = async () => {
      const picture = await watching.picture();
      await writeLines(io, isJson ? [pictureJson(picture)] : pictureText(picture));
    };
    if (given.once === true) await showOnce(watching, print, stop.signal);
    else if (isOnScreen) await showOnScreen(watching, given.color === false, io, stop.signal);
    else await showInTurns(watching, print, stop.signal, io);
    return stop.control.stopRequest?.exitCode ?? watching.view().exitCode;
  } finally {
    stop.dispose();
  }
}

/** Readings of the states, and what can be shown of them. */
class Watching {
  readonly refreshMs: number;
  readonly #surroundings: Surroundings;
  readonly #states: OpenStates;
  readonly #fleet: FleetWatch;
  readonly #history: RateHistory;
  readonly #startedAt: number;
  #shownAt = Number.NEGATIVE_INFINITY;

  private constructor(
    surroundings: Surroundings,
    states: OpenStates,
    refreshMs: number,
    first: FleetReadings,
  ) {
    this.#surroundings = surroundings;
    this.refreshMs = refreshMs;
    this.#states = states;
    this.#startedAt = this.#surroundings.monotonic();
    this.#fleet = new FleetWatch(this.#startedAt, first);
    this.#history = new RateHistory(refreshMs);
  }

  /** @throws ReuploadError `state-corrupt` */
  static async begin(surroundings: Surroundings, states: OpenStates, refreshMs: number): Promise<Watching> {
    const watching = new Watching(surroundings, states, refreshMs, await states.read());
    await watching.sample();
    return watching;
  }

  async sample(): Promise<void> {
    const at = this.#surroundings.monotonic();
    const readings = await this.#states.read();
    this.#fleet.add(at, readings);
    this.#history.add(
      at,
      readings.map(({ reading }) => reading.summary),
    );
  }

  view(): FleetView {
    return this.#fleet.view();
  }

  /** Whether a process works on one of them: then two readings tell more than one. */
  get isMoving(): boolean {
    return this.view().machines.some(({ writer }) => writer.kind === "running");
  }

  get hasRates(): boolean {
    return !this.isMoving || this.#surroundings.monotonic() - this.#startedAt >= UNTIL_RATE_MS;
  }

  get isDue(): boolean {
    return this.#surroundings.monotonic() - this.#shownAt >= this.refreshMs - SAMPLE_MS / 2;
  }

  /** Waits so many ms, or until the signal aborts. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(this.#surroundings, ms, signal).catch(() => {});
  }

  async picture(): Promise<MonitorPicture> {
    this.#shownAt = this.#surroundings.monotonic();
    const { rates, stepMs } = this.#history;
    const fleet = this.view();
    const details = await this.#states.details(fleet, MOST_SLOWEST);
    return { time: this.#surroundings.wall(), fleet, history: { rates, stepMs }, ...details };
  }
}

function pictureJson(picture: MonitorPicture): string {
  return jsonText(fleetJson("monitor", picture));
}

/** Blocks of a log stand apart. */
function pictureText(picture: MonitorPicture): string[] {
  return [...monitorText(picture), ""];
}

/** Once, but not before the speed can be told. */
async function showOnce(watching: Watching, print: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!watching.hasRates && !signal.aborted) await nextSample(watching, signal);
  if (!signal.aborted) await print();
}

async function showInTurns(
  watching: Watching,
  print: () => Promise<void>,
  signal: AbortSignal,
  io: Io,
): Promise<void> {
  while (!signal.aborted && !io.isStdoutClosed()) {
    const { isDone } = watching.view();
    if (isDone || (watching.isDue && watching.hasRates)) await print();
    if (isDone) return;
    await nextSample(watching, signal);
  }
}

async function showOnScreen(watching: Watching, noColor: boolean, io: Io, stop: AbortSignal): Promise<void> {
  using screen = new MonitorScreen(io, noColor);
  const signal = AbortSignal.any([stop, screen.left]);
  while (!signal.aborted && !io.isStdoutClosed()) {
    // The first seconds bring the speed and the time left.
    if (watching.isDue || !watching.hasRates || watching.view().isDone) screen.show(await watching.picture());
    if (watching.view().isDone) return;
    await nextSample(watching, signal);
  }
}

async function nextSample(watching: Watching, signal: AbortSignal): Promise<void> {
  await watching.pause(SAMPLE_MS, signal);
  if (!signal.aborted) await watching.sample();
}
