import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { SignInError } from "../../src/azure/sign-in/token-source.ts";
import type { ReuploadError } from "../../src/core/errors.ts";
import { serviceBusy, throttled } from "../../src/emulator/kusto-server/service-refusal.ts";
import { KustoTooMuch } from "../../src/kusto/kusto.ts";
import { thrownBy } from "../azure/support.ts";
import { makeCertificate } from "../support/oauth-emulator.ts";
import { type StubAnswer, startStub } from "../support/stub-server.ts";
import { type Fault, startFaultyKusto } from "../support/kusto-server.ts";
import { filesOf, FOR_EVER, lookup, open } from "./support.ts";

/** The first queries meet this, the later ones nothing. */
const first =
  (count: number, fault: Fault) =>
  (_: unknown, index: number): Fault | undefined =>
    index < count ? fault : undefined;

describe("a service in trouble", () => {
  it.each<[string, Fault, number]>([
    ["throttles", { refuse: throttled() }, 2],
    ["is busy", { refuse: serviceBusy() }, 2],
    ["fails inside", { status: 500, body: "oops" }, 0],
    ["fails with a status of its own", { status: 520, body: '{"error":{"code":"InternalServiceError"}}' }, 0],
    ["is behind a proxy that fails", { status: 502, body: "<html>bad gateway</html>" }, 0],
    ["resets the connection", "reset", 0],
    ["breaks off within the answer", { cutAfter: 60, ending: "broken" }, 0],
    ["ends the answer early", { cutAfter: 60, ending: "clean" }, 0],
    ["sends nothing at all", { cutAfter: 0, ending: "clean" }, 0],
    ["sends a page in place of the answer", { status: 200, body: "<html>sign in</html>" }, 0],
    ["sends an answer without its last frame", { status: 200, body: '[{"FrameType":"DataSetHeader"}]' }, 0],
  ])("is asked again when it %s", async (_, fault, throttles) => {
    await using server = await startFaultyKusto({ fault: first(2, fault) });
    server.tables.add("Files", filesOf("a", 10));
    using opened = open(server);
    const { rows } = await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(rows).toHaveLength(10);
    expect(server.queries).toBe(3);
    expect(opened.attempts.figures).toMatchObject({ retries: 2, throttles });
  });

  it("is given up as unavailable after the last attempt", async () => {
    await using server = await startFaultyKusto({ fault: () => "reset" });
    using opened = open(server, { policy: { maxAttempts: 3 } });
    const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
    expect(error).toMatchObject({ code: "unavailable", exitCode: 6 });
    expect((error as Error).message).toContain("did not answer the query, tried 3 times");
    expect(server.queries).toBe(3);
  });

  it("is given up at once when its certificate is not trusted, with the way out", async () => {
    const folder = await mkdtemp(join(tmpdir(), "reupload-kusto-tls-"));
    try {
      await using server = await startStub([{ status: 404 }], await makeCertificate(folder));
      using opened = open(server);
      const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
      expect(error).toMatchObject({ code: "unavailable" });
      expect((error as ReuploadError).advice).toContain("NODE_EXTRA_CA_CERTS");
      expect((error as Error).message).toContain("did not answer the query, tried once");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is left alone by all queries for as long as it asks", async () => {
    const waiting: unknown[] = [];
    await using server = await startFaultyKusto({
      fault: (_, index) => {
        waiting.push(opened.gate.waiting);
        return index === 0 ? { refuse: throttled(), headers: { "retry-after": "60" } } : undefined;
      },
    });
    using opened = open(server, { gate: { longestPauseMs: 200 } });
    const query = () => opened.kusto.query(lookup(["a"]), FOR_EVER);
    const refused = query();
    await vi.waitUntil(() => opened.gate.waiting?.throttled, { interval: 1 });
    await Promise.all([refused, query(), query(), query(), query()]);
    // The pause was over whenever a query came.
    expect(waiting).toEqual(Array.from({ length: 6 }, () => undefined));
    expect(opened.attempts.figures).toMatchObject({ retries: 1, throttles: 1 });
  });

  it("is waited for behind the gate when nothing listens", async () => {
    const server = await startFaultyKusto();
    await server.stop();
    using opened = open(server, { gate: { maxFirstWaitMs: 300 } });
    const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
    expect(error).toMatchObject({ code: "unavailable" });
    expect((error as Error).message).toContain("does not answer");
  });
});

describe("a query without an answer", () => {
  it("is too much when its time is over, after one more try", async () => {
    await using server = await startFaultyKusto({ fault: () => "hang" });
    using opened = open(server, { deadlineMs: 200, policy: { idleMs: 100 } });
    const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
    expect(error).toBeInstanceOf(KustoTooMuch);
    expect(error).toMatchObject({ why: "timeout" });
    expect(opened.attempts.figures.retries).toBe(1);
  });

  it("has told the service its deadline", async () => {
    await using server = await startFaultyKusto();
    using opened = open(server, { deadlineMs: 240_000 });
    await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(server.requests[0]?.options).toEqual({ servertimeout: "00:04:00.000" });
  });

  it("does not harm the others", async () => {
    await using server = await startFaultyKusto({
      fault: ({ parameters }) => (parameters["workItemIds"]?.includes("slow") === true ? "hang" : undefined),
    });
    server.tables.add("Files", filesOf("a", 3));
    using opened = open(server, { deadlineMs: 40, policy: { idleMs: 2000 } });
    const stop = new AbortController();
    const slow = thrownBy(opened.kusto.query(lookup(["slow"]), { signal: stop.signal }));
    for (let round = 0; round < 5; round++) {
      expect((await opened.kusto.query(lookup(["a"]), FOR_EVER)).rows).toHaveLength(3);
    }
    stop.abort(new Error("enough"));
    expect(await slow).toMatchObject({ message: "enough" });
    expect((await opened.kusto.query(lookup(["a"]), FOR_EVER)).rows).toHaveLength(3);
  });
});

describe("the sign-in", () => {
  it("is renewed once when the service does not take a token, without a failed query", async () => {
    await using server = await startFaultyKusto({ takesToken: (token) => token !== "token-1" });
    using opened = open(server);
    await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(opened.signIn.log).toEqual(["given 1", "refused 1", "given 2", "accepted"]);
    expect(opened.kusto.sent).toBe(2);
  });

  it("is waited for when the new token is not taken either", async () => {
    let isSignedIn = false;
    const waiting: (string | undefined)[] = [];
    await using server = await startFaultyKusto({
      takesToken: () => isSignedIn,
      fault: (_, index) => {
        waiting.push(opened.gate.waiting?.what);
        isSignedIn = index === 4;
        return undefined;
      },
    });
    using opened = open(server);
    await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(waiting).toEqual([undefined, undefined, "sign-in", "sign-in", "sign-in"]);
  });

  it("ends the query when nobody is signed in for too long", async () => {
    await using server = await startFaultyKusto({ takesToken: () => false });
    using opened = open(server, { gate: { maxFirstWaitMs: 100 } });
    const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
    expect(error).toMatchObject({ code: "sign-in", exitCode: 4 });
    expect((error as Error).message).not.toContain("token-");
  });

  it("is waited for when there is no token", async () => {
    await using server = await startFaultyKusto();
    using opened = open(server);
    const { getToken } = opened.signIn;
    let asked = 0;
    opened.signIn.getToken = async (...given) => {
      if (++asked <= 3) throw new SignInError("nobody is here", "run az login", { isUnavailable: true });
      return getToken(...given);
    };
    await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(asked).toBe(4);
    expect(server.queries).toBe(1);
  });
});

describe("the cluster's cloud", () => {
  it.each<[string, StubAnswer]>([
    ["fails", { status: 503 }],
    ["is not whole", { status: 200, body: '{"AzureAD":' }],
  ])("is asked for again when its page %s", async (_, page) => {
    await using server = await startStub([page, { status: 404 }, { status: 400, body: '{"error":{}}' }]);
    using opened = open(server);
    const error = await thrownBy(opened.kusto.query(lookup(["a"]), FOR_EVER));
    expect(error).toMatchObject({ code: "kusto-invalid" });
    expect(server.requests.map(({ url }) => url)).toEqual([
      "/v1/rest/auth/metadata",
      "/v1/rest/auth/metadata",
      "/v2/rest/query",
    ]);
  });

  it("is not waited for when the query is cancelled", async () => {
    await using server = await startStub(() => undefined);
    using opened = open(server);
    const stop = new AbortController();
    const query = thrownBy(opened.kusto.query(lookup(["a"]), { signal: stop.signal }));
    await vi.waitUntil(() => server.requests.length === 1, { interval: 1 });
    stop.abort(new Error("stopped"));
    expect(await query).toBe(stop.signal.reason);
    expect(opened.kusto.sent).toBe(0);
  });

  it("names the service that the token is for", async () => {
    const AzureAD = { LoginEndpoint: "https://login.example.com", KustoServiceResourceId: "https://k" };
    await using server = await startStub([{ status: 200, body: JSON.stringify({ AzureAD }) }]);
    using opened = open(server);
    const asked: unknown[] = [];
    opened.signIn.getToken = async (scope) => {
      asked.push(scope);
      throw new SignInError("no", "run az login", { isUnavailable: true });
    };
    const stop = new AbortController();
    const query = thrownBy(opened.kusto.query(lookup(["a"]), { signal: stop.signal }));
    await vi.waitUntil(() => asked.length > 0, { interval: 1 });
    stop.abort(new Error("stopped"));
    await query;
    expect(asked[0]).toBe("https://k/.default");
  });

  it("is the public one where the cluster does not say", async () => {
    await using server = await startFaultyKusto({ hasMetadata: false });
    using opened = open(server);
    const scopes: unknown[] = [];
    const { getToken } = opened.signIn;
    opened.signIn.getToken = (scope, options) => {
      scopes.push(scope);
      return getToken(scope, options);
    };
    await opened.kusto.query(lookup(["a"]), FOR_EVER);
    expect(scopes).toEqual(["https://kusto.kusto.windows.net/.default"]);
  });
});
