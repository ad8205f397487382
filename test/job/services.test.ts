import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { StorageAccount } from "../../src/azure/account.ts";
import { RequestBudget } from "../../src/azure/attempts/effort.ts";
import { RestBlobWriter } from "../../src/azure/calls/rest-blob-writer.ts";
import { resolve } from "../../src/config/config.ts";
import { Secret } from "../../src/core/secret.ts";
import { Services } from "../../src/job/services.ts";
import { RestAccount } from "../../src/machines/rest-account.ts";
import { CREATE, once as requestOnce } from "../azure/calls-contract.ts";
import { asStorage, startStub } from "../support/stub-server.ts";

const FILES = 200;
/** A lease is renewed every ten seconds; a request that is held back by one second is late. */
const AT_ONCE_MS = 1_000;

/** A run's services with `--max-requests 1/s`; whatever is under way ends with the test. */
function servicesAt(url: string): { readonly services: Services; readonly signal: AbortSignal } {
  const account: StorageAccount = {
    blobEndpoint: `${url}/account`,
    queueEndpoint: `${url}/account`,
    credential: { kind: "shared-key", accountName: "account", key: new Secret("a2V5") },
  };
  const settings = resolve(new Map([["maxRequests", { text: "1/s", where: "the test" }]]), {});
  const end = new AbortController();
  onTestFinished(() => end.abort());
  return { services: new Services(account, settings, {}), signal: end.signal };
}

/** Begins to put so many blobs, each as a file of the run does. */
function beginFiles(services: Services, signal: AbortSignal): void {
  const writer = new RestBlobWriter(services.client, "results");
  for (let n = 0; n < FILES; n++) {
    services.attempts
      .run(services.target, new RequestBudget(signal, 600_000), "put blob", async (context) =>
        writer.putBlob(`b${n}`, Buffer.from("{}"), CREATE, context),
      )
      .catch(() => {});
  }
}

describe("a coordination request", () => {
  it("goes out at once while the target is down, its rate is 1/s, and 200 files wait", async () => {
    const isFile = (url: string): boolean => url.includes("/results/");
    await using stub = await startStub(({ url }) =>
      isFile(url)
        ? asStorage({ status: 503, headers: { "x-ms-error-code": "ServerBusy" } })
        : asStorage({
            status: 200,
            headers: {
              "last-modified": new Date().toUTCString(),
              "x-ms-lease-state": "leased",
              "x-ms-blob-type": "BlockBlob",
              "content-length": "2",
            },
            body: "{}",
          }),
    );
    const { services, signal } = servicesAt(stub.url);
    await (await services.target.enter({}, signal)).failed("clock");
    expect(services.target.isDown).toBe(true);
    beginFiles(services, signal);
    await sleep(200);
    const began = performance.now();
    const found = await new RestAccount(services.coordination, "coordination").read("lease", { signal });
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
    expect(found).toMatchObject({ name: "lease", lease: "leased" });
    expect(services.target.isDown).toBe(true);
    expect(stub.requests.filter(({ url }) => isFile(url)).length).toBeLessThan(5);
  });

  it("gets a connection at once while those of 200 files hang before they are open", async () => {
    const sockets: Socket[] = [];
    // It takes connections and never says a word, so that no TLS handshake comes to its end.
    const server = createServer((socket) => void sockets.push(socket.on("error", () => {})));
    server.listen(0, "127.0.0.1");
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await once(server, "listening");
    const { services, signal } = servicesAt(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const writer = new RestBlobWriter(services.client, "results");
    for (let n = 0; n < FILES; n++) {
      requestOnce(async (context) => writer.putBlob(`b${n}`, Buffer.from("{}"), CREATE, context)).catch(
        () => {},
      );
    }
    await expect.poll(() => sockets.length).toBeGreaterThan(0);
    await sleep(300);
    const opened = sockets.length;
    expect(opened).toBeLessThan(FILES);
    const reading = new RestAccount(services.coordination, "coordination").read("lease", { signal });
    reading.catch(() => {});
    await expect.poll(() => sockets.length, { timeout: AT_ONCE_MS }).toBe(opened + 1);
  });
});
