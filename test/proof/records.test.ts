/** What states and checkpoints prove of a CSV, and what they say of its files. */
import { describe, expect, it } from "vitest";
import { choosePartition } from "../../src/core/partition.ts";
import { makeReceipt } from "../../src/core/receipt.ts";
import { parseNameTemplate } from "../../src/core/target-name.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import { proveByCheckpoints, recordsOfCheckpoints } from "../../src/proof/checkpoint-records.ts";
import { proveByStates, recordsOfStates } from "../../src/proof/state-records.ts";
import { surveyRows } from "../../src/proof/verify-rows.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import { MemoryKind } from "../support/memory-kind.ts";
import { claimOne, csvOf, DESCRIPTION, eventsOf, file, noSignal, recordAll } from "../state/samples.ts";
import { each } from "./memory-target.ts";

const TOTAL = 3;
const ALL: readonly WorkItem[] = Array.from({ length: 15 }, (_, index) => ({
  jobId: `job-${index % 2}`,
  workItemId: `item-${index}`,
  workItemName: "",
}));
const inPartition = (partition: number) =>
  ALL.filter(({ workItemId }) => choosePartition(workItemId, TOTAL) === partition);
const FILES = [file(0), file(1)];
const RECEIPT = makeReceipt(FILES);

function survey(workItems: readonly WorkItem[] = ALL) {
  const rows = workItems.map(({ jobId, workItemId }) => `${jobId},${workItemId}\n`).join("");
  const bytes = (async function* () {
    yield Buffer.from(`JobId,WorkItemId\n${rows}`);
  })();
  const options = {
    template: parseNameTemplate("{workItemName}-{fileBaseName}"),
    totalPartitions: TOTAL,
    ...noSignal,
  };
  return surveyRows({ path: "w.csv", bytes }, options);
}

/** States of all three partitions; in the last one `leave` work items are left, and the next one has a file in trouble. */
async function machines(leave: number) {
  const kind = new MemoryKind();
  const states = [];
  const open: OpenState[] = [];
  for (const partition of [0, 1, 2]) {
    const own = inPartition(partition);
    const others = ALL.filter((workItem) => !own.includes(workItem));
    const identity = { ...DESCRIPTION.identity, partition, totalPartitions: TOTAL };
    const options = {
      location: `m${partition}`,
      resume: true,
      updateCsv: false,
      retryFailed: "all",
    } as const;
    const state = await kind.open(options, { ...DESCRIPTION, identity }, csvOf(own, others), noSignal);
    const last = partition === 2 ? leave : 0;
    for (let done = 0; done < own.length - last; done++) await complete(state);
    open.push(state);
    states.push({ stateDb: `m${partition}.db`, reader: await kind.read(`m${partition}`) });
  }
  return { states, open };
}

async function complete(state: OpenState): Promise<void> {
  const events = eventsOf((await claimOne(state)).id);
  recordAll(state, events.opened(2), ...FILES.map((one) => events.uploaded(one)));
  recordAll(state, ...FILES.map((one) => events.completed(one)), events.finished("completed"));
  await state.ledger.committed();
}

const closeAll = async (open: readonly OpenState[]) => {
  for (const state of open) await state.close();
};

