import { describe, expect, it } from "vitest";
import { FILE_STATUSES, fileMayMove, WORK_ITEM_STATUSES, workItemMayMove } from "../../src/core/states.ts";

function moves<Status extends string>(
  statuses: readonly Status[],
  mayMove: (from: Status, to: Status) => boolean,
): string[] {
  return statuses.flatMap((from) =>
    statuses.filter((to) => mayMove(from, to)).map((to) => `${from} -> ${to}`),
  );
}

describe("the life of a file", () => {
  it("has exactly the moves of the specification", () => {
    expect(moves(FILE_STATUSES, fileMayMove)).toEqual([
      "pending -> uploaded",
      "pending -> completed",
      "pending -> failed",
      "pending -> skipped",
      "uploaded -> completed",
      "uploaded -> failed",
      "failed -> pending",
      "failed -> uploaded",
      "failed -> completed",
      "skipped -> pending",
    ]);
  });
});

describe("the life of a work item", () => {
  it("has exactly the moves of the specification", () => {
    expect(moves(WORK_ITEM_STATUSES, workItemMayMove)).toEqual([
      "pending -> in_progress",
      "pending -> failed",
      "pending -> skipped",
      "pending -> elsewhere",
      "pending -> not_mine",
      "in_progress -> pending",
      "in_progress -> completed",
      "in_progress -> empty",
      "in_progress -> failed",
      "in_progress -> not_mine",
      "completed -> pending",
      "empty -> pending",
      "failed -> pending",
      "failed -> skipped",
      "failed -> elsewhere",
      "failed -> not_mine",
      "skipped -> pending",
      "skipped -> failed",
      "skipped -> elsewhere",
      "skipped -> not_mine",
      "not_mine -> pending",
      "not_mine -> failed",
      "not_mine -> skipped",
      "not_mine -> elsewhere",
    ]);
  });
});
