import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type WorkItem } from "../../src/core/work-item.ts";
import { choosePartition } from "../../src/core/partition.ts";
import { partitionInput } from "../../src/input/partition-input.ts";
import { readWorkItems } from "../../src/input/read-csv.ts";
import { type RemainingOptions, writeRemaining } from "../../src/proof/remaining.ts";
import { readState } from "../../src/state/sqlite/read-state.ts";
import { claimOne, DESCRIPTION, eventsOf, failure, file, noSignal, recordAll } from "../state/samples.ts";
import { openState, temporaryFolder } from "../state/state-support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const { signal } = noSignal;

/** Of each state: the work items to complete, and those in which a file fails. */
interface Done {
  readonly completed?: readonly string[];
  readonly failed?: readonly string[];
}

/** A run on a CSV in a temporary folder, with a state for each partition that is named. */
async function runOn(csv: string | Buffer, total: number, partitions: readonly number[], done: Done = {}) {
  const folder = await temporaryFolder();
  const csvPath = join(folder, "failed.csv");
  await writeFile(csvPath, csv);
  const states: RemainingOptions["states"][number][] = [];
  for (const partition of partitions) {
    const stateDb = join(folder, `machine${partition + 1}_state.db`);
    const identity = { ...DESCRIPTION.identity, partition, totalPartitions: total };
    const rejectedPath = join(folder, "rejected.csv");
    const source = { path: csvPath };
    const input = partitionInput({ source, partition, totalPartitions: total, rejectedPath, signal });
    const store = await openState(stateDb, input, { description: { ...DESCRIPTION, identity } });
    await workOn(store, done);
    await store.close();
    states.push({
      stateDb: `machine${partition + 1}_state.db`,
      reader: await readState(REAL_SURROUNDINGS, stateDb),
    });
  }
  return { csvPath, states };
}

async function workOn(
  store: Awaited<ReturnType<typeof openState>>,
  { completed, failed }: Done,
): Promise<void> {
  const { ours } = store.run.input;
  for (let index = 0; index < ours; index++) {
    const { id, workItem } = await claimOne(store);
    const events = eventsOf(id);
    if (completed?.includes(workItem.workItemId) === true) {
      recordAll(store, events.opened(1), events.uploaded(file(0)), events.completed(file(0)));
      store.ledger.record(events.finished("completed"));
    } else if (failed?.includes(workItem.workItemId) === true) {
      recordAll(
        store,
        events.opened(1),
        events.failed(file(0), failure("conflict")),
        events.finished("failed"),
      );
    }
  }
}

async function remainingOf(
  options: Omit<RemainingOptions, "signal" | "failedOnly"> & Partial<RemainingOptions>,
) {
  let text = "";
  const result = await writeRemaining({ failedOnly: undefined, signal, ...options }, async (part) => {
    text += part;
  });
  return { text, ...result };
}

const CSV =
  '\uFEFFNote;WorkItemId;job_id\r\n"a;b\r\n";w1;j\r\nsecond ;w2;j\r\n;w3; j\r\n;w2;j\r\nGröße;w4;j\r\nbad\r\n';

describe("the remaining rows of the run's CSV", () => {
  it("stand there as in the CSV, without those that are completed", async () => {
    const { csvPath, states } = await runOn(CSV, 1, [0], { completed: ["w1", "w3"], failed: ["w4"] });
    expect(await remainingOf({ states, csv: { path: csvPath } })).toEqual({
      text: "Note;WorkItemId;job_id\r\nsecond ;w2;j\r\n;w2;j\r\nGröße;w4;j\r\n",
      rows: 3,
      rowsOfMissing: 0,
      missingPartitions: [],
      totalPartitions: 1,
      rejected: 1,
    });
  });

  it("are UTF-8 when the CSV is UTF-16", async () => {
    const utf16 = Buffer.from("\uFEFFJobId\tWorkItemId\nGröße\t1\nj\t2\n", "utf16le");
    const { csvPath, states } = await runOn(utf16, 1, [0], { completed: ["2"] });
    const { text } = await remainingOf({ states, csv: { path: csvPath } });
    expect(text).toBe("JobId\tWorkItemId\nGröße\t1\n");
  });

  it("include the rows of partitions without a state", async () => {
    const rows = Array.from({ length: 20 }, (_, index) => `j,w${index}`);
    const csv = `JobId,WorkItemId\n${rows.join("\n")}\n`;
    const ids = rows.map((row) => row.slice(2));
    const { csvPath, states } = await runOn(csv, 3, [1], { completed: ids });
    const result = await remainingOf({ states, csv: { path: csvPath } });
    const others = rows.filter((row) => choosePartition(row.slice(2), 3) !== 1);
    expect(result.text).toBe(`JobId,WorkItemId\n${others.join("\n")}\n`);
    expect(result).toMatchObject({
      rows: others.length,
      rowsOfMissing: others.length,
      missingPartitions: [0, 2],
    });
    const failedOnly = await remainingOf({ states, csv: { path: csvPath }, failedOnly: "all" });
    expect(failedOnly).toMatchObject({ rows: 0, missingPartitions: [0, 2] });
  });

  it("are the header alone when nothing is left", async () => {
    const { csvPath, states } = await runOn("JobId,WorkItemId\nj,1\n", 1, [0], { completed: ["1"] });
    expect(await remainingOf({ states, csv: { path: csvPath } })).toMatchObject({
      text: "JobId,WorkItemId\n",
      rows: 0,
    });
  });

  it("are found in any order of the CSV, and another CSV is refused", async () => {
    const { csvPath, states } = await runOn("JobId,WorkItemId\nj,1\nj,2\n", 1, [0]);
    await writeFile(csvPath, "JobId,WorkItemId\nj,2\nj,1\n");
    expect((await remainingOf({ states, csv: { path: csvPath } })).rows).toBe(2);
    for (const other of ["j,1\n", "j,1\nj,2\nj,3\n", ""]) {
      await writeFile(csvPath, `JobId,WorkItemId\n${other}`);
      await expect(remainingOf({ states, csv: { path: csvPath } })).rejects.toMatchObject({
        code: "identity-mismatch",
      });
    }
  });
});

