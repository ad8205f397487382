import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitmapWith, countBits, isBitSet, joinBits } from "../../src/core/bitmap.ts";
import {
  type Checkpoint,
  checkpointCounts,
  decodeCheckpoint,
  encodeCheckpoint,
  mergeCheckpoints,
  withFailuresToRetry,
} from "../../src/core/checkpoint.ts";
import {
  CHECKPOINT_STATES,
  type CheckpointState,
  newCheckpointStates,
  readCheckpointState,
  writeCheckpointState,
} from "../../src/core/checkpoint-states.ts";
import { FAILURE_CODES } from "../../src/core/failure.ts";

function checkpointWith(states: readonly CheckpointState[], more: Partial<Checkpoint> = {}): Checkpoint {
  const bits = newCheckpointStates(states.length);
  for (const [place, state] of states.entries()) writeCheckpointState(bits, place, state);
  return {
    partition: 3,
    epoch: 1,
    rows: { count: states.length, digest: `${states.length}-abc` },
    states: bits,
    empty: 0,
    open: [],
    failures: [],
    files: { total: 0, done: 0, failed: 0, skipped: 0, bytes: 0 },
    ...more,
  };
}

const statesIn = ({ states, rows }: Checkpoint): CheckpointState[] =>
  Array.from({ length: rows.count }, (_, place) => readCheckpointState(states, place));

const anyStates = fc.array(fc.constantFrom(...CHECKPOINT_STATES), { maxLength: 40 });
const number = fc.nat(1_000_000);
const anyCheckpoint = anyStates.chain((states) => {
  const open = fc
    .uniqueArray(fc.nat(Math.max(0, states.length - 1)), { maxLength: Math.min(5, states.length) })
    .chain((places) =>
      fc.tuple(
        ...places
          .sort((a, b) => a - b)
          .map((place) =>
            fc.record({
              place: fc.constant(place),
              receipt: fc.record({ count: number, digest: fc.string({ maxLength: 20 }) }),
              completed: fc.uniqueArray(fc.nat(300)).map(bitmapWith),
            }),
          ),
      ),
    );
  return fc
    .record({
      partition: number,
      epoch: number,
      empty: number,
      open,
      failures: fc.array(
        fc.record({
          outcome: fc.constantFrom("failed" as const, "skipped" as const),
          code: fc.constantFrom(...FAILURE_CODES),
          files: number,
          workItems: number,
        }),
        { maxLength: 3 },
      ),
      files: fc.record({
        total: fc.maxSafeNat(),
        done: number,
        failed: number,
        skipped: number,
        bytes: fc.maxSafeNat(),
      }),
    })
    .map((more) => checkpointWith(states, more));
});

describe("a checkpoint as bytes", () => {
  it("is the same when it is read again, and equal ones are equal bytes", () => {
    fc.assert(
      fc.property(anyCheckpoint, (checkpoint) => {
        const bytes = encodeCheckpoint(checkpoint);
        expect(decodeCheckpoint(bytes)).toEqual(checkpoint);
        expect(encodeCheckpoint(structuredClone(checkpoint))).toEqual(bytes);
      }),
    );
  });

  it("is refused whichever bit of it differs, and whatever is missing or follows", () => {
    const bytes = encodeCheckpoint(
      checkpointWith(["done", "failed", "pending"], {
        open: [{ place: 2, receipt: { count: 9, digest: "00" }, completed: Uint8Array.of(5, 1) }],
      }),
    );
    const refused = expect.objectContaining({ code: "checkpoint-unusable" }) as unknown as Error;
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      expect(() => decodeCheckpoint(damaged)).toThrow(refused);
      expect(() => decodeCheckpoint(bytes.subarray(0, at))).toThrow(refused);
    }
    expect(() => decodeCheckpoint(Uint8Array.of(...bytes, 0))).toThrow(refused);
    expect(() => decodeCheckpoint(new Uint8Array())).toThrow(refused);
  });

  it("takes a quarter of a byte a work item, and a bit a file of the open ones", () => {
    const states = Array.from({ length: 40_000 }, () => "done" as const);
    expect(encodeCheckpoint(checkpointWith(states)).length).toBeLessThan(40_000 / 4 + 300);
  });
});

