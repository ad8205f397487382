import type { DatabaseSync } from "node:sqlite";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** The log is moved into the state so often, in ms; less often where the disk is slow. */
const INTERVAL_MS = 2_000;
/** A checkpoint flushes the disk in our thread: it takes at most one part of so many of the time. */
const SHARE = 50;

/**
 * Moves the log into the state now and then, besides what SQLite does by itself at 4 MiB of log: so the file alone, when
 * somebody copies it, is a few seconds behind at most. The log is not cut back, it begins anew in place.
 */
export class Checkpoints {
  readonly #surroundings: Surroundings;
  readonly #db: DatabaseSync;
  #dueAt: number;

  constructor(surroundings: Surroundings, db: DatabaseSync) {
    this.#surroundings = surroundings;
    this.#dueAt = surroundings.monotonic() + INTERVAL_MS;
    this.#db = db;
  }

  /**
   * To be called after each commit. A checkpoint that readers hold up comes the next time; one that fails (a full disk)
   * loses nothing, as the log has it all, and the next commit tells what is wrong.
   */
  afterCommit(): void {
    const began = this.#surroundings.monotonic();
    if (began < this.#dueAt) return;
    try {
      this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // See above.
    }
    const took = this.#surroundings.monotonic() - began;
    this.#dueAt = began + took + Math.max(INTERVAL_MS, took * SHARE);
  }
}
