import { type Attempts, type QueueCalls, RequestBudget, ServiceFailure, type Gate } from "../azure/azure.ts";
import { FileFailure } from "../core/failure.ts";
import type { WorkSignals } from "../core/waits.ts";
import { type Announcer, announcementText } from "./announcer.ts";

/** How long one announcement may be tried, ms. */
const LIMIT_MS = 600_000;

/** Announces on an Azure Storage queue. */
export class QueueAnnouncer implements Announcer {
  readonly #calls: QueueCalls;
  readonly #gate: Gate;
  readonly #attempts: Attempts;
  readonly #containerName: string;
  readonly #timeToLiveSeconds: number;

  constructor(options: {
    readonly calls: QueueCalls;
    readonly gate: Gate;
    readonly attempts: Attempts;
    readonly containerName: string;
    /** -1 = never expires */
    readonly timeToLiveSeconds: number;
  }) {
    this.#calls = options.calls;
    this.#gate = options.gate;
    this.#attempts = options.attempts;
    this.#containerName = options.containerName;
    this.#timeToLiveSeconds = options.timeToLiveSeconds;
  }

  async announce(blobName: string, options: WorkSignals): Promise<{ attempts: number }> {
    const text = announcementText(this.#containerName, blobName);
    const effort = new RequestBudget(options.signal, LIMIT_MS, options.waits, options.onIncident);
    try {
      await this.#attempts.run(this.#gate, effort, "put message", (pulse) =>
        this.#calls.putMessage(text, this.#timeToLiveSeconds, pulse),
      );
      return { attempts: effort.attempts };
    } catch (thrown) {
      if (!(thrown instanceof ServiceFailure)) throw thrown;
      throw new FileFailure("queue-unavailable", thrown.message, {
        attempts: thrown.attempts,
        requestId: thrown.requestId,
        cause: thrown,
      });
    }
  }
}
