import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { WorkItem } from "../../../src/core/work-item.ts";
import { partitionInput } from "../../../src/input/partition-input.ts";
import type { InputReader } from "../../../src/state/state-kind.ts";
import { inspectState } from "../../../src/state/sqlite/inspect.ts";
import type { OpenState } from "../../../src/state/state-kind.ts";
import {
  claimOne,
  claimSome,
  completeOne,
  csvOf,
  DESCRIPTION,
  noSignal,
  workItem,
  workItems,
} from "../samples.ts";
import { openState, type OpenTestOptions, startProcess, temporaryFolder } from "../state-support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const statePath = async (): Promise<string> => join(await temporaryFolder(), "state.db");

/** Starts a run and closes it. */
async function started(rows: readonly WorkItem[], others: readonly WorkItem[] = []): Promise<string> {
  const path = await statePath();
  await (await openState(path, csvOf(rows, others))).close();
  return path;
}

async function claimAll(store: OpenState): Promise<WorkItem[]> {
  return (await claimSome(store, 10_000)).map((claim) => claim.workItem);
}

const matching = (pattern: RegExp): string => expect.stringMatching(pattern) as string;

describe("a new run", () => {
  it("takes the rows in their order, each key once, and keeps what it was started with", async () => {
    const path = await statePath();
    const rows = [...workItems(200), workItem(7, "again"), ...workItems(3)];
    const store = await openState(path, csvOf(rows, workItems(2, 900)), { resume: false });
    expect(store.run).toMatchObject({
      identity: DESCRIPTION.identity,
      settings: DESCRIPTION.settings,
      input: { rows: 206, ours: 200, duplicates: 4, rejected: 0, otherPartitions: 2 },
    });
    expect(store.start.number).toBe(1);
    expect(store.ledger.tally()).toMatchObject({ workItems: { pending: 200 }, notLookedUp: 200, bytes: 0 });
    expect(await claimAll(store)).toEqual(workItems(200));
  });

  it("leaves the state and its lock behind, which only their owner may read", async () => {
    const folder = await temporaryFolder();
    const store = await openState(join(folder, "state.db"), csvOf(workItems(3)));
    expect(statSync(join(folder, "state.db")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "state.db.lock")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "state.db-wal")).mode & 0o777).toBe(0o600);
    await store.close();
    expect(readdirSync(folder)).toEqual(["state.db", "state.db.lock"]);
  });

  it("takes the place of an empty file, and of the log of a state that was deleted by hand", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "state.db");
    const old = await openState(path, csvOf(workItems(500)));
    const log = readFileSync(`${path}-wal`);
    await old.close();
    rmSync(path);
    writeFileSync(`${path}-wal`, log);
    writeFileSync(path, "");
    const store = await openState(path, csvOf(workItems(2)), { resume: false });
    expect(await claimAll(store)).toEqual(workItems(2));
  });

  it("leaves no state when its CSV cannot be read or the signal aborts", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "state.db");
    const broken: InputReader = {
      read: async (take) => {
        take(workItems(100));
        throw new Error("line 7");
      },
    };
    await expect(openState(path, broken)).rejects.toThrow("line 7");
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(openState(path, csvOf(workItems(3)), { signal })).rejects.toThrow("stopped");
    await expect(openState(path, undefined)).rejects.toMatchObject({ code: "usage" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is loaded anew after a kill while it was loaded", async () => {
    const path = await statePath();
    const killed = startProcess(`
      import { openRun } from ${JSON.stringify(join(import.meta.dirname, "../../../src/state/sqlite/open-run.ts"))};
      import { REAL_SURROUNDINGS } from ${JSON.stringify(join(import.meta.dirname, "../../../src/surroundings/surroundings.ts"))};
      import { DESCRIPTION, noSignal, workItems } from ${JSON.stringify(join(import.meta.dirname, "../samples.ts"))};
      const input = {
        async read(take) {
          // More than the cache holds, so that a part of it is in the log already.
          for (let from = 0; from < 200_000; from += 5_000) take(workItems(5_000, from));
          console.log("loading");
          await new Promise(() => setInterval(() => {}, 1_000));
        },
      };
      const options = { location: ${JSON.stringify(path)}, resume: false, updateCsv: false, retryFailed: "all" };
      await openRun(REAL_SURROUNDINGS, options, DESCRIPTION, input, noSignal);
    `);
    expect(await killed.firstLine).toBe("loading");
    killed.kill("SIGKILL");
    await once(killed, "exit");
    expect(await inspectState(REAL_SURROUNDINGS, path)).toBeUndefined();
    const store = await openState(path, csvOf(workItems(20)), { resume: false });
    expect(store.start.number).toBe(1);
    expect(await claimAll(store)).toEqual(workItems(20));
  });

  it("reads its CSV through the input room", async () => {
    const folder = await temporaryFolder();
    const csv = join(folder, "failed.csv");
    writeFileSync(csv, "JobId,WorkItemId\nj,1889211722\nj,1889211721\n\nj,1913007684\nj,1889211722\nj\n");
    const input: InputReader = partitionInput({
      source: { path: csv },
      partition: 0,
      totalPartitions: 2,
      rejectedPath: join(folder, "failed.rejected.csv"),
      ...noSignal,
    });
    const store = await openState(join(folder, "state.db"), input);
    expect((await claimAll(store)).map((item) => item.workItemId)).toEqual(["1889211721", "1913007684"]);
    expect(store.run.input).toEqual({ rows: 5, ours: 2, duplicates: 1, rejected: 1, otherPartitions: 1 });
  });
});

