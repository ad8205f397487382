import type { Brake } from "../azure/azure.ts";
import { chooseWaitSignal, type WorkSignals } from "../core/waits.ts";
import type { Announcer } from "./announcer.ts";

/** Announces once the brake lets it. */
export class BrakedAnnouncer implements Announcer {
  readonly #announcer: Announcer;
  readonly #brake: Brake;

  constructor(announcer: Announcer, brake: Brake) {
    this.#announcer = announcer;
    this.#brake = brake;
  }

  async announce(blobName: string, options: WorkSignals): Promise<{ attempts: number }> {
    const held = this.#brake.pass(chooseWaitSignal(options));
    if (held !== undefined) await held;
    return this.#announcer.announce(blobName, options);
  }
}
