/** Two and three machines at once: processes of their own, with states of their own, on one CSV. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { choosePartition } from "../../src/core/partition.ts";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "./expectations.ts";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const WORK_ITEMS = 18;

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene(undefined, { coordinated: true });
  input = await makePlain(scene, WORK_ITEMS, 3);
});
afterEach(() => scene[Symbol.asyncDispose]());

describe.each([2, 3])("%i partitions at once", (total) => {
  it("are disjoint and complete, and each announces its own files", async () => {
    const machines = Array.from({ length: total }, (_, partition) =>
      scene.run([
        "--state-db",
        `machine${partition + 1}_state.db`,
        "--partition",
        String(partition),
        "--total-partitions",
        String(total),
        "--output",
        "json",
        "--verbose",
      ]),
    );
    const results = await Promise.all(machines);
    expect(results.map(({ code }) => code)).toEqual(Array.from({ length: total }, () => 0));

    const done = results.map(({ stdout }) => workItemsIn(stdout));
    const ids = [...new Set(input.files.map(({ workItemId }) => workItemId))];
    done.forEach((mine, partition) => {
      expect([...mine].sort()).toEqual(ids.filter((id) => choosePartition(id, total) === partition));
    });
    expect(done.reduce((sum, { size }) => sum + size, 0)).toBe(WORK_ITEMS);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
    expect(scene.proxy.count("put-blob")).toBe(input.files.length);
  });
});

it("a partition says in its summary which one it is and how many rows the others have", async () => {
  const result = await scene.run(["--partition", "1", "--total-partitions", "3"]);
  expect(result.code).toBe(0);
  const ids = new Set(input.files.map(({ workItemId }) => workItemId));
  const ours = [...ids].filter((id) => choosePartition(id, 3) === 1).length;
  expect(figureOf(result.stdout, "completed")).toBe(ours);
  expect(figureOf(result.stdout, "other partitions")).toBe(WORK_ITEMS - ours);
  expect(result.stdout).toContain("Partition 1 of 3 is done. Each other partition has its own summary.");
});

/** The work items that the NDJSON's file events name. */
function workItemsIn(ndjson: string): Set<string> {
  const events = ndjson
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; workItemId?: string });
  return new Set(events.flatMap(({ type, workItemId }) => (type === "file" ? (workItemId ?? []) : [])));
}
