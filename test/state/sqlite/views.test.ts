import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import type { StateEvent } from "../../../src/state/ledger.ts";
import {
  claimOne,
  claimSome,
  completeOne,
  csvOf,
  eventsOf,
  failure,
  file,
  recordAll,
  workItem,
  workItems,
} from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";

/** As another process would ask, beside the open store. */
function ask(path: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string;

describe("the view workitems", () => {
  it("has the original tool's columns and a row for every work item, also while it is open", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const store = await openState(path, csvOf([workItem(0, "name"), ...workItems(5, 1)]));
    await completeOne(store, 2);
    await completeOne(store, 0);
    const failing = eventsOf((await claimOne(store)).id);
    recordAll(store, failing.opened(1), failing.failed(file(0)), failing.finished("failed"));
    store.ledger.record(eventsOf((await claimOne(store)).id).finished("failed", failure("catalog-error")));
    const open = eventsOf((await claimOne(store)).id);
    recordAll(store, open.opened(5, "catalog's name"), open.uploaded(file(0)), open.uploaded(file(1)));
    recordAll(store, open.completed(file(1)), open.skipped(file(2)), open.failed(file(3)));
    await store.ledger.committed();
    const columns = { started_at: isoTime, completed_at: isoTime, error_message: null };
    const rows = [
      {
        workitem_id: "item-0",
        workitem_name: "name",
        job_id: "job-0",
        status: "completed",
        files_total: 2,
        files_processed: 2,
      },
      {
        workitem_id: "item-1",
        workitem_name: "item-1",
        job_id: "job-1",
        status: "empty",
        files_total: 0,
        files_processed: 0,
      },
      {
        workitem_id: "item-2",
        status: "failed",
        files_total: 1,
        files_processed: 0,
        error_message: "1 of 1 files failed",
      },
      { workitem_id: "item-3", status: "failed", files_total: 0, error_message: "catalog-error: it failed" },
      {
        workitem_id: "item-4",
        workitem_name: "catalog's name",
        status: "in_progress",
        files_total: 5,
        files_processed: 2,
        completed_at: null,
      },
      {
        workitem_id: "item-5",
        status: "pending",
        files_total: 0,
        files_processed: 0,
        started_at: null,
        completed_at: null,
      },
    ];
    const found = ask(path, "SELECT * FROM workitems");
    expect(found).toEqual(rows.map((row) => expect.objectContaining({ ...columns, ...row }) as object));
    expect(Object.keys(found[0] ?? {})).toEqual([
      "workitem_id",
      "workitem_name",
      "job_id",
      "status",
      "files_total",
      "files_processed",
      "error_message",
      "started_at",
      "completed_at",
    ]);
  });
});

describe("the view files", () => {
  it("has the original tool's columns, the link without its secret, and each status", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const store = await openState(path, csvOf(workItems(1)));
    const events = eventsOf((await claimOne(store)).id);
    const base = "https://source.blob.core.windows.net/c/item-0/";
    const spaced = { fileName: "results/a b.json", uri: `${base}results/a%20b.json?sig=SECRET` };
    const elsewhere = { fileName: "x.json", uri: "https://other.example/😀/x.json?sig=SECRET" };
    const why = { ...failure("network"), message: "GET https://x/?sig=SECRET reset" };
    recordAll(
      store,
      events.opened(5),
      events.uploaded(file(0)),
      events.completed(file(0)),
      events.uploaded(spaced),
      events.failed(file(2), why),
      events.skipped(elsewhere),
    );
    await store.ledger.committed();
    expect(ask(path, "SELECT * FROM files")).toEqual([
      {
        workitem_id: "item-0",
        job_id: "job-0",
        filename: "results/file-0.json",
        source_uri: `${base}results/file-0.json`,
        status: "completed",
        error_message: null,
        uploaded_at: isoTime,
      },
      expect.objectContaining({ source_uri: `${base}results/a%20b.json`, status: "uploaded" }),
      expect.objectContaining({
        status: "failed",
        error_message: "network: GET https://x/?sig=*** reset",
        uploaded_at: null,
      }),
      expect.objectContaining({ source_uri: "https://other.example/😀/x.json", status: "skipped" }),
    ]);

    await store.close();
    await openState(path, undefined);
    expect(
      ask(path, "SELECT status, error_message FROM files WHERE filename = 'results/file-2.json'"),
    ).toEqual([{ status: "pending", error_message: null }]);
  });
});

