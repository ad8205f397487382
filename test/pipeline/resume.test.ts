import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileFailure } from "../../src/core/failure.ts";
import { temporaryFolder } from "../state/state-support.ts";
import { catalogOf, COPIED, files, MapCatalog, type Rig, rig } from "./support.ts";

const HOUR_MS = 3_600_000;

/** Runs twice on one state: `first` prepares and ends the first run. Gives the second rig, before its run. */
async function resumed(
  catalog: MapCatalog,
  count: number,
  first: (made: Rig) => Promise<unknown>,
  options: { retryFailed?: "all" | "none" } = {},
): Promise<Rig> {
  const path = join(await temporaryFolder(), "state.db");
  const made = await rig(catalog, count, { path });
  await first(made);
  await made.store.close();
  return rig(catalog, count, { path, ...options });
}

/** A transfer in which these files fail. */
const failing =
  (code: "source-not-found" | "source-forbidden", ...names: readonly string[]): Rig["transfer"] =>
  async (file) => {
    if (names.includes(file.fileName)) throw new FileFailure(code, "no");
    return COPIED;
  };

describe("a resumed run", () => {
  it("transfers nothing that is completed", async () => {
    const second = await resumed(catalogOf([40, 3]), 2, async (made) => {
      made.transfer = async () => {
        if (made.announced.length >= 7) made.drain.abort();
        return COPIED;
      };
      expect(await made.run()).toMatchObject({ kind: "stopped", request: { error: undefined } });
    });
    const before = second.store.ledger.tally().files.copied;
    expect(before).toBeGreaterThanOrEqual(7);
    expect(await second.run()).toEqual({ kind: "finished" });
    expect(second.transferred).toHaveLength(43 - before);
    expect(second.store.ledger.tally()).toMatchObject({
      workItems: { completed: 2 },
      files: { total: 43, copied: 43 },
    });
  });

  it("announces what is in the target by the name it got there, whatever name it would get now", async () => {
    const catalog = catalogOf([2]);
    const uri = (folder: string) => `https://source.example/c/${folder}/f0.json`;
    const both = ["a", "b"].map((folder) => ({ fileName: `${folder}/f0.json`, uri: uri(folder) }));
    catalog.answers.set("item-0", { workItemName: "first", files: both });
    const second = await resumed(catalog, 1, async (made) => {
      made.announce = async () => {
        throw new FileFailure("queue-unavailable", "it is gone");
      };
      await made.run({ onCollision: "path" });
    });
    catalog.answers.set("item-0", { workItemName: "renamed", files: both });
    expect(await second.run({ onCollision: "report" })).toEqual({ kind: "finished" });
    expect(second.announced.toSorted()).toEqual(["first-b/f0.json", "first-f0.json"]);
    expect(second.transferred).toEqual([]);
  });

  it("only announces what is in the target", async () => {
    const second = await resumed(catalogOf([5]), 1, async (made) => {
      made.announce = async () => {
        throw new FileFailure("queue-unavailable", "it is gone");
      };
      await made.run();
      expect(made.store.ledger.tally().files).toMatchObject({ failed: 5 });
    });
    expect(await second.run()).toEqual({ kind: "finished" });
    expect(second.transferred).toEqual([]);
    expect(second.announced).toHaveLength(5);
    expect(second.reports.every(({ outcome }) => outcome === "announced")).toBe(true);
    expect(second.store.ledger.tally()).toMatchObject({
      workItems: { completed: 1 },
      files: { copied: 5, announced: 5 },
    });
  });

  it("tries failed files again, or leaves them failed on request", async () => {
    const fail = async (made: Rig) => {
      made.transfer = failing("source-not-found", "f1.json");
      await made.run();
    };
    const retried = await resumed(catalogOf([3]), 1, fail);
    await retried.run();
    expect(retried.transferred).toEqual(["item-0-f1.json"]);
    expect(retried.store.ledger.tally().workItems).toMatchObject({ completed: 1 });
    const left = await resumed(catalogOf([3]), 1, fail, { retryFailed: "none" });
    expect(await left.run()).toEqual({ kind: "finished" });
    expect(left.transferred).toEqual([]);
    expect(left.store.ledger.tally()).toMatchObject({
      workItems: { failed: 1 },
      files: { failed: 1, copied: 2 },
    });
  });

  it("reports files that the catalog no longer lists, and takes in new ones", async () => {
    const catalog = catalogOf([4]);
    const second = await resumed(catalog, 1, async (made) => {
      made.transfer = failing("source-not-found", "f2.json", "f3.json");
      await made.run();
    });
    catalog.answers.set("item-0", {
      files: [
        ...files(0, 1),
        ...files(0, 4).slice(3),
        { fileName: "new.json", uri: "https://source.example/c/new" },
      ],
    });
    expect(await second.run()).toEqual({ kind: "finished" });
    expect(second.transferred.toSorted()).toEqual(["item-0-f3.json", "item-0-new.json"]);
    // f1 is done and stays done; f2 is neither done nor listed.
    expect(second.store.ledger.tally()).toMatchObject({
      workItems: { failed: 1 },
      files: { total: 5, copied: 4, failed: 1 },
    });
    expect(await second.store.ledger.failures()).toMatchObject([
      { code: "source-not-found", samples: [{ fileName: "f2.json", message: /no longer does/ }] },
    ]);
  });

  it("still announces a file in the target whose name a later lookup gives to another", async () => {
    const listed = [{ fileName: "b/x.json", uri: "https://source.example/c/b" }];
    const catalog = new MapCatalog(new Map([["item-0", { files: listed }]]));
    const second = await resumed(catalog, 1, async (made) => {
      made.announce = async () => {
        throw new FileFailure("queue-unavailable", "it is gone");
      };
      await made.run();
    });
    catalog.answers.set("item-0", {
      files: [{ fileName: "a/x.json", uri: "https://source.example/c/a" }, ...listed],
    });
    second.transfer = async () => {
      throw new FileFailure("conflict", "there is another");
    };
    expect(await second.run({ onCollision: "first" })).toEqual({ kind: "finished" });
    expect(second.announced).toEqual(["item-0-x.json"]);
    expect(second.store.ledger.tally().files).toMatchObject({ copied: 1, failed: 1 });
  });

  it("still announces a file in the target that the catalog no longer lists", async () => {
    const catalog = catalogOf([2]);
    const second = await resumed(catalog, 1, async (made) => {
      made.announce = async () => {
        throw new FileFailure("queue-unavailable", "it is gone");
      };
      await made.run();
    });
    catalog.answers.set("item-0", { files: files(0, 1) });
    expect(await second.run()).toEqual({ kind: "finished" });
    expect(second.transferred).toEqual([]);
    expect(second.announced.toSorted()).toEqual(["item-0-f0.json", "item-0-f1.json"]);
    expect(second.store.ledger.tally()).toMatchObject({
      workItems: { completed: 1 },
      files: { total: 2, copied: 2, announced: 2 },
    });
  });

  it("keeps to what is recorded with another rule for collisions", async () => {
    const listed = ["a", "b"].map((folder) => ({
      fileName: `${folder}/x.json`,
      uri: `https://source.example/c/${folder}`,
    }));
    const catalog = new MapCatalog(new Map([["item-0", { files: [...listed, ...files(0, 1)] }]]));
    const second = await resumed(catalog, 1, async (made) => {
      made.transfer = failing("source-not-found", "f0.json");
      await made.run({ onCollision: "first" });
      expect(made.store.ledger.tally().files).toMatchObject({ skipped: 1, failed: 1 });
    });
    expect(await second.run({ onCollision: "report" })).toEqual({ kind: "finished" });
    expect(second.store.ledger.tally().files).toMatchObject({ copied: 2, skipped: 1, failed: 0 });
    expect(second.announced).toEqual(["item-0-f0.json"]);
  });
});