describe("the states of a run", () => {
  it("prove that every row belongs to exactly one finished partition", async () => {
    const { states, open } = await machines(0);
    await closeAll(open);
    const proof = await proveByStates(states, await survey(), "w.csv");
    expect(proof).toEqual({
      by: "states",
      totalPartitions: 3,
      workItemsDone: 15,
      workItems: 15,
      open: [],
      toResume: [],
    });
  });

  it("name the partitions that are missing, not finished, or at work", async () => {
    const { states, open } = await machines(2);
    await open[0]?.close();
    await open[2]?.close();
    const [first, second, third] = states;
    if (!first || !second || !third) throw new Error("three states");
    const {
      open: told,
      toResume,
      workItemsDone,
    } = await proveByStates([second, third], await survey(), "w.csv");
    expect(told).toEqual([
      "partition 1 (m1.db): a process works on it",
      "partition 2 (m2.db): 2 not done",
      "partition 0: its state is not given",
    ]);
    expect(toResume).toEqual(["m2.db"]);
    expect(workItemsDone).toBe(15 - inPartition(0).length - 2);
  });

  it("are refused when one is given twice, or when the CSV is another", async () => {
    const { states, open } = await machines(0);
    await closeAll(open);
    const twice = [...states, ...states.slice(0, 1)];
    await expect(proveByStates(twice, await survey(), "w.csv")).rejects.toMatchObject({
      code: "identity-mismatch",
    });
    const other = await survey(ALL.slice(1));
    await expect(proveByStates(states, other, "w.csv")).rejects.toThrow(
      "w.csv is not the CSV of the run in m0.db",
    );
  });

  it("say of each file whether it was announced, and know its bytes", async () => {
    const { states, open } = await machines(1);
    const [own] = inPartition(2).slice(-1);
    const [done] = inPartition(1);
    if (!own || !done || !open[2]) throw new Error("work items");
    const events = eventsOf((await claimOne(open[2])).id);
    recordAll(
      open[2],
      events.opened(2),
      events.uploaded(file(0), { bytes: 7 }),
      events.completed(file(0), false),
    );
    await open[2].ledger.committed();
    const said = async (workItem: WorkItem, wants: boolean) => {
      const record = await (await recordsOfStates(states, wants)).read(workItem);
      return FILES.map((one, place) => record?.whyNotAnnounced(one, place, RECEIPT));
    };
    expect(await said(done, true)).toEqual([undefined, undefined]);
    expect(await said(own, true)).toEqual([
      "the state says completed without an announcement",
      "the state knows nothing of this file",
    ]);
    expect(await said(own, false)).toEqual([undefined, "the state knows nothing of this file"]);
    expect((await (await recordsOfStates(states, true)).read(own))?.bytesOf(file(0))).toBe(7);
    await closeAll(open);
  });
});

describe("the checkpoints of a run", () => {
  const checkpointsOf = async (open: readonly OpenState[]) =>
    Promise.all(
      open.map(async (state, partition) => ({
        partition,
        checkpoint: await state.ledger.checkpoint(partition, noSignal),
        isHeld: partition === 2,
      })),
    );

  it("prove the same as the states, as long as they are over the rows of the CSV", async () => {
    const { open } = await machines(0);
    const records = await checkpointsOf(open);
    expect(proveByCheckpoints(records, await survey())).toMatchObject({ workItemsDone: 15, open: [] });
    const fewer = await survey(ALL.filter((workItem) => workItem !== inPartition(1)[0]));
    expect(proveByCheckpoints(records, fewer).open).toEqual([
      expect.stringMatching(/^partition 1: its record is over \d other rows than the \d of this CSV$/),
    ]);
    await closeAll(open);
  });

  it("name what is left, also of files, by their places in the order of keys", async () => {
    const { open } = await machines(1);
    const claim = await claimOne(open[2] as OpenState);
    const events = eventsOf(claim.id);
    const opened = { ...events.opened(2), receipt: RECEIPT };
    recordAll(open[2] as OpenState, opened, events.uploaded(file(1)), events.completed(file(1)));
    await open[2]?.ledger.committed();
    const records = await checkpointsOf(open);
    const rows = await survey();
    expect(proveByCheckpoints(records, rows).open).toEqual([
      "partition 2: 1 not done, a machine works on it",
    ]);
    const read = await recordsOfCheckpoints(records, rows, each(ALL));
    const said = async (workItem: WorkItem) => {
      const record = await read.read(workItem);
      return FILES.map((one, place) => record?.whyNotAnnounced(one, place, RECEIPT));
    };
    const why = "the record of its partition does not say that it is completed";
    expect(await said(claim.workItem)).toEqual([why, undefined]);
    for (const workItem of ALL) {
      if (workItem.workItemId !== claim.workItem.workItemId)
        expect(await said(workItem)).toEqual([undefined, undefined]);
    }
    await closeAll(open);
  });

  it("name a partition that nobody has begun", async () => {
    const { open } = await machines(0);
    const records = await checkpointsOf(open);
    const none = records.map((record) =>
      record.partition === 1 ? { ...record, checkpoint: undefined } : record,
    );
    const proof = proveByCheckpoints(none, await survey());
    expect(proof.open).toEqual(["partition 1: nobody has begun it"]);
    expect(proof.workItemsDone).toBe(15 - inPartition(1).length);
    await closeAll(open);
  });
});
