import { QueueClient } from "@azure/storage-queue";
import type { StorageAccount } from "./account.ts";
import type { Pulse } from "./attempt-clock.ts";
import { queuePipeline, signedUrl } from "./sdk-pipelines.ts";

/** Put Message, the one queue call made per file; a thin REST client can stand behind it. */
export interface QueueCalls {
  /** @param timeToLiveSeconds -1 = never expires */
  putMessage(text: string, timeToLiveSeconds: number, pulse: Pulse): Promise<void>;
}

/** `QueueCalls` on @azure/storage-queue. */
export class SdkQueueCalls implements QueueCalls {
  readonly #queue: QueueClient;

  constructor(account: StorageAccount, queueName: string) {
    const url = `${account.queueEndpoint}/${queueName}`;
    this.#queue = new QueueClient(signedUrl(url, account.credential), queuePipeline(account.credential));
  }

  async putMessage(text: string, timeToLiveSeconds: number, pulse: Pulse): Promise<void> {
    await this.#queue.sendMessage(text, {
      messageTimeToLive: timeToLiveSeconds,
      abortSignal: pulse.signal,
    });
  }
}
