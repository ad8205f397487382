import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { FileFailure } from "../../src/core/failure.ts";
import { temporaryFolder } from "../state/state-support.ts";
import { catalogOf, COPIED, files, gate, hang, MapCatalog, rig } from "./support.ts";

/** A catalog that counts ahead. */
const counting = (counts: readonly number[]) => {
  const catalog = catalogOf(counts);
  catalog.canCount = true;
  return catalog;
};

describe("a survey", () => {
  it("brings the work items with most files first, once their counts are known", async () => {
    const catalog = counting([1, 1, 1, 1, 2, 3, 40, 30]);
    catalog.batchSize = 1;
    const held = gate();
    const made = await rig(catalog, 8);
    made.transfer = async () => {
      await held.wait();
      return COPIED;
    };
    const pipeline = made.start({ workItemWorkers: 1, fileWorkers: 1 });
    await expect.poll(() => held.waiting()).toBe(1);
    await expect.poll(() => made.store.ledger.tally().notSurveyed).toBe(0);
    held.open();
    expect(await pipeline.outcome).toEqual({ kind: "finished" });
    // The first ones are asked for before anything is counted.
    const large = catalog.asked.filter((id) => ["item-4", "item-5", "item-6", "item-7"].includes(id));
    expect(large).toEqual(["item-6", "item-7", "item-5", "item-4"]);
  });

  it("brings the work items whose links end first before larger ones", async () => {
    const catalog = counting([1, 50, 2]);
    catalog.batchSize = 1;
    const soon = new Date(Date.now() + 3 * 3_600_000).toISOString();
    catalog.answers.set("item-2", {
      files: files(2, 2).map((file) => ({ ...file, uri: `${file.uri}&se=${soon}` })),
    });
    const held = gate();
    const made = await rig(catalog, 3);
    made.transfer = async () => {
      await held.wait();
      return COPIED;
    };
    const pipeline = made.start({ workItemWorkers: 1, fileWorkers: 1 });
    await expect.poll(() => made.store.ledger.tally().notSurveyed).toBe(0);
    held.open();
    await pipeline.outcome;
    expect(catalog.asked.indexOf("item-2")).toBeLessThan(catalog.asked.indexOf("item-1"));
  });

  it("is not waited for before the first file, but before the end", async () => {
    const catalog = counting([2]);
    const held = gate();
    catalog.beforeSurvey = held.wait;
    const made = await rig(catalog, 1);
    const pipeline = made.start();
    await expect.poll(() => made.announced.length).toBe(2);
    held.open();
    expect(await pipeline.outcome).toEqual({ kind: "finished" });
  });

  it("that counted other files than a lookup lists is remembered, whichever comes first", async () => {
    const catalog = counting([2, 3, 1, 1]);
    catalog.batchSize = 1;
    const survey: typeof catalog.survey = (...given) => MapCatalog.prototype.survey.apply(catalog, given);
    // Twice as many as there are, of those that have several.
    catalog.survey = async function* counted(batches, options) {
      for await (const surveys of survey(batches, options)) {
        yield surveys.map((one) => ({ ...one, files: one.files > 1 ? one.files * 2 : one.files }));
      }
    };
    const made = await rig(catalog, 4);
    const pipeline = made.start({ workItemWorkers: 1, fileWorkers: 1 });
    expect(await pipeline.outcome).toEqual({ kind: "finished" });
    expect({ ...pipeline.live.miscounted }).toEqual({ workItems: 2, counted: 10, listed: 5 });
  });

  it("that counted what the lookups list needs no remark", async () => {
    const made = await rig(counting([2, 3, 0]), 3);
    const pipeline = made.start();
    expect(await pipeline.outcome).toEqual({ kind: "finished" });
    expect({ ...pipeline.live.miscounted }).toEqual({ workItems: 0, counted: 0, listed: 0 });
  });

  it("ends with a drain", async () => {
    const catalog = counting([2]);
    catalog.beforeSurvey = hang;
    const made = await rig(catalog, 1);
    const pipeline = made.start();
    await expect.poll(() => made.announced.length).toBe(2);
    made.drain.abort();
    expect(await pipeline.outcome).toMatchObject({ kind: "stopped", request: { error: undefined } });
  });

  it("ends the run when it cannot be answered: the run cannot say that it is complete", async () => {
    const catalog = counting([2]);
    const gone = new Error("the catalog is gone");
    catalog.beforeSurvey = async () => {
      throw gone;
    };
    expect(await (await rig(catalog, 1)).run()).toMatchObject({
      kind: "stopped",
      request: { kind: "error", error: { code: "internal", cause: gone } },
    });
  });
});

