import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import type { WorkItem } from "../../src/core/work-item.ts";
import { partitionInput, type PartitionInput } from "../../src/input/partition-input.ts";
import type { InputReader } from "../../src/state/state-kind.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-partition-"));
});
afterEach(() => rm(folder, { recursive: true }));

const rejectedPath = () => join(folder, "machine1.rejected.csv");

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function inputOf(csv: string, partition = 0, totalPartitions = 1): PartitionInput {
  return partitionInput({
    source: { path: "failed.csv", bytes: once(csv) },
    partition,
    totalPartitions,
    rejectedPath: rejectedPath(),
    signal: new AbortController().signal,
  });
}

/** Keeps whole keys, as the state does. */
function store() {
  const items = new Map<string, WorkItem>();
  const take = (workItems: readonly WorkItem[]) => {
    const before = items.size;
    for (const item of workItems) {
      const key = JSON.stringify([item.jobId, item.workItemId]);
      if (!items.has(key)) items.set(key, item);
    }
    return items.size - before;
  };
  return { items, take };
}

// The compiler holds this: it is what the state's door asks for.
expectTypeOf<PartitionInput>().toExtend<InputReader>();

describe("one partition's share of a CSV", () => {
  it("counts repeated rows once, and one id under two jobs as two work items", async () => {
    const { items, take } = store();
    const csv = "JobId,WorkItemId,WorkItemName\n7,1,a\n7,1,a\n8,1,b\n7,1,other\n\n7\n";
    const { counts, csvDigest } = await inputOf(csv).read(take);
    expect(counts).toEqual({ rows: 5, ours: 2, duplicates: 2, rejected: 1, otherPartitions: 0 });
    expect([...items.values()]).toEqual([
      { jobId: "7", workItemId: "1", workItemName: "a" },
      { jobId: "8", workItemId: "1", workItemName: "b" },
    ]);
    expect(csvDigest).toMatch(/^3-/);
  });

  it("passes on every row of the share, so that only the state decides what is a repetition", async () => {
    const handedOn: string[] = [];
    await inputOf("JobId,WorkItemId\n7,1\n7,2\n7,1\n").read((workItems) => {
      handedOn.push(...workItems.map(({ workItemId }) => workItemId));
      return workItems.length;
    });
    expect(handedOn).toEqual(["1", "2", "1"]);
  });

  it("makes disjoint shares that cover the CSV, with the same digest and counts that add up, in every row order", async () => {
    const cell = fc.record({
      job: fc.constantFrom("1", "2"),
      id: fc.nat(30),
      name: fc.constantFrom("", "x"),
    });
    const bad = fc.constantFrom("1", "1,2,3,4", ",5,x", '1,"2"3,x');
    const line = fc.oneof(
      { weight: 8, arbitrary: cell.map(({ job, id, name }) => `${job},${id},${name}`) },
      bad,
    );
    const orders = fc
      .array(line, { maxLength: 40 })
      .chain((lines) =>
        fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines, { minLength: lines.length })),
      );
    await fc.assert(
      fc.asyncProperty(orders, fc.integer({ min: 1, max: 5 }), async ([lines, shuffled], total) => {
        const header = "JobId,WorkItemId,WorkItemName";
        const whole = store();
        const all = await inputOf([header, ...lines].join("\n")).read(whole.take);
        const found: string[] = [];
        for (let partition = 0; partition < total; partition++) {
          const share = store();
          const part = await inputOf([header, ...shuffled].join("\r\n"), partition, total).read(share.take);
          expect(part.csvDigest).toBe(all.csvDigest);
          const { rows, ours, duplicates, rejected, otherPartitions } = part.counts;
          expect(rows).toBe(lines.length);
          expect(ours + duplicates + rejected + otherPartitions).toBe(rows);
          expect(ours).toBe(share.items.size);
          expect(ours + otherPartitions).toBe(whole.items.size);
          expect(rejected).toBe(all.counts.rejected);
          found.push(...share.items.keys());
        }
        expect(found.toSorted()).toEqual([...whole.items.keys()].toSorted());
      }),
      { numRuns: 60 },
    );
  });

  it("passes on the errors of the state", async () => {
    const full = new Error("full");
    const reading = inputOf("JobId,WorkItemId\n7\n7,1\n").read(() => {
      throw full;
    });
    await expect(reading).rejects.toBe(full);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("the rejected rows", () => {
  it("stand in a CSV with line, reason and row that only the owner can read", async () => {
    const csv = 'JobId,WorkItemId\n7,1\n"7"x,"2"\n7,3,"a ""b"""\n,4\n';
    const { counts } = await inputOf(csv).read((workItems) => workItems.length);
    expect(counts.rejected).toBe(3);
    expect(parse(await readFile(rejectedPath()))).toEqual([
      ["Line", "Reason", "Row"],
      ["3", "text after a closing quote", '"7"x,"2"'],
      ["4", "3 columns, 2 expected", '7,3,"a ""b"""'],
      ["5", "JobId is empty", ",4"],
    ]);
    expect((await stat(rejectedPath())).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["machine1.rejected.csv"]);
  });

  it("hold no signature when the file is one with links", async () => {
    await inputOf("JobId,WorkItemId\n7,1,https://s/a?sv=1&sig=c2VjcmV0\n").read(() => 0);
    expect(await readFile(rejectedPath(), "utf8")).toBe(
      'Line,Reason,Row\n2,"3 columns, 2 expected","7,1,https://s/a?sv=1&sig=***"\n',
    );
  });

  it("replace those of an earlier read, and leave no file when there are none", async () => {
    await writeFile(rejectedPath(), "Line,Reason,Row\nold");
    await inputOf("JobId,WorkItemId\n7\n").read(() => 0);
    expect(await readFile(rejectedPath(), "utf8")).toBe('Line,Reason,Row\n2,"1 column, 2 expected","7"\n');
    await inputOf("JobId,WorkItemId\n7,1\n").read(() => 1);
    expect(await readdir(folder)).toEqual([]);
    await inputOf("JobId,WorkItemId\n7,1\n").read(() => 1);
    expect(await readdir(folder)).toEqual([]);
  });

  it("stay from an earlier read when a read fails", async () => {
    await writeFile(rejectedPath(), "old");
    await expect(inputOf("a,b\n").read(() => 0)).rejects.toThrow("has no JobId");
    expect(await readFile(rejectedPath(), "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["machine1.rejected.csv"]);
  });

  it("end the read with an error that names the file when they cannot be written", async () => {
    const input = partitionInput({
      source: { path: "failed.csv", bytes: once("JobId,WorkItemId\n7\n") },
      partition: 0,
      totalPartitions: 1,
      rejectedPath: join(folder, "missing", "a.rejected.csv"),
      signal: new AbortController().signal,
    });
    await expect(input.read(() => 0)).rejects.toMatchObject({
      code: "output-unwritable",
      message: expect.stringContaining("a.rejected.csv") as string,
    });
  });

  it("may be as many as the rows of the CSV", async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `only-${index}`);
    const { counts } = await inputOf(["JobId,WorkItemId", ...rows].join("\n")).read(() => 0);
    expect(counts).toMatchObject({ rows: 20_000, rejected: 20_000 });
    const lines = (await readFile(rejectedPath(), "utf8")).split("\n");
    expect([lines.length, lines[20_000]]).toEqual([20_002, '20001,"1 column, 2 expected","only-19999"']);
  });
});
