import { once as event } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { StorageAccount } from "../../../src/azure/account.ts";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import { RequestBudget } from "../../../src/azure/attempts/effort.ts";
import { Connections } from "../../../src/azure/wire/connections.ts";
import { chooseProxy } from "../../../src/azure/wire/proxy.ts";
import { RestBlobWriter } from "../../../src/azure/calls/rest-blob-writer.ts";
import { RestBlobReader } from "../../../src/azure/calls/rest-blob-reader.ts";
import { RestClient } from "../../../src/azure/wire/rest-client.ts";
import { ServiceFailure } from "../../../src/azure/wire/service-error.ts";
import { Secret } from "../../../src/core/secret.ts";
import { asStorage, startStub } from "../../support/stub-server.ts";
import { CREATE, once } from "../calls-contract.ts";
import { bare, QUICK, quickGate, restTo, thrownBy } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const accountAt = (blobEndpoint: string): StorageAccount => ({
  blobEndpoint,
  queueEndpoint: blobEndpoint,
  credential: { kind: "shared-key", accountName: "account", key: new Secret("a2V5") },
});

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await event(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const put = async (writer: RestBlobWriter, name: string): Promise<void> =>
  once(async (pulse) => writer.putBlob(name, Buffer.from("{}"), CREATE, pulse));

describe("connections", () => {
  it("are as many as there are requests at once, and are kept for the next ones, after a HEAD too", async () => {
    let connections = 0;
    const waiting: ServerResponse[] = [];
    const server = createServer((request, response) => {
      request.resume();
      response.setHeader("x-ms-request-id", "1").setHeader("etag", '"1"');
      if (request.method === "HEAD") return void response.writeHead(200, { "content-length": "9" }).end();
      waiting.push(response);
    });
    server.on("connection", () => connections++);
    const client = restTo(accountAt(`${await listening(server)}/account`));
    const writer = new RestBlobWriter(client, "c");
    for (let wave = 0; wave < 2; wave++) {
      const all = Promise.all(Array.from({ length: 60 }, async (_, n) => put(writer, `b${n}`)));
      await expect.poll(() => waiting.length).toBe(60);
      for (const response of waiting.splice(0)) response.writeHead(201).end();
      await all;
      await turn();
      const { length } = await once(async (pulse) =>
        new RestBlobReader(client).properties({ url: writer.blobUrl("b"), as: "account" }, pulse),
      );
      expect(length).toBe(9);
      // A connection is free for the next request a turn after its answer.
      await turn();
    }
    expect(connections).toBe(60);
  });

  it("are given to the requests that wait before more are opened", async () => {
    let connections = 0;
    // The answers come while the first connections are open and the others wait for their turn.
    const server = createServer((request, response) => {
      request.resume();
      response.setHeader("x-ms-request-id", "1").setHeader("etag", '"1"').writeHead(201).end();
    });
    server.on("connection", () => connections++);
    const writer = new RestBlobWriter(restTo(accountAt(`${await listening(server)}/account`)), "c");
    await Promise.all(Array.from({ length: 500 }, async (_, n) => put(writer, `b${n}`)));
    expect(connections).toBeLessThan(500);
  });

  it("are opened for those that wait when others could not be opened or were given up", async () => {
    const refused = createServer();
    const url = await listening(refused);
    refused.close();
    const writer = new RestBlobWriter(restTo(accountAt(`${url}/account`)), "c");
    const failures = await Promise.all(
      Array.from({ length: 60 }, async (_, n) =>
        thrownBy(bare(async (pulse) => writer.putBlob(`b${n}`, Buffer.from("{}"), CREATE, pulse))),
      ),
    );
    for (const failure of failures) expect(failure).toMatchObject({ answer: { systemCode: "ECONNREFUSED" } });
  });

  it("end a request that waits for one when its attempt is ended, and others go on", async () => {
    let answers = false;
    const server = createServer((request, response) => {
      request.resume();
      response.setHeader("x-ms-request-id", "1").setHeader("etag", '"1"');
      if (answers) response.writeHead(201).end();
    });
    const writer = new RestBlobWriter(restTo(accountAt(`${await listening(server)}/account`)), "c");
    const attempts = new Attempts(REAL_SURROUNDINGS, QUICK);
    const ended = new AbortController();
    const failures = Array.from({ length: 40 }, async (_, n) => {
      const budget = new RequestBudget(ended.signal, 60_000);
      return thrownBy(
        attempts.run(quickGate(), budget, "put blob", async (pulse) =>
          writer.putBlob(`b${n}`, Buffer.from("{}"), CREATE, pulse),
        ),
      );
    });
    await turn();
    ended.abort(new Error("enough"));
    for (const failure of await Promise.all(failures)) expect(String(failure)).toContain("enough");
    answers = true;
    await Promise.all(Array.from({ length: 40 }, async (_, n) => put(writer, `after${n}`)));
  });

  describe("that are opened ahead", () => {
    const HEAD = { "x-ms-request-id": "1", etag: '"1"' };

    /** A server that answers when told, and its open connections. */
    async function scene() {
      const sockets = new Set<Socket>();
      const waiting: ServerResponse[] = [];
      let made = 0;
      let answersAtOnce = false;
      const server = createServer((request, response) => {
        request.resume();
        if (answersAtOnce) response.writeHead(201, HEAD).end();
        else waiting.push(response);
      });
      server.on("connection", (socket) => {
        made++;
        sockets.add(socket.once("close", () => sockets.delete(socket)));
      });
      const url = `${await listening(server)}/account`;
      const client = restTo(accountAt(url));
      const writer = new RestBlobWriter(client, "c");
      const answerAll = (): void => {
        for (const response of waiting.splice(0)) response.writeHead(201, HEAD).end();
      };
      const putAll = async (count: number): Promise<void> => {
        const all = Promise.all(Array.from({ length: count }, async (_, n) => put(writer, `b${n}`)));
        await expect.poll(() => waiting.length).toBe(count);
        answerAll();
        await all;
        // A connection is free for the next request a turn after its answer.
        await turn();
      };
      const answerNext = (): void => {
        answersAtOnce = true;
      };
      return { server, url, client, sockets, putAll, answerNext, made: () => made };
    }

    it("are opened once the host was reached, as many as will be used, and requests go over them", async () => {
      const { client, url, made, putAll } = await scene();
      client.openAhead(url, 5, new AbortController().signal);
      await turn();
      expect(made()).toBe(0);
      await putAll(1);
      await expect.poll(made).toBe(5);
      await putAll(5);
      await putAll(5);
      expect(made()).toBe(5);
      await putAll(6);
      expect(made()).toBe(6);
    });

    it("are opened at once where the host was reached before, more than may be opened at a time in turn", async () => {
      const { client, url, made, putAll } = await scene();
      await putAll(1);
      client.openAhead(url, 40, new AbortController().signal);
      await expect.poll(made).toBe(40);
      await putAll(40);
      expect(made()).toBe(40);
    });

    it("are opened anew when the service has closed them meanwhile", async () => {
      const { client, url, made, sockets, putAll } = await scene();
      await putAll(1);
      client.openAhead(url, 4, new AbortController().signal);
      await expect.poll(made).toBe(4);
      for (const socket of sockets) socket.destroy();
      await expect.poll(() => sockets.size).toBe(0);
      await putAll(4);
      expect(made()).toBe(8);
    });

    it("are used by a request that comes while they are opened", async () => {
      const { client, url, made, putAll } = await scene();
      await putAll(1);
      client.openAhead(url, 8, new AbortController().signal);
      await putAll(8);
      expect(made()).toBe(8);
    });

    it("that could not be opened fail the attempt that has taken them, and the next ones go on", async () => {
      const { client, url, server, sockets, putAll, answerNext } = await scene();
      await putAll(1);
      const { port } = server.address() as AddressInfo;
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      client.openAhead(url, 4, new AbortController().signal);
      const writer = new RestBlobWriter(client, "c");
      const attempts = new Attempts(REAL_SURROUNDINGS, QUICK);
      const budget = new RequestBudget(new AbortController().signal, 60_000);
      const failure = await thrownBy(
        bare(async (pulse) => writer.putBlob("b", Buffer.from("{}"), CREATE, pulse)),
      );
      expect(failure).toMatchObject({ answer: { systemCode: "ECONNREFUSED" } });
      await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
      answerNext();
      const all = Array.from({ length: 4 }, async (_, n) =>
        attempts.run(quickGate(), budget, "put blob", async (pulse) =>
          writer.putBlob(`b${n}`, Buffer.from("{}"), CREATE, pulse),
        ),
      );
      await Promise.all(all);
    });

    it("are closed at the end when no request has taken them, and the others are not", async () => {
      const { client, url, made, sockets, putAll } = await scene();
      const ended = new AbortController();
      await putAll(2);
      client.openAhead(url, 6, ended.signal);
      await expect.poll(made).toBe(6);
      await putAll(3);
      ended.abort();
      await expect.poll(() => sockets.size).toBe(3);
      await putAll(3);
      expect(made()).toBe(6);
      client.openAhead(url, 9, ended.signal);
      await turn();
      expect(made()).toBe(6);
    });
  });

  it("do not take a read whose answer tells no length for an empty file", async () => {
    await using stub = await startStub([
      asStorage({ status: 200, headers: { "transfer-encoding": "chunked" } }),
    ]);
    const reader = new RestBlobReader(restTo(accountAt(`${stub.url}/account`)));
    const access = { url: `${stub.url}/account/c/b`, as: "anonymous" } as const;
    expect(await thrownBy(bare(async (pulse) => reader.open(access, undefined, pulse)))).toMatchObject({
      answer: { intercepted: true },
      said: expect.stringContaining("without content-length") as string,
    });
  });
});

describe("the proxy", () => {
  const proxy = "http://proxy.example:3128";
  it.each([
    [{}, "a.example", undefined],
    [{ HTTPS_PROXY: proxy }, "a.example", proxy],
    [{ https_proxy: proxy }, "a.example", proxy],
    [{ ALL_PROXY: proxy, HTTP_PROXY: "http://other" }, "a.example", proxy],
    [{ HTTP_PROXY: proxy }, "a.example", proxy],
    [{ HTTPS_PROXY: proxy, NO_PROXY: "b.example, a.example" }, "a.example", undefined],
    [{ HTTPS_PROXY: proxy, no_proxy: ".example" }, "a.example", undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: ".a.example" }, "a.example", undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: "example" }, "a.example", undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: "xample" }, "a.example", proxy],
    [{ HTTPS_PROXY: "", NO_PROXY: "" }, "a.example", undefined],
  ])("is chosen by %j for %s: %s", (env, host, expected) => {
    expect(chooseProxy(env)(new URL(`https://${host}`))).toBe(expected);
  });

  it("is used with its password by a request that is signed for the account", async () => {
    await using stub = await startStub([asStorage({ status: 201 })]);
    const url = stub.url.replace("://", "://user:pass@");
    const client = new RestClient(
      REAL_SURROUNDINGS,
      accountAt("http://account.example/account"),
      new Connections(chooseProxy({ HTTP_PROXY: url }), 5000),
    );
    await put(new RestBlobWriter(client, "c"), "a b");
    expect(stub.requests).toMatchObject([
      {
        url: "http://account.example/account/c/a%20b",
        headers: { host: "account.example", "proxy-authorization": `Basic ${btoa("user:pass")}` },
        body: Buffer.from("{}"),
      },
    ]);
  });

  it("leads through a tunnel to https, and is named without its password when it refuses", async () => {
    const asked: string[] = [];
    const server = createServer();
    server.on("connect", (request, socket) => {
      asked.push(request.url ?? "");
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    });
    const url = (await listening(server)).replace("://", "://user:c2VjcmV0@");
    const client = new RestClient(
      REAL_SURROUNDINGS,
      accountAt("https://account.example"),
      new Connections(chooseProxy({ HTTPS_PROXY: url }), 5000),
    );
    const writer = new RestBlobWriter(client, "c");
    const failure = await thrownBy(
      bare(async (pulse) => writer.putBlob("b", Buffer.from("{}"), CREATE, pulse)),
    );
    expect(asked).toEqual(["account.example:443"]);
    expect(failure).toBeInstanceOf(ServiceFailure);
    // That is the way's trouble, not the file's.
    expect(failure).toMatchObject({ answer: { systemCode: "ECONNREFUSED" } });
    expect(String(failure)).toContain("the proxy does not let requests through, it answers 407");
    expect(String(failure)).not.toContain("c2VjcmV0");
  });
});
