import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CatalogFile } from "../../src/core/file.ts";
import type { Transfer } from "../../src/transfer/transfer.ts";
import { thrownBy } from "../azure/support.ts";
import { Bench, content, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

const never = new AbortController().signal;
const body = content(5000);
const files = async (count: number): Promise<CatalogFile[]> =>
  Promise.all(Array.from({ length: count }, async (_, n) => bench.put(`f${n}`, body)));
const start = (ladder: Transfer, all: readonly CatalogFile[], signal = never) =>
  all.map(async (file) => ladder.transfer(file, file.fileName, { signal }));

async function expectAllThere(count: number): Promise<void> {
  const found = [...(await bench.found()).values()];
  expect(found.map(({ md5 }) => md5)).toEqual(Array.from({ length: count }, () => md5Of(body)));
}

describe("an account", () => {
  it("costs the files nothing when it goes away for a while", async () => {
    const all = await files(30);
    const { ladder, tools } = bench.ladder();
    await ladder.transfer(await bench.put("first", body), "first", { signal: never });
    await bench.proxy.offline();
    const work = start(ladder, all);
    await expect.poll(() => tools.sourceGate(bench.account.blobEndpoint).isDown).toBe(true);
    await bench.proxy.online();
    for (const result of await Promise.all(work)) {
      expect(result.outcome).toBe("copied");
      // Charged is at most what failed before the brake was on.
      expect(result.attempts).toBeLessThanOrEqual(4);
    }
    await expectAllThere(31);
  });

  it("is waited for when it refuses everything for a while, once the brake is on", async () => {
    const all = await files(30);
    const { ladder, tools } = bench.ladder();
    bench.proxy.fail({
      fault: { kind: "answer", status: 403, errorCode: "AuthorizationFailure" },
      operation: "put-blob",
    });
    const work = Promise.allSettled(start(ladder, all));
    await expect.poll(() => tools.targetGate.waiting?.advice).toContain("give this sign-in its roles again");
    bench.proxy.heal();
    const outcomes = await work;
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(7);
    for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: "target-forbidden" } });
  });

  it("ends the run with exit code 6 when it stays away", async () => {
    const { ladder } = bench.ladder({ gate: { maxWaitMs: 50 } });
    const all = await files(5);
    await ladder.transfer(await bench.put("first", body), "first", { signal: never });
    await bench.proxy.offline();
    for (const outcome of await Promise.allSettled(start(ladder, all))) {
      expect(outcome).toMatchObject({ reason: { code: "unavailable", exitCode: 6 } });
    }
  });

  it("gets all files in the end when it throttles everything with Retry-After", async () => {
    const all = await files(20);
    const { ladder, tools } = bench.ladder();
    const fault = { kind: "answer", status: 429, headers: { "retry-after": "0" } } as const;
    bench.proxy.fail({ fault, operation: "put-blob", times: 25 });
    await Promise.all(start(ladder, all));
    expect(tools.attempts.figures.throttles).toBe(25);
    await expectAllThere(20);
  });
});

describe("a source account that is not there", () => {
  it("fails its own files alone", async () => {
    const { ladder } = bench.ladder({ gate: { maxFirstWaitMs: 50 } });
    const there = await files(5);
    const lost = Array.from({ length: 5 }, (_, n) => ({
      fileName: `lost${n}`,
      // Nobody listens on port 1.
      uri: `http://127.0.0.1:1/acct/c/lost${n}?sig=x`,
    }));
    const outcomes = await Promise.allSettled(start(ladder, [...there, ...lost]));
    expect(outcomes.slice(0, 5).every(({ status }) => status === "fulfilled")).toBe(true);
    for (const outcome of outcomes.slice(5)) expect(outcome).toMatchObject({ reason: { code: "network" } });
  });

  it("does not hold the others when it refuses one link without a SAS", async () => {
    const all = await files(5);
    const { ladder, tools } = bench.ladder();
    const fault = { kind: "answer", status: 401, errorCode: "NoAuthenticationInformation" } as const;
    bench.proxy.fail({ fault, name: /f0$/, operation: "get-blob" });
    const outcomes = await Promise.allSettled(start(ladder, all));
    expect(outcomes[0]).toMatchObject({ reason: { code: "source-forbidden" } });
    expect(outcomes.slice(1).every(({ status }) => status === "fulfilled")).toBe(true);
    expect(tools.sourceGate(bench.account.blobEndpoint).isDown).toBe(false);
  });
});

describe("an abort", () => {
  it("ends all transfers at once, with its reason", async () => {
    const all = await files(10);
    const run = new AbortController();
    bench.proxy.fail({ fault: { kind: "hang" } });
    const work = start(bench.ladder().ladder, all, run.signal);
    await expect.poll(() => bench.proxy.count("get-blob")).toBe(10);
    const reason = new Error("stop");
    run.abort(reason);
    expect(await Promise.all(work.map(thrownBy))).toEqual(work.map(() => reason));
  });
});