describe("the remaining rows without a CSV", () => {
  it("are what the states keep, one state after the other", async () => {
    const csv = 'JobId,WorkItemId,WorkItemName\nj,w1,\nj,w2,"a, b"\nj,w3,x\nj,w4,y\n';
    const { states } = await runOn(csv, 2, [0, 1], { completed: ["w3"] });
    const { text, rows } = await remainingOf({ states, csv: undefined });
    expect(rows).toBe(3);
    const [header, ...lines] = text.trimEnd().split("\n");
    expect(header).toBe("JobId,WorkItemId,WorkItemName");
    expect(lines.sort((a, b) => a.localeCompare(b))).toEqual(["j,w1,", 'j,w2,"a, b"', "j,w4,y"]);
  });

  it("are refused when a partition's state is missing, unless only what failed is wanted", async () => {
    const csv = "JobId,WorkItemId\nj,w1\nj,w2\nj,w3\nj,w4\n";
    const { states } = await runOn(csv, 2, [0], { failed: ["w1", "w2", "w3", "w4"] });
    await expect(remainingOf({ states, csv: undefined })).rejects.toMatchObject({ code: "usage" });
    const result = await remainingOf({ states, csv: undefined, failedOnly: ["conflict"] });
    expect(result.rows).toBe(["w1", "w2", "w3", "w4"].filter((id) => choosePartition(id, 2) === 0).length);
  });

  it("are read as the same work items, whatever is in them", async () => {
    const id = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
      .filter((text) => !/[\0\r\n]/.test(text) && text.trim() !== "");
    const items = fc.uniqueArray(fc.record({ jobId: id, workItemId: id, workItemName: id }), {
      selector: ({ jobId, workItemId }) => `${jobId}\n${workItemId}`,
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(items, async (workItems) => {
        const { text } = await remainingOf({ states: [stateOf(workItems)], csv: undefined });
        const bytes = (async function* one() {
          yield Buffer.from(text);
        })();
        const read: WorkItem[] = [];
        for await (const batch of readWorkItems({ path: "-", bytes }, { signal })) {
          for (const row of batch) if (row.kind === "row") read.push(row.workItem);
        }
        expect(read).toEqual(workItems);
      }),
      { numRuns: 50 },
    );
  });
});

/** A state that holds these, as far as it is asked. */
function stateOf(workItems: readonly WorkItem[]): RemainingOptions["states"][number] {
  const identity = { ...DESCRIPTION.identity, csvDigest: "", partition: 0, totalPartitions: 1 };
  const input = {
    rows: workItems.length,
    ours: workItems.length,
    duplicates: 0,
    rejected: 0,
    otherPartitions: 0,
  };
  const run = { runId: "r", identity, settings: {}, input, createdAt: 0, starts: 1 };
  const reader = {
    read: () => ({ run }),
    async *remaining() {
      yield workItems.map((workItem) => ({ ...workItem, hasFailed: false, failedWith: [] }));
    },
  };
  return { stateDb: "a.db", reader: reader as unknown as RemainingOptions["states"][number]["reader"] };
}

describe("the rows of what failed", () => {
  it("are given alone, with the codes that are asked for", async () => {
    const csv = "JobId,WorkItemId\nj,w1\nj,w2\nj,w3\n";
    const { csvPath, states } = await runOn(csv, 1, [0], { completed: ["w1"], failed: ["w2"] });
    const rowsWith = async (failedOnly: RemainingOptions["failedOnly"]) =>
      (await remainingOf({ states, csv: { path: csvPath }, failedOnly })).text;
    expect(await rowsWith("all")).toBe("JobId,WorkItemId\nj,w2\n");
    expect(await rowsWith(["conflict", "timeout"])).toBe("JobId,WorkItemId\nj,w2\n");
    expect(await rowsWith(["timeout"])).toBe("JobId,WorkItemId\n");
  });
});

it("remaining refuses states that do not belong together", async () => {
  const { states } = await runOn("JobId,WorkItemId\nj,1\n", 1, [0]);
  await expect(remainingOf({ states: [...states, ...states], csv: undefined })).rejects.toMatchObject({
    code: "identity-mismatch",
  });
});
