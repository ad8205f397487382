import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CatalogFile, fileKey } from "../../src/core/file.ts";
import { parseNameTemplate } from "../../src/core/target-name.ts";
import type { ImportOptions, ImportReport } from "../../src/import/import.ts";
import { importOriginal } from "../../src/import/import-original.ts";
import { readOriginalStates } from "../../src/state/original/read-original-states.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import { type CatalogAnswer, MapCatalog } from "../pipeline/support.ts";
import { claimSome, csvOf, knownOf } from "../state/samples.ts";
import { openState } from "../state/state-support.ts";
import {
  type OriginalFileRow,
  type OriginalWorkItemRow,
  writeOriginalState,
} from "../support/original-state.ts";

const { signal } = new AbortController();
const OPTIONS: ImportOptions = {
  template: parseNameTemplate("{workItemName}-{fileBaseName}"),
  onCollision: "report",
  announceExisting: "always",
};

const listed = (id: string, fileName: string, path = fileName): CatalogFile => ({
  fileName,
  uri: `https://a.example/c/${id}/${path}?sig=NEW`,
});
const done = (
  id: string,
  filename: string,
  uri: string | null = `https://a.example/c/${id}/${filename}?sig=OLD`,
) => ({
  workitem_id: id,
  job_id: "j",
  filename,
  source_uri: uri,
  status: "completed",
});
const item = (id: string, status: string): OriginalWorkItemRow => ({ workitem_id: id, job_id: "j", status });

let folder: string;
let stores: OpenState[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-import-"));
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(folder, { recursive: true });
});

interface Scenario {
  readonly workItems: readonly OriginalWorkItemRow[];
  readonly files: readonly OriginalFileRow[];
  /** By work item id; those of the CSV. */
  readonly catalog: Readonly<Record<string, CatalogAnswer>>;
  readonly options?: Partial<ImportOptions>;
}

interface Imported {
  readonly report: ImportReport;
  readonly store: OpenState;
  readonly asked: readonly string[];
  /** The state opened again, as a resume does. */
  readonly resumed: () => Promise<OpenState>;
}

async function importInto({ workItems, files, catalog, options }: Scenario): Promise<Imported> {
  writeOriginalState(join(folder, "old.db"), workItems, files);
  const csv = csvOf(Object.keys(catalog).map((workItemId) => ({ jobId: "j", workItemId, workItemName: "" })));
  const path = join(folder, "new.db");
  const store = await openState(path, csv);
  stores.push(store);
  const original = await readOriginalStates(
    [join(folder, "old.db")],
    { partition: 0, totalPartitions: 1 },
    { scratch: join(folder, "new.import"), signal },
  );
  const map = new MapCatalog(new Map(Object.entries(catalog)));
  map.batchSize = 2;
  try {
    const report = await importOriginal(
      { original, catalog: map, state: store },
      { ...OPTIONS, ...options },
      { signal },
    );
    return {
      report,
      store,
      asked: map.asked,
      async resumed() {
        await store.close();
        const again = await openState(path, csv, { resume: true });
        stores.splice(0, 1, again);
        return again;
      },
    };
  } finally {
    await original.close();
  }
}

async function claimOf(store: OpenState, workItemId: string) {
  const claims = await claimSome(store, 100);
  const claim = claims.find(({ workItem }) => workItem.workItemId === workItemId);
  if (claim === undefined) throw new Error(`${workItemId} is not pending`);
  return claim;
}

