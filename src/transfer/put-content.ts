import type { AttemptContext } from "../azure/azure.ts";
import type { ReadPart } from "./source.ts";

/**
 * The bytes of one put. Where the source can give them again, their buffer is free for others as soon as they have left this
 * process: they are needed a second time only when the put is repeated, and an answer takes as long as the network is far.
 */
export class PutContent {
  #part: ReadPart | undefined;
  readonly #readAgain: () => Promise<ReadPart>;
  readonly #isLetGo: boolean;

  /**
   * @param part is held from now on, until `release`
   * @param readAgain reads the same bytes of the same version, for a request after they were let go
   * @param isLetGo whether they are let go when they have left
   */
  constructor(part: ReadPart, readAgain: () => Promise<ReadPart>, isLetGo: boolean) {
    this.#part = part;
    this.#readAgain = readAgain;
    this.#isLetGo = isLetGo;
  }

  /**
   * Makes one request of an attempt with them; one at a time when they are let go.
   *
   * @throws what `send` throws; the source's FileFailure when they have to be read again and cannot be
   */
  async put(pulse: AttemptContext, send: (body: Buffer) => Promise<void>): Promise<void> {
    const part = (this.#part ??= await pulse.hold(this.#readAgain()));
    if (this.#isLetGo) {
      pulse.whenSent(() => {
        part.release();
        if (this.#part === part) this.#part = undefined;
      });
    }
    return send(part.body);
  }

  /** A second call does nothing. */
  release(): void {
    this.#part?.release();
    this.#part = undefined;
  }
}
