import { expect, it } from "vitest";
import { choosePartition } from "../../src/core/partition.ts";
import { TakeOvers } from "../../src/job/take-overs.ts";

it("take-overs count the files of their partitions that were in the target already, and no others", () => {
  const all = new TakeOvers(4);
  const idIn = (partition: number) =>
    Array.from({ length: 100 }, (_, at) => `w${at}`).find((id) => choosePartition(id, 4) === partition) ?? "";
  const file = (partition: number, outcome: "copied" | "already-there") => {
    const workItem = { jobId: "j", workItemId: idIn(partition), workItemName: "n" };
    all.noteFile({ outcome, workItem });
  };
  file(2, "already-there");
  expect(all.describe()).toEqual([]);
  all.note([{ partition: 2 }, { partition: 3 }]);
  file(2, "already-there");
  file(2, "copied");
  file(1, "already-there");
  expect(all.told).toEqual({ partitions: 2, filesFound: 1 });
  expect(all.describe()).toEqual([
    "took over 2 partitions of machines that died: 1 file of them was in the target already",
  ]);
});