describe("an import", () => {
  it("takes over the completed files that the catalog lists, and leaves every work item pending", async () => {
    const imported = await importInto({
      workItems: [item("1", "completed"), item("2", "in_progress"), item("3", "pending")],
      files: [done("1", "a.json"), done("1", "b.json"), done("2", "dir/a.json"), done("2", "gone.json")],
      catalog: {
        1: { files: [listed("1", "a.json"), listed("1", "b.json")] },
        2: { files: [listed("2", "dir/a.json"), listed("2", "b.json")], workItemName: "Two" },
        3: { files: [listed("3", "a.json")] },
        4: { files: [listed("4", "a.json")] },
      },
    });
    expect(imported.report.files).toEqual({
      completed: 4,
      takenOver: 3,
      notListed: 1,
      refused: 0,
      ofUnknownWorkItems: 0,
      notLookedUp: 0,
    });
    expect(imported.report.workItems).toMatchObject({ known: 3, unknown: 0, completedWithFilesMissing: 0 });
    // Where no file is completed, there is nothing to look up.
    expect(imported.asked).toEqual(["1", "2"]);
    const { workItems, files } = imported.store.ledger.tally();
    expect(workItems).toMatchObject({ pending: 4, in_progress: 0 });
    expect(files).toMatchObject({ total: 4, uploaded: 3, alreadyThere: 0, announced: 0 });
    const claim = await claimOf(await imported.resumed(), "2");
    expect(claim.knownFiles.size).toBe(1);
    expect(knownOf(claim, listed("2", "dir/a.json"))).toMatchObject({
      inTarget: true,
      takenOver: true,
      completed: false,
    });
  });

  it("owes no announcement with never", async () => {
    const imported = await importInto({
      workItems: [item("1", "completed")],
      files: [done("1", "a.json")],
      catalog: { 1: { files: [listed("1", "a.json")] } },
      options: { announceExisting: "never" },
    });
    expect(imported.store.ledger.tally().files).toMatchObject({ uploaded: 0, alreadyThere: 1, announced: 0 });
    const claim = await claimOf(await imported.resumed(), "1");
    expect(knownOf(claim, listed("1", "a.json"))).toMatchObject({ completed: true });
  });

  it("does not trust the old state when it calls a work item completed", async () => {
    const { report } = await importInto({
      workItems: [
        item("1", "completed"),
        item("2", "completed"),
        item("3", "completed"),
        item("4", "completed"),
      ],
      files: [done("1", "a.json"), done("3", "a.json")],
      catalog: {
        1: { files: [listed("1", "a.json"), listed("1", "b.json")] },
        2: { files: [listed("2", "a.json")] },
        3: { files: [listed("3", "a.json")] },
        4: { files: [] },
      },
    });
    expect(report.files.takenOver).toBe(2);
    expect(report.workItems.completedWithFilesMissing).toBe(2);
  });

  it("takes a file by its link, or by its name where no link is known and no other file has it", async () => {
    const { report, resumed } = await importInto({
      workItems: [],
      files: [
        done("1", "a.json", "https://a.example/c/elsewhere/a.json"),
        done("1", "b.json", null),
        done("1", "twice.json", null),
      ],
      catalog: {
        1: {
          files: [
            listed("1", "a.json"),
            listed("1", "b.json"),
            listed("1", "twice.json", "x/twice.json"),
            listed("1", "twice.json", "y/twice.json"),
          ],
        },
      },
    });
    expect(report.files).toEqual({
      completed: 3,
      takenOver: 1,
      notListed: 2,
      refused: 0,
      ofUnknownWorkItems: 0,
      notLookedUp: 0,
    });
    const claim = await claimOf(await resumed(), "1");
    expect([...claim.knownFiles.keys()]).toEqual([fileKey(listed("1", "b.json"))]);
  });

  it("counts separately what belongs to other work items, is refused, or is not looked up", async () => {
    const { report, store } = await importInto({
      workItems: [],
      files: [
        done("1", "x/a.json"),
        done("1", "y/a.json"),
        done("2", "a.json"),
        done("2", "b.json"),
        done("3", "a.json"),
        done("unknown", "a.json"),
      ],
      catalog: {
        1: { files: [listed("1", "x/a.json"), listed("1", "y/a.json")] },
        2: { files: [], failure: { code: "catalog-error", message: "it is broken" } },
        3: "none",
      },
    });
    expect(report.files).toEqual({
      completed: 6,
      takenOver: 1,
      notListed: 0,
      refused: 1,
      ofUnknownWorkItems: 1,
      notLookedUp: 3,
    });
    expect(report.workItems).toMatchObject({ known: 3, unknown: 1, lookupsFailed: 2 });
    expect(
      report.workItems.failedLookups.map(({ workItem, message }) => [workItem.workItemId, message]),
    ).toEqual([
      ["2", "it is broken"],
      ["3", "the catalog gave no answer"],
    ]);
    expect(store.ledger.tally().workItems).toMatchObject({ pending: 3, failed: 0 });
  });

  it("stops when the signal is aborted, and keeps what is recorded", async () => {
    const reason = new Error("stopped by the test");
    const store = await openState(
      join(folder, "new.db"),
      csvOf([{ jobId: "j", workItemId: "1", workItemName: "" }]),
    );
    stores.push(store);
    writeOriginalState(join(folder, "old.db"), [], [done("1", "a.json")]);
    const original = await readOriginalStates(
      [join(folder, "old.db")],
      { partition: 0, totalPartitions: 1 },
      { scratch: join(folder, "new.import"), signal },
    );
    const catalog = new MapCatalog(new Map());
    const stop = new AbortController();
    catalog.before = async () => stop.abort(reason);
    const importing = importOriginal({ original, catalog, state: store }, OPTIONS, { signal: stop.signal });
    await expect(importing).rejects.toBe(reason);
    await original.close();
  });
});