it("a state keeps details of files that failed, were retried, skipped or renamed, and no old failure of those that succeeded", async () => {
  const path = join(await temporaryFolder(), "state.db");
  const first = await openState(path, csvOf(workItems(1)));
  const before = eventsOf((await claimOne(first)).id);
  recordAll(
    first,
    before.opened(5),
    before.uploaded(file(0)),
    before.completed(file(0)),
    before.uploaded(file(1), { attempts: 3 }),
    before.completed(file(1)),
    before.skipped(file(2)),
    before.failed(file(3), { ...failure("network"), attempts: 8, requestId: "r-1" }),
    { ...before.uploaded(file(4)), blobName: "by/path" } as StateEvent,
    before.failed(file(4), failure("queue-unavailable")),
    before.finished("failed"),
  );
  await first.close();
  const details = "SELECT file, code, attempts, request_id, blob_name FROM file_detail ORDER BY file";
  const plain = { code: null, attempts: 1, request_id: null, blob_name: null };
  expect(ask(path, details)).toEqual([
    { ...plain, file: 2, attempts: 3 },
    { ...plain, file: 3, code: "name-collision" },
    { ...plain, file: 4, code: "network", attempts: 8, request_id: "r-1" },
    { ...plain, file: 5, code: "queue-unavailable", blob_name: "by/path" },
  ]);

  const second = await openState(path, undefined);
  const after = eventsOf((await claimOne(second)).id);
  recordAll(
    second,
    after.opened(5),
    after.uploaded(file(3)),
    after.completed(file(3)),
    after.completed(file(4)),
  );
  await second.ledger.committed();
  expect(ask(path, details).slice(2)).toEqual([
    { ...plain, file: 4, attempts: 8 },
    { ...plain, file: 5, blob_name: "by/path" },
  ]);
});

it("a file that succeeded at first try takes at most 100 bytes, all included", async () => {
  const path = join(await temporaryFolder(), "state.db");
  const store = await openState(path, csvOf(workItems(60)));
  const open: { id: number; left: number; total: number }[] = [];
  let files = 0;
  let rounds = 0;
  for (let opened = 0; open.length > 0 || opened < 60;) {
    while (open.length < 20 && opened < 60) {
      const [claimed] = await claimSome(store, 1);
      if (claimed === undefined) break;
      const total = 80 + ((claimed.id * 7_919) % 721);
      store.ledger.record(eventsOf(claimed.id).opened(total));
      open.push({ id: claimed.id, left: total, total });
      opened++;
    }
    for (const item of open) {
      const fileName = `results/run-${String(item.left).padStart(4, "0")}/perf-lab-report-x64.json`;
      const uri = `https://source.blob.core.windows.net/c/3fa85f64-5717-4562-b3fc-2c963f660001/${item.id}/${fileName}?sig=s`;
      const events = eventsOf(item.id);
      recordAll(
        store,
        events.uploaded({ fileName, uri }, { bytes: 123_456, contentMd5: "1B2M2Y8AsgTpgAmY7PhCfg==" }),
      );
      recordAll(store, events.completed({ fileName, uri }));
      files++;
      if (--item.left === 0) store.ledger.record(events.finished("completed"));
    }
    for (let at = open.length - 1; at >= 0; at--) if (open[at]?.left === 0) open.splice(at, 1);
    if (++rounds % 50 === 0) await store.ledger.committed();
  }
  await store.close();
  expect(files).toBeGreaterThan(20_000);
  expect(statSync(path).size / files).toBeLessThan(100);
  expect(ask(path, "SELECT count(*) AS n FROM file_detail")).toEqual([{ n: 0 }]);
});
