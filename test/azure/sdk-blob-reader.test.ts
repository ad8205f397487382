import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import type { Pulse } from "../../src/azure/attempt-clock.ts";
import { SdkBlobReader } from "../../src/azure/sdk-blob-reader.ts";
import { Secret } from "../../src/core/secret.ts";

it("a connection that breaks while nobody reads yet is told to the reader, and to nobody else", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-length": "100000", etag: '"1"' });
    response.write("a part of it");
    setTimeout(() => response.destroy(), 50);
  });
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
  const reader = new SdkBlobReader({
    blobEndpoint: endpoint,
    queueEndpoint: endpoint,
    credential: { kind: "shared-key", accountName: "account", key: new Secret("a2V5") },
  });
  const pulse: Pulse = {
    signal: new AbortController().signal,
    alive: () => {},
    whenEnded: () => {},
    hold: async (wait) => wait,
  };
  const opened = await reader.open({ url: `${endpoint}/c/blob`, as: "anonymous" }, undefined, pulse);
  // As while it waits for a free buffer. An error event that nobody listens to would end the process.
  await sleep(200);
  await expect(opened.take(100_000)).rejects.toThrow(/connection was lost/);
});
