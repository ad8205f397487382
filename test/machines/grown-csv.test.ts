import { describe, expect, it } from "vitest";
import { BlobNames, makeRunId } from "../../src/machines/blob-names.ts";
import { findRuns } from "../../src/machines/find-run.ts";
import { readManifest } from "../../src/machines/generation.ts";
import { locateRun } from "../../src/machines/grown-csv.ts";
import { Part } from "../../src/machines/machines.ts";
import type { Manifest } from "../../src/machines/manifest.ts";
import { ServiceTime } from "../../src/machines/service-time.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { TWO_PARTITIONS } from "./new-manifest.ts";
import { simulatedFacts } from "./simulated-facts.ts";

const target = "https://a.example/results";
const A: Manifest["csv"] = { digest: "a", rows: 4, workItems: 4, fileName: "a.csv", sample: [] };
const B: Manifest["csv"] = { digest: "b", rows: 6, workItems: 6, fileName: "b.csv", sample: [] };
const C: Manifest["csv"] = { digest: "c", rows: 7, workItems: 7, fileName: "c.csv", sample: [] };
/** Work items of partition I of each CSV. */
const ROWS: Readonly<Record<string, readonly [number, number]>> = { a: [2, 2], b: [2, 4], c: [2, 5] };
class Run {
  readonly world = new VirtualWorld(1);
  readonly account = new MemoryAccount(() => this.world.now);
  readonly surroundings = new VirtualSurroundings(this.world);
  readonly signal = new AbortController().signal;

  /** Lets time pass until it has ended. */
  async done<T>(work: Promise<T>): Promise<T> {
    const state = { isUnderWay: true };
    const ended = work.finally(() => (state.isUnderWay = false));
    ended.catch(() => {});
    while (state.isUnderWay) await this.world.runUntil(this.world.now + 100);
    return ended;
  }

  /** Starts on a partition as a state does that had these CSVs. */
  async begin(partition: 0 | 1, csvs: readonly Manifest["csv"][], more: { updatesCsv?: boolean } = {}) {
    const { account, surroundings, signal } = this;
    const csv = csvs.at(-1) ?? A;
    const digests = csvs.map(({ digest }) => digest);
    const { run, seen } = await this.done(locateRun(this, { target, digests }, signal));
    const count = ROWS[csv.digest]?.[partition] ?? 0;
    const items = Array.from({ length: count }, (_, place) => `${partition}-${place}`);
    const done = new Set<string>();
    const options = {
      account,
      surroundings,
      run,
      seen,
      names: BlobNames.forRun(run),
      serviceTime: new ServiceTime(surroundings),
      holder: { host: `host${partition}`, pid: 1, stateId: `state${partition}` },
      partition,
      settings: TWO_PARTITIONS,
      csv,
      facts: simulatedFacts(items, done),
      tool: "test",
      takeOver: false,
      separateRun: false,
      updatesCsv: more.updatesCsv === true,
      formerCsvs: digests.slice(0, -1),
      ownBegin: undefined,
      spread: undefined,
      beginsAgain: false,
      hasRetries: () => done.size < items.length,
      mayFindMore: () => false,
      onWait: () => {},
      onSuspicion: () => {},
      onClaimed: () => {},
    };
    const part = await this.done(Part.begin(options, signal));
    return {
      runId: part.runId,
      /** Does all work items and ends. */
      finish: async () => {
        for (const item of items) done.add(item);
        await this.done(part.end(signal));
        return this.done(part.look(signal));
      },
    };
  }

  async manifest(): Promise<Manifest> {
    const { account, surroundings } = this;
    const names = BlobNames.forRun({ target, csvDigest: "a" });
    return (await this.done(readManifest({ account, surroundings, names }, this.signal)))
      ?.manifest as Manifest;
  }

  async complete(): Promise<void> {
    await (await this.begin(0, [A])).finish();
    expect((await (await this.begin(1, [A])).finish()).isComplete).toBe(true);
  }
}

