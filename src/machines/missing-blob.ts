/** A blob that was made and is not there when it is looked for: the loop that makes it again pauses, and has an end. */
import { ReuploadError } from "../core/errors.ts";
import { type Moment, moment, passedSince, sleep, type Surroundings } from "../surroundings/surroundings.ts";

/** A service that has lost a blob for so long does not keep it, ms. */
const GIVE_UP_MS = 30_000;
const PAUSE_MS = 1_000;

export class MissingBlob {
  readonly #surroundings: Surroundings;
  readonly #what: string;
  #since: Moment | undefined;

  /** @param what for the message, such as "the manifest of the run" */
  constructor(surroundings: Surroundings, what: string) {
    this.#surroundings = surroundings;
    this.#what = what;
  }

  /**
   * Call it when the blob was made and is missing. It pauses for 1 s.
   *
   * @throws ReuploadError `coordination-damaged` 30 s after the first call; the signal's reason
   */
  async pause(signal: AbortSignal): Promise<void> {
    this.#since ??= moment(this.#surroundings);
    if (passedSince(this.#surroundings, this.#since) >= GIVE_UP_MS) {
      throw new ReuploadError(
        "coordination-damaged",
        `The coordination container does not keep what is written to it: ${this.#what} was created again and again for ${GIVE_UP_MS / 1_000} s, and each time it was missing afterwards.`,
        { advice: "Check what deletes blobs in the coordination container, or give --no-coordination." },
      );
    }
    await sleep(this.#surroundings, PAUSE_MS, signal);
  }
}
