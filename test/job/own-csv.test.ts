import { describe, expect, it } from "vitest";
import type { Checkpoint } from "../../src/core/checkpoint.ts";
import { ReuploadError } from "../../src/core/errors.ts";
import { newCheckpointStates, writeCheckpointState } from "../../src/core/checkpoint-states.ts";
import { isOfFormerCsv, tellUnread } from "../../src/job/own-csv.ts";
import type { StateSummary } from "../../src/state/ledger.ts";

const states = newCheckpointStates(3);
writeCheckpointState(states, 0, "done");
writeCheckpointState(states, 1, "done");
const old: Checkpoint = {
  partition: 1,
  epoch: 2,
  rows: { count: 3, digest: "three" },
  states,
  empty: 0,
  open: [],
  failures: [],
  files: { total: 0, done: 0, failed: 0, skipped: 0, bytes: 0 },
};
const refused = new ReuploadError("checkpoint-unusable", "of other rows");

function counts(completed: number, pending: number): StateSummary["workItems"] {
  const none = { pending: 0, in_progress: 0, empty: 0, failed: 0, skipped: 0, not_mine: 0, elsewhere: 0 };
  return { ...none, completed, pending };
}

describe("a checkpoint of other rows than the state has", () => {
  it("is passed over only when it is of fewer rows of this partition and the state's CSV has grown", () => {
    const own = { partition: 1, workItems: counts(2, 3), mayBeOlder: true };
    expect(isOfFormerCsv(refused, old, own)).toBe(true);
    expect(isOfFormerCsv(refused, old, { ...own, mayBeOlder: false })).toBe(false);
    expect(isOfFormerCsv(refused, old, { ...own, partition: 0 })).toBe(false);
    expect(isOfFormerCsv(refused, old, { ...own, workItems: counts(2, 1) })).toBe(false);
    expect(isOfFormerCsv(new Error("disk"), old, own)).toBe(false);
  });

  it("is told when it knows of more that is done than the state", () => {
    const summary = (completed: number) => ({ workItems: counts(completed, 3) }) as StateSummary;
    expect(tellUnread(old, summary(2))).toBeUndefined();
    expect(tellUnread(old, summary(1))).toContain("compared and announced again");
  });
});
