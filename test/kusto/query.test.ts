import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { forbidden } from "../../src/emulator/kusto-server/service-refusal.ts";
import type { KustoRequest } from "../../src/emulator/kusto-server/kusto-server.ts";
import { openKusto } from "../../src/kusto/open-kusto.ts";
import { thrownBy } from "../azure/support.ts";
import { startFaultyKusto } from "../support/kusto-server.ts";
import { filesOf, FOR_EVER, lookup, open, tokens } from "./support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

describe("a query", () => {
  it("gives the rows of the tables, by columns with their types", async () => {
    await using server = await startFaultyKusto();
    server.tables.add("Files", filesOf("a", 2));
    using opened = open(server);
    const table = await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(table.columns.map(({ name, type }) => `${name}:${type}`)).toEqual([
      "JobId:string",
      "WorkItemId:string",
      "WorkItemName:string",
      "Uri:string",
      "FileName:string",
    ]);
    expect(table.rows.map((row) => row[4])).toEqual(["0.json", "1.json"]);
    expect(table.bytes).toBeGreaterThan(500);
    expect(opened.kusto.sent).toBe(1);
    expect(opened.kusto.place).toBe(`${new URL(server.url).host}/db`);
  });

  it("gives the same rows when the answer comes in many frames", async () => {
    await using server = await startFaultyKusto({
      fault: ({ options }) => {
        Object.assign(options, { results_progressive_enabled: true });
        return undefined;
      },
    });
    server.tables.add("Files", filesOf("a", 2000));
    using opened = open(server);
    const { rows, columns, bytes } = await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(rows).toHaveLength(2000);
    expect(new Set(rows.map((row) => row[4])).size).toBe(2000);
    expect(columns).toHaveLength(5);
    expect(bytes).toBeGreaterThan(100_000);
  });

  it("gives numbers as numbers, and columns without rows", async () => {
    await using server = await startFaultyKusto();
    server.tables.add("Files", filesOf("a", 3));
    using opened = open(server);
    const { text, parameters } = lookup(["a", "b"]);
    const count = `${text.split("| order")[0]}| summarize Files=count() by JobId, WorkItemId`;
    expect(await opened.kusto.query({ text: count, parameters }, FOR_EVER)).toMatchObject({
      columns: [{ name: "JobId" }, { name: "WorkItemId" }, { name: "Files", type: "long" }],
      rows: [["1", "a", 3]],
    });
    const none = await opened.kusto.query({ text: `${text}\n| take 0`, parameters }, FOR_EVER);
    expect(none.columns).toHaveLength(5);
    expect(none.rows).toEqual([]);
  });

  it("gets its turn among so many at once", async () => {
    const four = Promise.withResolvers<void>();
    await using server = await startFaultyKusto({
      fault: (_, index) => {
        if (index === 3) four.resolve();
        return { after: four.promise };
      },
    });
    using opened = open(server, { queries: 4 });
    await Promise.all(Array.from({ length: 20 }, () => opened.kusto.query(lookup(["a"]), FOR_EVER)));
    expect(server.mostAtOnce).toBe(4);
    expect(server.queries).toBe(20);
  });
});

describe("the end of a query", () => {
  it("comes at once on a cancel, and gives its turn to the next", async () => {
    await using server = await startFaultyKusto({ fault: (_, index) => (index === 0 ? "hang" : undefined) });
    server.tables.add("Files", filesOf("a", 1));
    using opened = open(server, { queries: 1 });
    const stop = new AbortController();
    const first = thrownBy(opened.kusto.query(lookup(["a"]), { signal: stop.signal }));
    const next = opened.kusto.query(lookup(["a"]), FOR_EVER);
    await vi.waitUntil(() => server.queries === 1, { interval: 1 });
    stop.abort(new Error("stopped"));
    expect(await first).toBe(stop.signal.reason);
    expect((await next).rows).toHaveLength(1);
  });

  it("takes a query that waits for its turn out of the line", async () => {
    await using server = await startFaultyKusto({ fault: (_, index) => (index === 0 ? "hang" : undefined) });
    using opened = open(server, { queries: 1 });
    const [all, one] = [new AbortController(), new AbortController()];
    const first = thrownBy(opened.kusto.query(lookup(["a"]), { signal: all.signal }));
    const waiting = thrownBy(opened.kusto.query(lookup(["b"]), { signal: one.signal }));
    const last = opened.kusto.query(lookup(["c"]), FOR_EVER);
    await vi.waitUntil(() => server.queries === 1, { interval: 1 });
    one.abort(new Error("no more"));
    expect(await waiting).toBe(one.signal.reason);
    all.abort(new Error("stopped"));
    await Promise.all([first, last]);
    expect(server.queries).toBe(2);
  });

  it("leaves nothing open", async () => {
    await using server = await startFaultyKusto({ fault: () => "hang" });
    const before = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    {
      using opened = open(server, { queries: 50 });
      for (let round = 0; round < 4; round++) {
        const stop = new AbortController();
        const queries = Array.from({ length: 50 }, () => {
          return thrownBy(opened.kusto.query(lookup(["a"]), { signal: stop.signal }));
        });
        await vi.waitUntil(() => server.queries === (round + 1) * 50, { interval: 1, timeout: 10_000 });
        stop.abort(new Error("stopped"));
        await Promise.all(queries);
      }
    }
    await expect.poll(async () => server.connections(), { interval: 5 }).toBe(0);
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    await expect.poll(sockets, { interval: 5 }).toBeLessThanOrEqual(before);
  });

  it("needs few connections, whatever the number of queries", async () => {
    await using server = await startFaultyKusto();
    using opened = open(server, { queries: 4 });
    await Promise.all(Array.from({ length: 100 }, () => opened.kusto.query(lookup(["a"]), FOR_EVER)));
    // One more for the page that tells the cloud.
    expect(await server.connections()).toBeLessThanOrEqual(5);
  });

  it("comes for all queries when the connection is closed", async () => {
    await using server = await startFaultyKusto({ fault: () => "hang" });
    using opened = open(server);
    const query = thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
    await vi.waitUntil(() => server.queries === 1, { interval: 1 });
    opened.kusto.close();
    expect(await query).toMatchObject({ message: "The connection to Kusto was closed." });
  });
});