describe("the counts of a checkpoint", () => {
  it("add up to its rows", () => {
    fc.assert(
      fc.property(anyStates, (states) => {
        const { total, pending, done, failed, skipped } = checkpointCounts(checkpointWith(states)).workItems;
        expect(pending + done + failed + skipped).toBe(total);
        expect(done).toBe(states.filter((state) => state === "done").length);
      }),
    );
  });
});

describe("two checkpoints of one partition", () => {
  it("keep what is done on either side; for the rest the higher epoch wins", () => {
    const own = checkpointWith(["done", "failed", "pending", "skipped", "failed"], { epoch: 2 });
    const other = checkpointWith(["failed", "done", "failed", "pending", "pending"], { epoch: 3 });
    for (const merged of [mergeCheckpoints(own, other), mergeCheckpoints(other, own)]) {
      expect(statesIn(merged)).toEqual(["done", "done", "failed", "pending", "pending"]);
      expect(merged.epoch).toBe(3);
    }
    expect(statesIn(mergeCheckpoints(own, { ...other, epoch: 2 }))).toEqual([
      "done",
      "done",
      "pending",
      "skipped",
      "failed",
    ]);
  });

  it("join the completed files of one lookup; of two lookups the later one's count", () => {
    const open = (digest: string, ...completed: number[]) => ({
      open: [{ place: 0, receipt: { count: 9, digest }, completed: bitmapWith(completed) }],
    });
    const own = checkpointWith(["pending"], { epoch: 1, ...open("a", 0, 8) });
    const same = checkpointWith(["pending"], { epoch: 2, ...open("a", 1) });
    expect(mergeCheckpoints(own, same).open[0]?.completed).toEqual(bitmapWith([0, 1, 8]));
    const drifted = checkpointWith(["pending"], { epoch: 2, ...open("b", 1) });
    expect(mergeCheckpoints(own, drifted).open).toEqual(drifted.open);
    const done = checkpointWith(["done"], { epoch: 1 });
    expect(mergeCheckpoints(done, same).open).toEqual([]);
  });

  it("give the same in whichever order they are merged, and themselves with themselves", () => {
    fc.assert(
      fc.property(
        anyStates,
        fc.nat(9),
        fc.infiniteStream(fc.constantFrom(...CHECKPOINT_STATES)),
        (states, epoch, others) => {
          const own = checkpointWith(states, { epoch });
          const other = checkpointWith(
            states.map(() => others.next().value as CheckpointState),
            { epoch: epoch + 1 },
          );
          expect(mergeCheckpoints(own, other)).toEqual(mergeCheckpoints(other, own));
          expect(mergeCheckpoints(own, own)).toEqual(own);
        },
      ),
    );
  });

  it("over other rows are refused", () => {
    const own = checkpointWith(["done"]);
    for (const other of [checkpointWith(["done", "done"]), { ...own, partition: 4 }]) {
      expect(() => mergeCheckpoints(own, other)).toThrow(
        expect.objectContaining({ code: "checkpoint-unusable" }),
      );
    }
  });
});

describe("a bitmap", () => {
  it("has the bits that it was made with", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500)), fc.uniqueArray(fc.nat(500)), (a, b) => {
        const joined = joinBits(bitmapWith(a), bitmapWith(b));
        expect(countBits(joined)).toBe(new Set([...a, ...b]).size);
        for (const place of a) expect(isBitSet(joined, place)).toBe(true);
        expect(isBitSet(joined, 501 * 8)).toBe(false);
      }),
    );
  });
});

describe("failures to retry", () => {
  const skipped = checkpointWith(["done", "done", "pending"], {
    failures: [{ outcome: "skipped", code: "conflict", files: 1, workItems: 0 }],
    files: { total: 5, done: 4, failed: 0, skipped: 1, bytes: 10 },
  });

  it("leave nothing done where the code of skipped files is named", () => {
    const { workItems, files } = checkpointCounts(withFailuresToRetry(skipped, ["conflict"]));
    expect(workItems).toMatchObject({ pending: 3, done: 0 });
    expect(files).toMatchObject({ done: 0, skipped: 0 });
  });

  it.each(["all", "none", ["timeout"]] as const)("leave skipped files alone with %j", (retryFailed) => {
    const retried = withFailuresToRetry(skipped, retryFailed);
    expect(checkpointCounts(retried).workItems).toMatchObject({ pending: 1, done: 2 });
    expect(retried.failures).toEqual(skipped.failures);
  });
});