describe("a link that is refused", () => {
  /** A transfer that takes fresh links only. */
  const freshOnly: Rig["transfer"] = async (file) => {
    if (file.uri.includes("sig=new")) return COPIED;
    throw new FileFailure("source-forbidden", "the link has ended");
  };
  const freshly = (catalog: MapCatalog): MapCatalog => {
    catalog.fresh = (file) => ({ ...file, uri: file.uri.replace("sig=old", "sig=new") });
    return catalog;
  };

  it("is renewed once for all files of its work item", async () => {
    const made = await rig(freshly(catalogOf([12, 3])), 2);
    made.transfer = freshOnly;
    expect(await made.run()).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally().files).toMatchObject({ copied: 15, failed: 0 });
    expect(made.catalog.asked.toSorted()).toEqual(["fresh:item-0", "fresh:item-1", "item-0", "item-1"]);
  });

  it("fails after one question when the catalog has no other link", async () => {
    const made = await rig(catalogOf([12]), 1);
    made.transfer = freshOnly;
    await made.run();
    expect(made.store.ledger.tally().files).toMatchObject({ failed: 12 });
    expect(made.catalog.asked).toEqual(["item-0", "fresh:item-0"]);
    expect(made.transferred).toHaveLength(12);
  });

  it("fails when the fresh link is refused too", async () => {
    const made = await rig(freshly(catalogOf([1])), 1);
    made.transfer = failing("source-forbidden", "f0.json");
    await made.run();
    expect(made.transferred).toHaveLength(2);
    expect(await made.store.ledger.failures()).toMatchObject([{ code: "source-forbidden", files: 1 }]);
  });

  it("is not renewed for any other failure", async () => {
    const made = await rig(freshly(catalogOf([1])), 1);
    made.transfer = failing("source-not-found", "f0.json");
    await made.run();
    expect(made.catalog.asked).toEqual(["item-0"]);
  });
});

describe("a link that ends", () => {
  const ending = (atMs: number) => {
    const uri = `https://source.example/c/f0.json?se=${new Date(Date.now() + atMs).toISOString()}&sig=old`;
    const catalog = new MapCatalog(new Map([["item-0", { files: [{ fileName: "f0.json", uri }] }]]));
    catalog.fresh = (file) => ({ ...file, uri: "https://source.example/c/f0.json?sig=new" });
    return catalog;
  };

  it("is looked up again before it is used when its end is near", async () => {
    for (const atMs of [-HOUR_MS, 60_000]) {
      const made = await rig(ending(atMs), 1);
      const used: string[] = [];
      made.transfer = async ({ uri }) => {
        used.push(uri);
        return COPIED;
      };
      expect(await made.run()).toEqual({ kind: "finished" });
      expect(used).toEqual(["https://source.example/c/f0.json?sig=new"]);
    }
  });

  it("is used as it is when its end is far", async () => {
    const made = await rig(ending(HOUR_MS), 1);
    await made.run();
    expect(made.catalog.asked).toEqual(["item-0"]);
  });

  it("is used with a near end when the catalog has no other link", async () => {
    const catalog = ending(60_000);
    catalog.fresh = (file) => file;
    const made = await rig(catalog, 1);
    await made.run();
    expect(made.store.ledger.tally().files.copied).toBe(1);
    expect(catalog.asked).toEqual(["item-0", "fresh:item-0"]);
  });
});