describe("the identity that others see", () => {
  it("is neither the system user nor the path of the script", async () => {
    await using server = await startFaultyKusto();
    using opened = open(server);
    await opened.kusto.query(lookup(["a"]), FOR_EVER);
    const headers: KustoRequest["headers"] = server.requests[0]?.headers ?? {};
    expect(headers).toMatchObject({ "x-ms-app": "reupload", "x-ms-user": "reupload" });
    expect(JSON.stringify(headers)).not.toContain(process.argv[1]);
    expect(JSON.stringify(server.requests[0]?.options)).not.toContain("reupload");
  });

  it("shows no token and no signature, in no error", async () => {
    const echo = {
      ...forbidden("db").facts,
      said: "Bearer token-1 and token-1 of https://h/c/b?sv=1&sig=abcdef",
    };
    const body = JSON.stringify({ error: { "@message": echo.said, "@permanent": true } });
    for (const status of [400, 403, 500]) {
      await using server = await startFaultyKusto({ fault: () => ({ status, body }) });
      using opened = open(server, { policy: { maxAttempts: 2 } });
      const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
      const shown = inspect(error, { depth: 20, showHidden: true });
      expect(shown).toContain("sig=***");
      expect(shown).not.toContain("token-1");
      expect(shown).not.toContain("abcdef");
    }
    await using server = await startFaultyKusto({ fault: () => "reset" });
    using opened = open(server, { policy: { maxAttempts: 1 } });
    const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("token-1");
  });
});

describe("a cluster", () => {
  it.each([
    ["nothing", ""],
    ["no URL", "mycluster"],
    ["another kind of URL", "ftp://x.kusto.windows.net"],
    ["plain http beyond this machine", "http://x.kusto.windows.net"],
    ["another host", "https://kusto.windows.net.example.com"],
    ["a host that only ends alike", "https://evilkusto.windows.net"],
    ["a path", "https://x.kusto.windows.net/db"],
    ["a password", "https://a:b@x.kusto.windows.net"],
    ["a query", "https://x.kusto.windows.net/?sig=abc"],
    ["a connection string", "https://x.kusto.windows.net;Application Key=abc"],
  ])("is refused for %s, and nobody is asked", async (_, cluster) => {
    await using server = await startFaultyKusto();
    const { attempts, gate } = open(server);
    const signIn = tokens();
    const opening = () =>
      openKusto({
        surroundings: REAL_SURROUNDINGS,
        cluster,
        database: "db",
        signIn,
        attempts,
        gate,
        queries: 1,
      });
    expect(opening).toThrow(expect.objectContaining({ code: "kusto-invalid", exitCode: 2 }));
    expect(opening).not.toThrow(/abc/);
    expect(signIn.log).toEqual([]);
  });

  it.each([
    ["https://x.westeurope.kusto.windows.net/", "x.westeurope.kusto.windows.net/db"],
    [" https://x.kusto.fabric.microsoft.com ", "x.kusto.fabric.microsoft.com/db"],
    ["https://x.kusto.usgovcloudapi.net", "x.kusto.usgovcloudapi.net/db"],
    ["http://localhost:8080", "localhost:8080/db"],
  ])("is taken: %s", async (cluster, place) => {
    await using server = await startFaultyKusto();
    const { attempts, gate, signIn } = open(server);
    const kusto = openKusto({
      surroundings: REAL_SURROUNDINGS,
      cluster,
      database: "db",
      signIn,
      attempts,
      gate,
      queries: 1,
    });
    expect(kusto.place).toBe(place);
    kusto.close();
  });
});
