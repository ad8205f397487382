import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ReuploadError } from "../../src/core/errors.ts";
import { FileFailure } from "../../src/core/failure.ts";
import { catalogOf, COPIED, files, hang, MapCatalog, rig, type CatalogAnswer } from "./support.ts";
import { temporaryFolder } from "../state/state-support.ts";

const DAY_MS = 86_400_000;

describe("a run", () => {
  it("transfers, announces and records every file of every work item, once", async () => {
    const made = await rig(catalogOf([3, 0, 25, 1]), 4);
    made.transfer = async (file) => ({ ...COPIED, bytes: file.fileName.length, attempts: 2 });
    expect(await made.run()).toEqual({ kind: "finished" });
    const names = [0, 2, 3].flatMap((item) =>
      files(item, [3, 0, 25, 1][item] ?? 0).map(({ fileName }) => `item-${item}-${fileName}`),
    );
    expect(made.transferred.toSorted()).toEqual(names.toSorted());
    expect(made.announced.toSorted()).toEqual(names.toSorted());
    expect(made.reports).toHaveLength(29);
    expect(made.reports[0]).toMatchObject({
      workItem: { workItemId: "item-0" },
      fileName: "f0.json",
      blobName: "item-0-f0.json",
      outcome: "copied",
      method: COPIED.method,
      bytes: 7,
    });
    expect(made.store.ledger.tally()).toMatchObject({
      workItems: { pending: 0, in_progress: 0, completed: 3, empty: 1, failed: 0 },
      files: { total: 29, copied: 29, alreadyThere: 0, announced: 29, failed: 0, uploaded: 0 },
    });
  });

  it("announces nothing without a queue", async () => {
    const made = await rig(catalogOf([3]), 1);
    expect(await made.run({ queue: false })).toEqual({ kind: "finished" });
    expect(made.announced).toEqual([]);
    expect(made.store.ledger.tally().files).toMatchObject({ copied: 3, announced: 0 });
  });

  it("announces only after the transfer", async () => {
    const made = await rig(catalogOf([10]), 1);
    const there = new Set<string>();
    made.transfer = async (_, blobName) => {
      await new Promise((resolve) => setImmediate(resolve));
      there.add(blobName);
      return COPIED;
    };
    made.announce = async (blobName) => expect(there.has(blobName)).toBe(true);
    expect(await made.run()).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally().files.failed).toBe(0);
  });

  it("uses the catalog's name for a work item, else the CSV's", async () => {
    const made = await rig(
      new MapCatalog(new Map([["item-0", { workItemName: "Alpha", files: files(0, 1) }]])),
      1,
    );
    await made.run();
    expect(made.announced).toEqual(["Alpha-f0.json"]);
  });

  it("finishes when there is nothing to do", async () => {
    expect(await (await rig(catalogOf([]), 0)).run()).toEqual({ kind: "finished" });
  });
});

describe("a file that fails", () => {
  it("fails its work item, and no other file", async () => {
    const made = await rig(catalogOf([5, 5]), 2);
    made.transfer = async (_, blobName) => {
      if (blobName !== "item-0-f2.json") return COPIED;
      throw new FileFailure("source-not-found", "it is gone", { attempts: 3, requestId: "r" });
    };
    expect(await made.run()).toEqual({ kind: "finished" });
    expect(made.announced).toHaveLength(9);
    expect(made.store.ledger.tally()).toMatchObject({
      workItems: { completed: 1, failed: 1 },
      files: { failed: 1 },
    });
    expect(await made.store.ledger.failures()).toMatchObject([
      {
        code: "source-not-found",
        files: 1,
        samples: [{ fileName: "f2.json", message: "it is gone", requestId: "r" }],
      },
    ]);
    expect(made.reports.find(({ outcome }) => outcome === "failed")?.failure).toMatchObject({ attempts: 3 });
  });

  it("is internal when the defect is ours, and stops nothing", async () => {
    const made = await rig(catalogOf([5]), 1);
    made.transfer = async (_, blobName) => {
      if (blobName.endsWith("f1.json")) throw new TypeError("undefined is not a function");
      return COPIED;
    };
    expect(await made.run()).toEqual({ kind: "finished" });
    expect(await made.store.ledger.failures()).toMatchObject([{ code: "internal", files: 1 }]);
  });

  it("is in the target and owes its announcement when the queue fails", async () => {
    const made = await rig(catalogOf([2]), 1);
    made.announce = async (blobName) => {
      if (blobName.endsWith("f1.json")) throw new FileFailure("queue-unavailable", "it is full");
    };
    expect(await made.run()).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally().files).toMatchObject({ copied: 1, failed: 1, announced: 1 });
    expect(await made.store.ledger.failures()).toMatchObject([{ code: "queue-unavailable" }]);
  });

  it("is skipped when the operator wants conflicts skipped", async () => {
    const made = await rig(catalogOf([2]), 1);
    made.transfer = async (_, blobName) =>
      blobName.endsWith("f1.json") ? { outcome: "skipped", reason: "it differs", attempts: 1 } : COPIED;
    expect(await made.run()).toEqual({ kind: "finished" });
    expect(made.announced).toEqual(["item-0-f0.json"]);
    expect(made.store.ledger.tally()).toMatchObject({
      workItems: { completed: 1 },
      files: { skipped: 1, failed: 0 },
    });
    expect(await made.store.ledger.failures()).toMatchObject([{ code: "conflict", outcome: "skipped" }]);
  });
});