describe("a catalog that changed after a work item was completed", () => {
  it("is noticed on resume: new files join and vanished files are reported", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const catalog = counting([800, 5, 7]);
    const first = await rig(catalog, 3, { path });
    await first.run();
    await first.store.close();
    catalog.answers.set("item-0", { files: files(0, 803) });
    catalog.answers.set("item-2", { files: files(2, 6) });
    catalog.asked.length = 0;
    const second = await rig(catalog, 3, { path });
    expect(await second.run()).toEqual({ kind: "finished" });
    // Each once to notice; the changed ones once more, to be done.
    expect(catalog.asked.toSorted()).toEqual(["item-0", "item-0", "item-1", "item-2", "item-2"]);
    expect(second.transferred).toHaveLength(3);
    expect(second.store.ledger.tally()).toMatchObject({
      workItems: { completed: 3, failed: 0 },
      files: { copied: 815 },
      drift: { workItems: 2, filesAdded: 3, filesVanished: 1 },
    });
  });
});

describe("files that changed while their number stayed the same", () => {
  it("are noticed on resume too", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const catalog = counting([3]);
    const first = await rig(catalog, 1, { path });
    await first.run();
    await first.store.close();
    const renamed = files(0, 3).map((file, n) => (n === 1 ? { ...file, fileName: "other.json" } : file));
    catalog.answers.set("item-0", { files: renamed });
    const second = await rig(catalog, 1, { path });
    expect(await second.run()).toEqual({ kind: "finished" });
    expect(second.transferred).toEqual([expect.stringContaining("other.json")]);
    expect(second.store.ledger.tally().drift).toMatchObject({ filesAdded: 1, filesVanished: 1 });
  });
});

describe("--max-failures", () => {
  const failingEvery = (n: number) => {
    let calls = 0;
    return async () => {
      if (calls++ % n === 0) throw new FileFailure("source-not-found", "no");
      return COPIED;
    };
  };

  it("ends the run once more files failed, with those in the slots finished", async () => {
    const made = await rig(catalogOf(Array.from({ length: 50 }, () => 20)), 50);
    made.transfer = failingEvery(4);
    const outcome = await made.run({ maxFailures: { files: 30 } });
    expect(outcome).toMatchObject({ kind: "stopped", request: { kind: "too-many-failures" } });
    const { files: counted, workItems } = made.store.ledger.tally();
    expect(counted.failed).toBeGreaterThan(30);
    expect(counted.failed).toBeLessThanOrEqual(31 + 20);
    expect(workItems.in_progress).toBe(0);
    expect(workItems.pending).toBeGreaterThan(0);
  });

  it("is judged as a percentage by the files that came to an end", async () => {
    const make = async () => rig(catalogOf([400]), 1);
    const over = await make();
    over.transfer = failingEvery(10);
    expect(await over.run({ maxFailures: { percent: 5 } })).toMatchObject({
      kind: "stopped",
      request: { kind: "too-many-failures" },
    });
    const under = await make();
    under.transfer = failingEvery(10);
    expect(await under.run({ maxFailures: { percent: 12 } })).toEqual({ kind: "finished" });
  });

  it("is not misled as a percentage by failures that end first", async () => {
    const made = await rig(catalogOf([400]), 1);
    let calls = 0;
    made.transfer = async () => {
      if (calls++ % 10 === 0) throw new FileFailure("source-not-found", "no");
      await sleep(20);
      return COPIED;
    };
    const outcome = await made.run({ maxFailures: { percent: 15 }, workItemWorkers: 10, fileWorkers: 10 });
    expect(outcome).toEqual({ kind: "finished" });
  });

  it("does not stop a run in which everything came to its end", async () => {
    const made = await rig(catalogOf([120]), 1);
    made.transfer = failingEvery(1);
    const outcome = await made.run({ maxFailures: { files: 110 }, workItemWorkers: 10, fileWorkers: 20 });
    expect(outcome).toEqual({ kind: "finished" });
  });

  it("does not apply as a share before a hundred files", async () => {
    const made = await rig(catalogOf([99]), 1);
    made.transfer = failingEvery(1);
    expect(await made.run({ maxFailures: { percent: 0 } })).toEqual({ kind: "finished" });
  });

  it("as a number needs no hundred files: it holds from the first one", async () => {
    const made = await rig(catalogOf(Array.from({ length: 50 }, () => 1)), 50);
    made.transfer = failingEvery(1);
    const outcome = await made.run({ maxFailures: { files: 1 }, workItemWorkers: 2, fileWorkers: 2 });
    expect(outcome).toMatchObject({ kind: "stopped", request: { kind: "too-many-failures" } });
    const { failed } = made.store.ledger.tally().files;
    expect(failed).toBeGreaterThan(1);
    expect(failed).toBeLessThan(12);
  });

  it("counts work items that fail as a whole", async () => {
    const catalog = catalogOf(Array.from({ length: 150 }, () => 1));
    for (const id of catalog.answers.keys()) catalog.answers.set(id, "none");
    const made = await rig(catalog, 150);
    expect(await made.run({ maxFailures: { percent: 50 } })).toMatchObject({
      request: { kind: "too-many-failures", exitCode: 5 },
    });
  });
});
