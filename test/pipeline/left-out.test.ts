import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileFailure } from "../../src/core/failure.ts";
import { temporaryFolder } from "../state/state-support.ts";
import { catalogOf, files, rig } from "./support.ts";

describe("files that the filter leaves out", () => {
  it("are counted, repetitions once, and are in no class; their work item is completed", async () => {
    const catalog = catalogOf([2, 0, 0]);
    const [a, b] = files(0, 4).slice(2);
    catalog.answers.set("item-0", { files: files(0, 2), leftOut: [a!, b!, a!] });
    catalog.answers.set("item-1", { files: [], leftOut: files(1, 5) });
    const made = await rig(catalog, 3);
    expect(await made.run({ onEmpty: "fail" })).toEqual({ kind: "finished" });
    const { workItems, files: counted } = made.store.ledger.tally();
    // Only the work item of which the catalog lists nothing at all is one without files.
    expect(workItems).toMatchObject({ completed: 2, failed: 1, empty: 0 });
    expect(counted).toMatchObject({ total: 2, copied: 2, leftOut: 7, duplicates: 0 });
    expect(made.transferred).toHaveLength(2);
  });

  it("stay in the run once it has begun with them, and are not vanished when they change", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const catalog = catalogOf([3]);
    catalog.canCount = true;
    const first = await rig(catalog, 1, { path });
    first.transfer = async (file) => {
      if (file.fileName === "f1.json") throw new FileFailure("source-changed", "it changed");
      return { outcome: "copied", bytes: 1, method: "put-blob", attempts: 1, existingSince: undefined };
    };
    await first.run();
    await first.store.close();
    // One that is done and one that failed have grown too large, and one that was left out before has not.
    const [f0, f1, f2] = files(0, 3);
    const added = files(0, 4).slice(3);
    catalog.answers.set("item-0", { files: [f2!, ...added], leftOut: [f0!, f1!, ...files(0, 6).slice(4)] });
    const second = await rig(catalog, 1, { path });
    expect(await second.run()).toEqual({ kind: "finished" });
    expect(second.transferred).toHaveLength(2);
    expect(second.store.ledger.tally()).toMatchObject({
      workItems: { completed: 1, failed: 0 },
      files: { total: 4, copied: 4, failed: 0, leftOut: 2 },
      drift: { filesAdded: 1, filesVanished: 0 },
    });
  });

  it("are counted anew by each lookup", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const catalog = catalogOf([1]);
    catalog.canCount = true;
    catalog.answers.set("item-0", { files: [], leftOut: files(0, 5) });
    const first = await rig(catalog, 1, { path });
    await first.run();
    expect(first.store.ledger.tally().files.leftOut).toBe(5);
    await first.store.close();
    catalog.answers.set("item-0", { files: files(0, 1), leftOut: files(0, 3).slice(1) });
    const second = await rig(catalog, 1, { path });
    await second.run();
    expect(second.store.ledger.tally().files).toMatchObject({ total: 1, copied: 1, leftOut: 2 });
  });
});
