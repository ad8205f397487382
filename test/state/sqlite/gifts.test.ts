import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Checkpoint,
  checkpointCounts,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../../src/core/checkpoint.ts";
import { choosePartition } from "../../../src/core/partition.ts";
import { giftsOf, joinFamily, parentPartition } from "../../../src/core/sub-partition.ts";
import type { OpenState } from "../../../src/state/state-kind.ts";
import { claimSome, completeOne, csvOf, DESCRIPTION, noSignal, workItems } from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";

const TOTAL = 2;
const description = {
  ...DESCRIPTION,
  identity: { ...DESCRIPTION.identity, partition: "auto", totalPartitions: TOTAL } as const,
};
const ROWS = workItems(60);
const ofZero = ROWS.filter(({ workItemId }) => choosePartition(workItemId, TOTAL) === 0);
const SPLIT = { pieces: 2, besides: 0, filesEach: 1 };

/** Machines of one run, each with a state of its own. */
async function machines() {
  const folder = await temporaryFolder();
  return async (name: string) =>
    openState(join(folder, `${name}.db`), csvOf(ROWS), { description, resume: true });
}

async function told(state: OpenState, partition: number): Promise<Checkpoint> {
  await state.ledger.committed();
  return decodeCheckpoint(encodeCheckpoint(await state.ledger.checkpoint(partition, noSignal)));
}

const give = (state: OpenState, partition: number, split = SPLIT): readonly number[] =>
  state.gifts?.give(partition, split) ?? [];

const left = (state: OpenState, ...partitions: readonly number[]): number[] =>
  partitions.map((partition) => state.queue.left(partition).all);

describe("a state that gives work away", () => {
  it("keeps what it has opened, and nothing claims what it gave away", async () => {
    const state = await (await machines())("a");
    await state.queue.admit(0, undefined);
    const open = await claimSome(state, 3);
    const given = give(state, 0);
    expect(given).toHaveLength(2);
    expect(given.map(parentPartition)).toEqual([0, 0]);
    const rest = await claimSome(state, 100);
    const counts = left(state, 0, ...given);
    expect(counts[0]).toBe(open.length + rest.length);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ofZero.length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(6);
    expect(state.gifts?.offerable(0).workItems).toBe(0);
  });

  it("gives all when there is enough to do besides", async () => {
    const state = await (await machines())("a");
    await state.queue.admit(0, undefined);
    const given = give(state, 0, { pieces: 1, besides: 1_000, filesEach: 1 });
    expect(left(state, 0, ...given)).toEqual([0, ofZero.length]);
  });

  it("tells it in its checkpoints, from which another state goes on", async () => {
    const machine = await machines();
    const a = await machine("a");
    await a.queue.admit(0, undefined);
    await completeOne(a, 1);
    const [sub = 0, other = 0] = give(a, 0);
    const parent = await told(a, 0);
    expect(giftsOf(parent)).toEqual([sub, other]);

    const b = await machine("b");
    await b.queue.admit(sub, await told(a, sub));
    const claims = await claimSome(b, 100);
    expect(claims.map(({ partition }) => partition)).toEqual(claims.map(() => sub));
    expect(claims).toHaveLength(left(a, sub)[0] ?? 0);
    b.queue.release(claims.map(({ id }) => id));
    await b.queue.withdraw(sub, new Error("given back"));

    const c = await machine("c");
    await c.queue.admit(0, parent);
    expect(left(c, 0, sub, other)).toEqual(left(a, 0, sub, other));
    expect(await claimSome(c, 100)).toHaveLength(left(a, 0)[0] ?? 0);
    expect(giftsOf(await told(c, 0))).toEqual([sub, other]);
    const joined = joinFamily(parent, [await told(a, sub), await told(a, other)]);
    expect(checkpointCounts(joined).workItems).toMatchObject({
      total: ofZero.length,
      done: 1,
      pending: ofZero.length - 1,
    });
    expect(joined.rows).toEqual((await told(b, 0)).family?.rows);
  });

  it("takes a gift back that no record names, and keeps one whose sub-partition it has met", async () => {
    const machine = await machines();
    const a = await machine("a");
    await a.queue.admit(0, undefined);
    const before = await told(a, 0);
    const [sub = 0] = give(a, 0);
    await a.close();
    // Nobody was told: the next claim reads the record as it was before.
    const again = await machine("a");
    expect(left(again, sub)[0]).toBeGreaterThan(0);
    await again.queue.admit(0, before);
    expect(left(again, 0, sub)).toEqual([ofZero.length, 0]);
    const [real = 0] = give(again, 0);
    await again.queue.admit(real, await told(again, real));
    await again.queue.withdraw(0, new Error("lost"));
    await expect(again.queue.admit(0, before)).rejects.toMatchObject({ code: "checkpoint-unusable" });
    expect(left(again, real)[0]).toBeGreaterThan(0);
  });

  it("takes the account's gift in place of its own of the same number", async () => {
    const machine = await machines();
    const a = await machine("a");
    await a.queue.admit(0, undefined);
    const record = await told(a, 0);
    const [ghost = 0] = give(a, 0, { ...SPLIT, pieces: 1 });
    await a.queue.withdraw(0, new Error("lost"));

    const b = await machine("b");
    await b.queue.admit(0, record);
    await claimSome(b, 7);
    const [real] = give(b, 0, { ...SPLIT, pieces: 1 });
    expect(real).toBe(ghost);
    const [parent, sub] = [await told(b, 0), await told(b, ghost)];
    // Whichever of both it reads first.
    await a.queue.admit(ghost, sub);
    await a.queue.admit(0, parent);
    expect((await told(a, ghost)).rows).toEqual(sub.rows);
    expect((await told(a, 0)).rows).toEqual(parent.rows);
  });

  it("refuses places among other rows, and is then as it was", async () => {
    const machine = await machines();
    const a = await machine("a");
    await a.queue.admit(0, undefined);
    const [sub = 0] = give(a, 0);
    const said = await told(a, sub);
    const family = { rows: { count: 9, digest: "other" }, gifts: said.family?.gifts ?? [] };
    const b = await machine("b");
    await expect(b.queue.admit(sub, { ...said, family })).rejects.toMatchObject({
      code: "checkpoint-unusable",
    });
    await b.queue.admit(0, undefined);
    expect(await claimSome(b, 100)).toHaveLength(ofZero.length);
  });
});