describe("a blob that is there already", () => {
  const there = (existingSince: number) => async () =>
    ({ ...COPIED, outcome: "already-there", method: "none", existingSince }) as const;

  it("is announced like any other", async () => {
    const made = await rig(catalogOf([2]), 1);
    made.transfer = there(Date.now() - DAY_MS);
    await made.run();
    expect(made.announced).toHaveLength(2);
    expect(made.store.ledger.tally().files).toMatchObject({ alreadyThere: 2, copied: 0, announced: 2 });
  });

  it("is left unannounced on request, unless it may be this run's own", async () => {
    const made = await rig(catalogOf([2]), 1);
    made.transfer = async (_, blobName) =>
      there(blobName.endsWith("f0.json") ? Date.now() - DAY_MS : Date.now())();
    await made.run({ announceExisting: "never" });
    expect(made.announced).toEqual(["item-0-f1.json"]);
    expect(made.store.ledger.tally()).toMatchObject({
      workItems: { completed: 1 },
      files: { alreadyThere: 2, announced: 1 },
    });
  });
});

describe("the catalog", () => {
  it("makes a work item empty when it lists nothing for it, or failed on request", async () => {
    const reported = await rig(catalogOf([0]), 1);
    await reported.run();
    expect(reported.store.ledger.tally().workItems).toMatchObject({ empty: 1, failed: 0 });
    const failed = await rig(catalogOf([0]), 1);
    await failed.run({ onEmpty: "fail" });
    expect(failed.store.ledger.tally().workItems).toMatchObject({ empty: 0, failed: 1 });
    expect(await failed.store.ledger.failures()).toMatchObject([
      { code: "no-files", workItems: 1, files: 0 },
    ]);
  });

  it("fails one work item alone when it fails for it, has unusable rows for it or gives no answer", async () => {
    const failure = { code: "catalog-error", message: "it changed" } as const;
    const made = await rig(
      new MapCatalog(
        new Map<string, CatalogAnswer>([
          ["item-0", { failure }],
          ["item-1", "none"],
          ["item-2", { problems: ["line 7: no link"] }],
          ["item-3", { problems: ["line 9: no link"], files: files(3, 2) }],
          ["item-4", { files: files(4, 2) }],
        ]),
      ),
      5,
    );
    expect(await made.run()).toEqual({ kind: "finished" });
    expect(made.announced).toHaveLength(4);
    expect(made.store.ledger.tally().workItems).toMatchObject({ completed: 1, failed: 4, empty: 0 });
    const [group] = await made.store.ledger.failures();
    expect(group).toMatchObject({ code: "catalog-error", workItems: 4 });
    expect(group?.samples.map(({ message }) => message).toSorted()).toEqual([
      "it changed",
      "line 7: no link",
      "line 9: no link",
      "the catalog gave no answer for this work item",
    ]);
  });

  it("is listened to once when it answers twice or for another work item", async () => {
    const catalog = catalogOf([2, 2]);
    const lookup = catalog.lookup.bind(catalog);
    catalog.lookup = async function* (workItems, options) {
      for await (const answer of lookup(workItems, options)) {
        yield answer;
        yield answer;
        yield { ...answer, workItem: { jobId: "x", workItemId: "x", workItemName: "" } };
      }
    };
    const made = await rig(catalog, 2);
    expect(await made.run()).toEqual({ kind: "finished" });
    expect(made.announced).toHaveLength(4);
  });

  it("gives names that collide or are not allowed, and those files are accounted for", async () => {
    const listed = ["a/x.json", "b/x.json", "ok.json", "bad\u0001"].map((fileName) => ({
      fileName,
      uri: `https://source.example/c/${encodeURIComponent(fileName)}`,
    }));
    for (const onCollision of ["report", "first", "path"] as const) {
      const made = await rig(new MapCatalog(new Map([["item-0", { files: listed }]])), 1);
      expect(await made.run({ onCollision })).toEqual({ kind: "finished" });
      const skipped = onCollision === "first" ? 1 : 0;
      const copied = onCollision === "path" ? 3 : 2;
      expect(made.store.ledger.tally().files).toMatchObject({
        total: 4,
        copied,
        skipped,
        failed: 4 - copied - skipped,
      });
      const outcomes = made.reports.map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === "copied")).toHaveLength(copied);
      expect(outcomes.filter((outcome) => outcome === "skipped")).toHaveLength(skipped);
      expect(made.reports.map(({ fileName }) => fileName).toSorted()).toEqual(
        listed.map(({ fileName }) => fileName).toSorted(),
      );
    }
  });

  it("gives names that are refused before a try, and they are reported with the name that they would have", async () => {
    const listed = ["a/x.json", "b/x.json"].map((fileName) => ({
      fileName,
      uri: `https://source.example/c/${fileName}`,
    }));
    const made = await rig(new MapCatalog(new Map([["item-0", { files: listed }]])), 1);
    await made.run();
    expect(made.reports.find(({ fileName }) => fileName === "b/x.json")).toMatchObject({
      workItem: { workItemId: "item-0" },
      blobName: made.transferred[0],
      outcome: "failed",
      attempts: 0,
      failure: { code: "name-collision", message: expect.stringContaining("a/x.json") as string },
    });
  });

  it("no longer lists a file that failed before, and the file is reported once more as failed", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const before = await rig(catalogOf([2]), 1, { path });
    before.transfer = async () => {
      throw new FileFailure("source-not-found", "gone");
    };
    await before.run();
    await before.store.close();
    const after = await rig(catalogOf([1]), 1, { path });
    await after.run();
    expect(after.reports).toMatchObject([
      { fileName: "f1.json", outcome: "failed", attempts: 0, failure: { code: "source-not-found" } },
      { fileName: "f0.json", outcome: "copied", attempts: 1 },
    ]);
    expect(after.reports[0]?.blobName).toMatch(/-f1\.json$/);
  });

  it("tells how many attempts a file took", async () => {
    const made = await rig(catalogOf([1]), 1);
    made.transfer = async () => ({ ...COPIED, attempts: 3 });
    await made.run();
    expect(made.reports).toMatchObject([{ outcome: "copied", attempts: 3 }]);
  });
});

