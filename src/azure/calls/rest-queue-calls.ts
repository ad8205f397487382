import type { AttemptContext } from "../attempts/attempt-clock.ts";
import type { QueueCalls } from "./queue-calls.ts";
import type { RestClient } from "../wire/rest-client.ts";
import { xmlText } from "../wire/xml.ts";

/** `QueueCalls` on the services' REST interface. */
export class RestQueueCalls implements QueueCalls {
  readonly #client: RestClient;
  readonly #messagesUrl: string;

  constructor(client: RestClient, queueName: string) {
    this.#client = client;
    this.#messagesUrl = `${client.account.queueEndpoint}/${queueName}/messages`;
  }

  async putMessage(text: string, timeToLiveSeconds: number, pulse: AttemptContext): Promise<void> {
    const body = Buffer.from(`<QueueMessage><MessageText>${xmlText(text)}</MessageText></QueueMessage>`);
    const url = `${this.#messagesUrl}?messagettl=${timeToLiveSeconds}`;
    const headers = ["content-type", "application/xml"];
    await this.#client.send(
      { call: "put message", method: "POST", url, as: "account", headers, body },
      pulse,
    );
  }
}
