import { QueueClient } from "@azure/storage-queue";
import type { StorageAccount } from "../../../src/azure/account.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import type { QueueCalls } from "../../../src/azure/calls/queue-calls.ts";
import { signedUrl } from "../../../src/azure/calls/signed-url.ts";
import { queuePipeline } from "./queue-pipeline.ts";

/** `QueueCalls` on @azure/storage-queue: what the client of our own is held against. */
export class SdkQueueCalls implements QueueCalls {
  readonly #queue: QueueClient;

  constructor(account: StorageAccount, queueName: string) {
    const url = `${account.queueEndpoint}/${queueName}`;
    this.#queue = new QueueClient(signedUrl(url, account.credential), queuePipeline(account.credential));
  }

  async putMessage(text: string, timeToLiveSeconds: number, pulse: AttemptContext): Promise<void> {
    await this.#queue.sendMessage(text, {
      messageTimeToLive: timeToLiveSeconds,
      abortSignal: pulse.signal,
    });
  }
}
