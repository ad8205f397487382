/** The pool and its threads: real ones that serve a transfer which does what the file's name says. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { FileFailure } from "../../src/core/failure.ts";
import type { Incident } from "../../src/core/incident.ts";
import { WaitGivenUp } from "../../src/core/waits.ts";
import { DrainingWaits } from "../../src/pipeline/draining-waits.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { startPool } from "./acting-pool.ts";

const HANGS_SOON = { hangsAfterMs: 500 };

/** Which threads made these transfers: the actor answers with its thread's number in place of an MD5. */
const threadsIn = (results: readonly unknown[]): Set<unknown> =>
  new Set(results.map((result) => (result as { contentMd5?: string }).contentMd5));

describe("a pool of threads", () => {
  it("adds up how long its threads waited for memory, with those that are gone", async () => {
    const pool = await startPool(3);
    expect(pool.pool.heldMs).toBe(14);
    await pool.pool.close();
    expect(pool.pool.heldMs).toBe(14);
  });

  it("gives each carrier its part, and each call its own answer", async () => {
    await using pool = await startPool(3);
    const names = Array.from({ length: 30 }, (_, n) => `wait-20-${n}`);
    const results = await Promise.all(names.map(async (name) => pool.do(name)));
    expect(threadsIn(results).size).toBe(3);
    expect(results.map((result) => result.outcome === "copied" && result.bytes)).toEqual(
      names.map((name) => name.length),
    );
    const announced = await pool.pool.announce("blob", { signal: new AbortController().signal });
    expect(announced).toEqual({ attempts: 1 });
  });

  it("transfers and announces a file in one thread, and tells in between that it is in the target", async () => {
    await using pool = await startPool(3);
    const order: string[] = [];
    const names = Array.from({ length: 12 }, (_, n) => `wait-30-${n}`);
    await Promise.all(
      names.map(async (name) => {
        const onTransferred = () => order.push(`${name} is there`);
        await pool.do(name, {}, { announces: "always", onTransferred });
        order.push(`${name} is announced`);
      }),
    );
    for (const name of names) {
      expect(order.filter((what) => what.startsWith(`${name} `))).toEqual([
        `${name} is there`,
        `${name} is announced`,
      ]);
    }
    // An announcement takes as long as its transfer: no file is told of only when it is done.
    expect(order.slice(0, names.length)).toEqual(
      names.map(() => expect.stringMatching(/is there$/) as unknown),
    );
  });

  it("tells that a file is in the target, whoever carried it and though nothing is announced", async () => {
    await using pool = await startPool(3);
    const told: string[] = [];
    const names = Array.from({ length: 12 }, (_, n) => `wait-5-${n}`);
    await Promise.all(names.map(async (name) => pool.do(name, {}, { onTransferred: () => told.push(name) })));
    expect(told.toSorted()).toEqual(names.toSorted());
  });

  it("gives what comes alone to another thread: the main one has work of its own", async () => {
    await using pool = await startPool(2);
    expect(threadsIn([await pool.do("wait-1"), await pool.do("wait-2")])).not.toContain("0");
  });

  it("brings failures and incidents back, also of the last carrier", async () => {
    await using pool = await startPool(2);
    const all = ["fail-1", "fail-2", "fail-3", "fail-4"].map(async (name) => {
      const incidents: Incident[] = [];
      const thrown: unknown = await pool
        .do(name, { onIncident: (one) => incidents.push(one) })
        .catch((e: unknown) => e);
      expect(thrown).toBeInstanceOf(FileFailure);
      expect(thrown).toMatchObject({ code: "source-not-found", requestId: "r" });
      expect(incidents).toMatchObject([{ kind: "repeated", what: name }]);
    });
    await Promise.all(all);
  });

  it("tells the thread which blobs are to be written over", async () => {
    await using pool = await startPool(2, { replaces: (name) => name.endsWith("3") });
    const results = await Promise.all(
      ["wait-9-1", "wait-9-2", "wait-9-3", "wait-9-4"].map(async (name) => pool.do(name)),
    );
    expect(results.map((result) => result.outcome !== "skipped" && result.method)).toEqual([
      "put-blob",
      "put-blob",
      "put-blocks",
      "put-blob",
    ]);
  });

  it("ends a call with its signal's own reason, when nothing of it is under way any more", async () => {
    await using pool = await startPool(3);
    const controller = new AbortController();
    const reason = new Error("stopped");
    const all = ["hang-1", "hang-2", "hang-3"].map(async (name) =>
      pool.do(name, { signal: controller.signal }),
    );
    const thrown = Promise.allSettled(all);
    controller.abort(reason);
    expect(await thrown).toEqual(all.map(() => ({ status: "rejected", reason })));
  });

  it("gives up waits of every thread once the run drains, and lets what is in flight finish", async () => {
    await using pool = await startPool(3);
    const [end, drain] = [new AbortController(), new AbortController()];
    using waits = new DrainingWaits(REAL_SURROUNDINGS, end.signal, drain.signal, 20);
    const signals = { signal: end.signal, waits };
    const waiting = Promise.allSettled(
      ["gate-1", "gate-2", "gate-3"].map(async (name) => pool.do(name, signals)),
    );
    const working = pool.do("wait-100", signals);
    drain.abort(new Error("draining"));
    for (const { status, ...rest } of await waiting) {
      expect(status).toBe("rejected");
      expect(rest).toMatchObject({ reason: expect.any(WaitGivenUp) as unknown });
    }
    expect(await working).toMatchObject({ outcome: "copied" });
  });
});