describe("a state that holds a run", () => {
  it("is refused without --resume, with the advice that the caller gives", async () => {
    const path = await started(workItems(2));
    const before = readFileSync(path);
    const resumeAdvice = "reupload run --csv a.csv --resume";
    await expect(openState(path, csvOf(workItems(2)), { resume: false, resumeAdvice })).rejects.toMatchObject(
      {
        code: "state-exists",
        advice: resumeAdvice,
      },
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("is resumed with the same CSV, whatever the order of its rows", async () => {
    const rows = workItems(300);
    const path = await started(rows);
    const store = await openState(path, csvOf(rows.toReversed()));
    expect(store.start.number).toBe(2);
    expect(await claimAll(store)).toEqual(rows);
  });

  it("is refused when anything of its identity differs, each difference told", async () => {
    const path = await started(workItems(2));
    const identity = {
      ...DESCRIPTION.identity,
      target: "https://other.blob.core.windows.net/x",
      partition: 1,
    };
    const description = { ...DESCRIPTION, identity };
    await expect(openState(path, csvOf(workItems(2)), { description })).rejects.toMatchObject({
      code: "identity-mismatch",
      message: matching(
        /target: the state has https:\/\/target\.\S+, this command https:\/\/other\.\S+; partition: the state has 0, this command 1$/,
      ),
    });
  });
});

describe("a CSV that has changed", () => {
  const refused = async (
    path: string,
    csv: InputReader,
    options: OpenTestOptions,
    refusal: { message: RegExp; advice?: RegExp },
  ): Promise<void> => {
    await expect(openState(path, csv, options)).rejects.toMatchObject({
      code: "identity-mismatch",
      message: matching(refusal.message),
      advice: matching(refusal.advice ?? /./),
    });
    const store = await openState(path, undefined);
    expect(store.start.number).toBe(2);
    expect(await claimAll(store)).toEqual(workItems(5));
  };

  it("is refused when rows were added, with the advice to give --update-csv", async () => {
    await refused(
      await started(workItems(5)),
      csvOf(workItems(9)),
      {},
      {
        message: /: 4 added \(job-2\/item-5, job-0\/item-6, job-1\/item-7, \.\.\.\)$/,
        advice: /--update-csv/,
      },
    );
  });

  it("is refused when rows are gone, also with --update-csv", async () => {
    const rows = [...workItems(3), workItem(4), workItem(5)];
    const message = /: 1 added \(job-2\/item-5\), 1 gone \(job-0\/item-3\); --update-csv only adds rows$/;
    await refused(await started(workItems(5)), csvOf(rows), { updateCsv: true }, { message });
  });

  it("is refused when a name differs", async () => {
    const rows = workItems(5).map((item, index) => (index === 1 ? { ...item, workItemName: "x" } : item));
    const message = /: 1 with another name \(job-1\/item-1\)$/;
    await refused(await started(workItems(5)), csvOf(rows), {}, { message, advice: /new run/ });
  });

  it("is refused in words of its own when only other partitions differ", async () => {
    const path = await started(workItems(5), workItems(1, 50));
    const message = /only rows of other partitions differ$/;
    await refused(path, csvOf(workItems(5), workItems(2, 50)), {}, { message, advice: /--update-csv/ });
  });

  it("is taken in with --update-csv when rows were only added, once", async () => {
    const path = await started(workItems(5), workItems(1, 50));
    const first = await openState(path, undefined);
    await completeOne(first, 1);
    await first.close();
    const grown = csvOf([workItem(8), ...workItems(5), workItem(8), workItem(9)], workItems(2, 50));
    const store = await openState(path, grown, { updateCsv: true });
    const counts = { rows: 10, ours: 7, duplicates: 1, rejected: 0, otherPartitions: 2 };
    expect(store.run.input).toEqual({ ...counts, formerCsvs: [first.run.identity.csvDigest] });
    expect(store.ledger.tally()).toMatchObject({ workItems: { pending: 6, completed: 1 }, notLookedUp: 6 });
    expect(await claimAll(store)).toEqual([...workItems(4, 1), workItem(8), workItem(9)]);
    await store.close();
    const again = await openState(path, grown);
    expect(again.run.input).toEqual(store.run.input);
  });
});

describe("a resume", () => {
  it("changes nothing when it fails while it reads the CSV", async () => {
    const path = await started(workItems(5));
    const broken: InputReader = {
      read: async (take) => {
        take(workItems(9));
        throw new Error("line 7");
      },
    };
    await expect(openState(path, broken, { updateCsv: true })).rejects.toThrow("line 7");
    const store = await openState(path, undefined);
    expect(store.start.number).toBe(2);
    expect(await claimAll(store)).toEqual(workItems(5));
  });

  it("knows files with names that no text column can hold", async () => {
    const path = await started(workItems(1));
    const names = ["half \ud83d", "nul \0 inside", "täst 😀.json", "", "a+b%20c"];
    const files = names.map((fileName) => ({ fileName, uri: `https://x/\udc00/${fileName}?sig=s` }));
    const store = await openState(path, undefined);
    const { id } = await claimOne(store);
    store.ledger.record({
      kind: "work-item-opened",
      workItem: id,
      workItemName: "",
      filesTotal: files.length,
      duplicates: 0,
      receipt: { count: files.length, digest: "00" },
    });
    for (const file of files) {
      store.ledger.record({
        kind: "file-failed",
        workItem: id,
        place: undefined,
        file,
        failure: { code: "bad-name", message: "bad", attempts: 1 },
      });
    }
    await store.close();
    const claimed = await claimOne(await openState(path, undefined));
    expect([...claimed.knownFiles.keys()]).toEqual(names.map((name) => `${name}\0https://x/\udc00/${name}`));
  });
});