describe("the error that ends the run", () => {
  const gone = new ReuploadError("unavailable", "The target does not answer.");

  it("comes from a transfer, an announcement or the catalog, and nothing is charged to a file", async () => {
    const begin = async () => rig(catalogOf([30, 1, 1]), 3);
    const atTransfer = await begin();
    atTransfer.transfer = async (_, blobName, signal) => {
      if (blobName !== "item-0-f2.json") return hang(signal);
      throw gone;
    };
    const atQueue = await begin();
    atQueue.announce = async () => {
      throw gone;
    };
    const atCatalog = await begin();
    atCatalog.catalog.before = async () => {
      throw gone;
    };
    for (const made of [atTransfer, atQueue, atCatalog]) {
      expect(await made.run()).toMatchObject({ kind: "stopped", request: { kind: "error", error: gone } });
      expect(made.store.ledger.tally()).toMatchObject({
        workItems: { pending: 3, in_progress: 0, failed: 0 },
        files: { failed: 0 },
      });
    }
  });

  it("comes from the state too when a completion cannot be committed", async () => {
    const made = await rig(catalogOf([30]), 1);
    const full = new ReuploadError("disk-full", "There is no space left.");
    made.store.ledger.committed = async () => Promise.reject(full);
    expect(await made.run()).toMatchObject({ kind: "stopped", request: { kind: "error", error: full } });
  });
});
