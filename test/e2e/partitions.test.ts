import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { addMissingBlob, type DemoInput, makeDemoInput } from "../../src/emulator/demo-input.ts";
import { workItemsInState } from "../support/read-state.ts";
import { expectAnnouncedOnce, expectInTarget, openScene, type Scene } from "../support/scene.ts";

const { connectionString } = inject("emulator");
let source: Scene;
let input: DemoInput;

beforeAll(async () => {
  const signal = AbortSignal.timeout(60_000);
  source = await openScene(connectionString);
  input = await makeDemoInput({
    connectionString,
    folder: source.folder,
    sourceContainer: `${source.container}-source`,
    signal,
    scale: {
      workItems: 40,
      files: 160,
      large: [],
    },
  });
  await addMissingBlob(input.missing, { signal });
});
afterAll(() => source[Symbol.asyncDispose]());

describe("machines that share a CSV", () => {
  it.each([2, 3])(
    "do it in %i partitions at once: disjoint, complete, each file announced once",
    async (n) => {
      await using scene = await openScene(connectionString);
      const machines = Array.from({ length: n }, async (_, partition) => {
        const state = `machine${partition + 1}_state.db`;
        const { code, summary } = await scene.summaryOf([
          "--csv",
          input.csvFile,
          "--files",
          input.listingFile,
          "--state-db",
          state,
          "--partition",
          String(partition),
          "--total-partitions",
          String(n),
        ]);
        expect({ code, verdict: summary.verdict, gaps: summary.gaps }).toEqual({
          code: 0,
          verdict: "completed",
          gaps: [],
        });
        expect(summary.rows.total).toBe(input.csvRows);
        return { partition, rows: summary.rows, workItems: workItemsInState(scene.path(state)) };
      });
      const done = await Promise.all(machines);

      const shares = done.flatMap(({ partition, workItems }) =>
        [...workItems.keys()].map((key) => `${key.split("/")[1] ?? ""},${partition}`),
      );
      const list = await source.cli(["partitions", input.csvFile, String(n), "--list"]);
      expect(shares.toSorted()).toEqual(list.stdout.trimEnd().split("\n").toSorted());
      expect(shares).toHaveLength(input.workItems);
      expect(done.every(({ workItems }) => workItems.size > 0)).toBe(true);
      for (const { rows, workItems } of done) expect(rows.completed + rows.empty).toBe(workItems.size);
      await expectInTarget(scene, input.expected);
      await expectAnnouncedOnce(scene, input.expected);
    },
  );

  it("say of a partition that the others report for themselves", async () => {
    await using scene = await openScene(connectionString);
    const { code, stdout } = await scene.run([
      "--csv",
      input.csvFile,
      "--files",
      input.listingFile,
      "--partition",
      "1",
      "--total-partitions",
      "2",
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain("\npartition 1 of 2 is done; the others report for themselves\n");
  });
});