describe("a CSV that has grown", () => {
  it("keeps the run, its id and its records: the old key's manifest has the new digest, and a closed run is open", async () => {
    const run = new Run();
    await run.complete();
    expect((await run.manifest()).state).toBe("closed");
    const first = await run.begin(0, [A, B], { updatesCsv: true });
    expect(first.runId).toBe(makeRunId({ target, csvDigest: "a" }, 1));
    expect(await run.manifest()).toMatchObject({
      state: "open",
      reopened: 1,
      csv: { ...B, first: "a", former: ["a"] },
    });
    expect((await first.finish()).isComplete).toBe(false);
    const second = await run.begin(1, [A, B], { updatesCsv: true });
    expect((await second.finish()).isComplete).toBe(true);
    expect((await run.manifest()).state).toBe("closed");
  });

  it("refuses a machine whose CSV is not the newest, with what to do, also with --update-csv", async () => {
    const run = new Run();
    await (await run.begin(0, [A])).finish();
    await (await run.begin(0, [A, B], { updatesCsv: true })).finish();
    const refusal = { code: "csv-differs", advice: expect.stringContaining("--update-csv") as string };
    await expect(run.begin(1, [A])).rejects.toMatchObject(refusal);
    await (await run.begin(0, [A, B, C], { updatesCsv: true })).finish();
    await expect(run.begin(1, [B])).rejects.toMatchObject(refusal);
    await expect(run.begin(1, [A, B], { updatesCsv: true })).rejects.toMatchObject(refusal);
    expect((await run.manifest()).csv).toMatchObject({ digest: "c", former: ["a", "b"] });
  });

  it("lets a machine that works go on, which declares no completion and learns of the newer CSV", async () => {
    const run = new Run();
    const working = await run.begin(1, [A]);
    await (await run.begin(0, [A, { ...B, workItems: 4 }], { updatesCsv: true })).finish();
    const end = await working.finish();
    expect(end).toMatchObject({ isComplete: false, newerCsv: { fileName: "b.csv", rows: 6 } });
    expect((await run.manifest()).state).toBe("open");
  });

  it("is joined by a new state that has it, from the pointer", async () => {
    const run = new Run();
    const before = await run.begin(0, [A]);
    await before.finish();
    await (await run.begin(0, [A, B], { updatesCsv: true })).finish();
    const joined = await run.begin(1, [B]);
    expect(joined.runId).toBe(before.runId);
    expect((await joined.finish()).isComplete).toBe(true);
  });

  it("is never a second run: a state that was killed before the account knew of it finds the run, and tells it", async () => {
    const run = new Run();
    await run.complete();
    await (await run.begin(0, [A, B])).finish();
    expect((await run.manifest()).csv).toMatchObject({ digest: "b", former: ["a"] });
    // Not when the run has another CSV by now.
    await (await run.begin(1, [A, B, C], { updatesCsv: true })).finish();
    const other = { ...C, digest: "d", rows: 9 };
    await expect(run.begin(0, [A, other])).rejects.toMatchObject({ code: "csv-differs" });
    expect(await run.done(findRuns(run, target, run.signal))).toHaveLength(1);
  });

  it("is found by each of its CSVs as one run", async () => {
    const run = new Run();
    await (await run.begin(0, [A])).finish();
    await (await run.begin(0, [A, B], { updatesCsv: true })).finish();
    await (await run.begin(0, [A, B, C], { updatesCsv: true })).finish();
    const [only, ...more] = await run.done(findRuns(run, target, run.signal));
    expect(more).toEqual([]);
    expect(only).toMatchObject({ csvDigest: "c", runId: makeRunId({ target, csvDigest: "a" }, 1) });
    const isOf = (digest: string) => only?.ofCsvs.some((name) => BlobNames.isOfCsv(name, digest));
    expect(["a", "b", "c", "d"].map(isOf)).toEqual([true, true, true, false]);
  });

  it("is refused when it has a run of its own, and nothing is changed", async () => {
    const run = new Run();
    await (await run.begin(0, [A])).finish();
    await (await run.begin(0, [B])).finish();
    await expect(run.begin(0, [A, B], { updatesCsv: true })).rejects.toMatchObject({ code: "csv-differs" });
    expect((await run.manifest()).csv.digest).toBe("a");
  });
});
