/** Follows a run by the account, and makes the pictures that `monitor --target` and `status --target` show. */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { RateHistory } from "../progress/rate-history.ts";
import { pictureRun, type RunFacts } from "../progress/run-picture.ts";
import { checkStates } from "../progress/state-check.ts";
import type { AccountPicture } from "../report/account-json.ts";
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";
import { AccountRun, type AccountRunRequest } from "./account-run.ts";
import type { Watching } from "./monitor.ts";
import { OpenStates, type Place } from "./states.ts";

/** What is shown at one time. */
export interface RunMonitorPicture extends AccountPicture {
  readonly history: { readonly rates: readonly number[]; readonly stepMs: number };
}

/** One run under watch; disposing it closes the states beside it. */
export class RunMonitor implements Disposable {
  readonly #surroundings: Surroundings;
  readonly #run: AccountRun;
  readonly #states: OpenStates;
  readonly #refreshMs: number;
  readonly #history: RateHistory;
  #facts: RunFacts;
  /** When the account answered last, ms since the epoch. */
  #answeredAt: number;
  #silent: AccountPicture["silent"];
  #picture: RunMonitorPicture | undefined;

  private constructor(
    surroundings: Surroundings,
    parts: { readonly run: AccountRun; readonly states: OpenStates; readonly facts: RunFacts },
    refreshMs: number,
  ) {
    this.#surroundings = surroundings;
    this.#run = parts.run;
    this.#states = parts.states;
    this.#facts = parts.facts;
    this.#refreshMs = refreshMs;
    this.#answeredAt = surroundings.wall();
    this.#history = new RateHistory(refreshMs);
  }

  /**
   * Finds the run and looks at it for the first time.
   *
   * @param paths states that are held against the account
   * @param refreshMs how often a picture is shown, ms; each costs one request
   * @throws ReuploadError those of `AccountRun.find` and of `StateKind.read`; the signal's reason
   */
  static async open(
    request: AccountRunRequest,
    paths: readonly string[],
    place: Place,
    refreshMs: number,
  ): Promise<RunMonitor> {
    const states = await OpenStates.open(paths, place);
    try {
      const run = await AccountRun.find(request);
      const facts = await run.first(request.prompt.signal);
      const monitor = new RunMonitor(request.surroundings, { run, states, facts }, refreshMs);
      await monitor.#makePicture();
      return monitor;
    } catch (thrown) {
      states[Symbol.dispose]();
      throw thrown;
    }
  }

  /** As it was looked at last. */
  get picture(): RunMonitorPicture {
    if (this.#picture === undefined) throw new TypeError("the first picture is made when the run is opened");
    return this.#picture;
  }

  /** Of the whole run; 3 when a given state is of another one. */
  get exitCode(): ExitCode {
    const { picture, differences } = this.picture;
    return differences.some(({ kind }) => kind === "other-run") ? EXIT.refused : picture.exitCode;
  }

  /** Shows a picture every `refreshMs` until all is done: the last picture shows it so. @throws as `AccountRun.look` */
  async showInTurns({ signal, isLeft, show }: Watching<RunMonitorPicture>): Promise<void> {
    while (!signal.aborted && !isLeft()) {
      await show(this.picture);
      if (this.picture.picture.isDone) return;
      await sleep(this.#surroundings, this.#refreshMs, signal).catch(() => {});
      if (!signal.aborted) await this.#lookAgain(signal);
    }
  }

  [Symbol.dispose](): void {
    this.#states[Symbol.dispose]();
  }

  async #lookAgain(signal: AbortSignal): Promise<void> {
    try {
      const seen = await this.#run.look(signal);
      if ("why" in seen) {
        this.#silent = { since: this.#answeredAt, why: seen.why };
      } else {
        this.#facts = seen;
        this.#answeredAt = this.#surroundings.wall();
        this.#silent = undefined;
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
    await this.#makePicture();
  }

  async #makePicture(): Promise<void> {
    const picture = pictureRun(this.#facts);
    this.#history.note(picture.total.filesPerSecond ?? 0);
    const { rates, stepMs } = this.#history;
    this.#picture = {
      time: this.#surroundings.wall(),
      picture,
      differences: checkStates(await this.#states.read(), this.#facts),
      silent: this.#silent,
      history: { rates: [...rates], stepMs },
    };
  }
}
