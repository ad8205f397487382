/** `reupload partitions`: the text that operators know, byte for byte, and the answers for scripts. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { partitionOf } from "../../src/core/partition.ts";
import { type Scene, startScene } from "../e2e/scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
  const ids = ["1889211721", "1913007684", "1889211722", "1913007685", "1889211721"];
  await scene.write("small.csv", `JobId,WorkItemId\n${ids.map((id) => `70431,${id}\n`).join("")}`);
  const many = Array.from({ length: 2000 }, (_, index) => `70431,${index}\n`);
  await scene.write("many.csv", `JobId,WorkItemId\n${many.join("")}`);
  await scene.write("some-bad.csv", "JobId,WorkItemId\n70431,1889211721\n70431,\n");
});
afterAll(() => scene[Symbol.asyncDispose]());

describe("partitions", () => {
  it("prints the distribution as operators know it", async () => {
    const { code, stdout, stderr } = await scene.cli(["partitions", "small.csv", "2"]);
    expect(stdout).toBe(`Partition Distribution for 2 partitions:
================================================================================

Partition 0:
  Count:     2 (50.0%)
  Samples:   1889211721, 1913007684

Partition 1:
  Count:     2 (50.0%)
  Samples:   1889211722, 1913007685

Total WorkItems: 4
`);
    expect(stderr).toBe("1 repeated row counted once\n");
    expect(code).toBe(0);
  });

  it("groups thousands and cuts the samples", async () => {
    const { stdout } = await scene.cli(["partitions", "many.csv", "1"]);
    expect(stdout).toContain("  Count:     2,000 (100.0%)\n");
    expect(stdout).toMatch(/^ {2}Samples: {3}\d+, .*, \.\.\.$/m);
    expect(stdout).toContain("Total WorkItems: 2,000\n");
  });

  it("--list prints every work item with its partition", async () => {
    const { code, stdout } = await scene.cli(["partitions", "many.csv", "3", "--list"]);
    const expected = Array.from({ length: 2000 }, (_, index) => `${index},${partitionOf(String(index), 3)}`);
    expect(stdout.trimEnd().split("\n")).toEqual(expected);
    expect(code).toBe(0);
  });

  it("--search answers for some work items, also for those on stdin, and says which are not in the CSV", async () => {
    const args = ["partitions", "small.csv", "2", "--search", "1889211722", "--search", "-"];
    const { code, stdout } = await scene.cli(args, { input: "1913007684\n\n5\n" });
    expect(stdout).toBe(
      `1889211722: partition 1\n1913007684: partition 0\n5: partition ${partitionOf("5", 2)} (not in the CSV)\n`,
    );
    expect(code).toBe(1);
    const found = await scene.cli(["partitions", "small.csv", "2", "--search", "1889211722"]);
    expect(found).toMatchObject({ code: 0, stdout: "1889211722: partition 1\n" });
  });

  it("reads the CSV from stdin", async () => {
    const { code, stdout } = await scene.cli(["partitions", "-", "2", "--list"], {
      input: "WorkItemId;JobId\n1889211722;1\n",
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1889211722,1\n" });
  });

  it("refuses to read both the CSV and the ids from stdin", async () => {
    const { code, stderr } = await scene.cli(["partitions", "-", "2", "--search", "-"], { input: "5\n" });
    expect(code).toBe(2);
    expect(stderr).toContain("stdin");
  });

  it("--output json has the same figures", async () => {
    const { stdout } = await scene.cli(["partitions", "small.csv", "2", "--output", "json"]);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      partitions: [
        { partition: 0, count: 2, samples: ["1889211721", "1913007684"] },
        { partition: 1, count: 2, samples: ["1889211722", "1913007685"] },
      ],
      total: 4,
      rows: 5,
      duplicates: 1,
      rejected: 0,
    });
    const search = ["partitions", "small.csv", "2", "--search", "5", "--output", "json"];
    expect(JSON.parse((await scene.cli(search)).stdout)).toEqual({
      schemaVersion: 1,
      results: [{ workItemId: "5", partition: partitionOf("5", 2), inCsv: false }],
    });
  });

  it("tells rejected rows with their lines, and its exit code says so", async () => {
    const { code, stdout, stderr } = await scene.cli(["partitions", "some-bad.csv", "2"]);
    expect(code).toBe(1);
    expect(stdout).toContain("Total WorkItems: 1\n");
    expect(stderr).toMatch(/^1 row rejected:\n {2}line 3: /);
  });
});