/** In a process of its own. @returns what it printed, and the signal that ended it */
async function fillMemoryOfThread(): Promise<{ readonly stdout: string; readonly signal?: string }> {
  const program = join(import.meta.dirname, "thread-without-memory.ts");
  return promisify(execFile)(process.execPath, [program]).catch((thrown: unknown) => {
    const { signal } = thrown as { readonly signal: string | null };
    if (signal === null) throw thrown;
    return { stdout: "", signal };
  });
}

describe("a thread that dies", () => {
  it.each([
    ["by an error", "die-error", "it is broken"],
    ["because it ends", "die-exit", "it exited with code 7"],
    ["because it hangs", "die-hang", "it was busy for 0.5 s without a word"],
  ])("%s is replaced, and its calls are made again", async (_, name, why) => {
    await using pool = await startPool(2, name === "die-hang" ? HANGS_SOON : {});
    const before = Array.from({ length: 12 }, async (_one, n) => pool.do(`wait-50-${n}`));
    // The main carrier does not die of it, so whoever meets it first is the other one.
    const dying = [pool.do(`${name}-1`), pool.do(`${name}-2`)];
    const results = await Promise.all([...before, ...dying]);
    expect(results.every(({ outcome }) => outcome === "copied")).toBe(true);
    expect(pool.deaths[0]).toMatchObject({ why, isReplaced: true });
    expect(pool.deaths[0]?.underWay).toBeGreaterThan(0);
  });

  it("without memory is replaced too, unless the whole process ends with it", async () => {
    // With a full heap V8 now and then ends the process in place of the thread (seen in 1 of 240 trials): so not in this one.
    const { stdout, signal } = await fillMemoryOfThread();
    if (signal !== undefined) expect(["SIGTRAP", "SIGABRT"]).toContain(signal);
    else
      expect(JSON.parse(stdout)).toEqual({
        outcome: "copied",
        why: "Worker terminated due to reaching memory limit: JS heap out of memory",
        isReplaced: true,
      });
  });

  it("while it announces: the file is not transferred again", async () => {
    await using pool = await startPool(2);
    const told: string[] = [];
    const carry = async (n: number) => {
      const name = `announcing-die-${n}`;
      return pool.do(name, {}, { announces: "always", onTransferred: () => told.push(name) });
    };
    const results = await Promise.all([carry(1), carry(2), carry(3)]);
    expect(results).toMatchObject([{ outcome: "copied" }, { outcome: "copied" }, { outcome: "copied" }]);
    expect(pool.deaths.length).toBeGreaterThan(0);
    expect(told.toSorted()).toEqual(["announcing-die-1", "announcing-die-2", "announcing-die-3"]);
  });

  it("because it hangs holds up no stop", async () => {
    await using pool = await startPool(2);
    const controller = new AbortController();
    const reason = new Error("stopped");
    const all = Promise.allSettled(
      ["die-hang-1", "die-hang-2"].map(async (name) => pool.do(name, { signal: controller.signal })),
    );
    controller.abort(reason);
    expect(await all).toContainEqual({ status: "rejected", reason });
  });

  it("does not seem to hang while it waits, or answers and never rests", async () => {
    await using pool = await startPool(2, HANGS_SOON);
    await Promise.all([pool.do("wait-1500-1"), pool.do("wait-1500-2")]);
    const until = performance.now() + 1_500;
    const work = async (n: number): Promise<void> => {
      while (performance.now() < until) await pool.do(`wait-0-${n}`);
    };
    await Promise.all(Array.from({ length: 64 }, async (_, n) => work(n)));
    expect(pool.deaths).toEqual([]);
  });

  it("again and again is not replaced any more: the main thread goes on alone", async () => {
    await using pool = await startPool(2);
    for (let n = 0; pool.deaths.at(-1)?.isReplaced !== false; n++) {
      await Promise.all([pool.do(`die-error-${n}`), pool.do(`die-error-${n}-2`)]);
    }
    expect(pool.deaths.map(({ isReplaced }) => isReplaced)).toEqual([true, true, true, false]);
    expect(threadsIn([await pool.do("wait-1"), await pool.do("wait-2")])).toEqual(new Set(["0"]));
  });
});
