/** CSVs that went through a spreadsheet: `sep=;` is read, ids that were changed are warned of, by every command. */
import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectInTarget } from "./expectations.ts";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const DAMAGED = "JobId;WorkItemId\nj;1.88921E+09\nj;w01\nj;1.91301E+09\n";
const WARNING =
  "warning: 2 rows of the CSV with an id that a spreadsheet seems to have changed, such as 1.88921E+09 in line 3: make it again with its ids as text\n";

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

describe("a CSV that begins with sep=; and whose ids were changed", () => {
  it("is warned of by run and remaining, and what is left of it can be read again", async () => {
    const input = await makePlain(scene, 1, 2);
    await writeFile(scene.path("failed.csv"), `sep=;\n${DAMAGED}`);
    const run = await scene.run(["--csv", "failed.csv", "--on-empty", "fail", "--state-db", "s.db"]);
    expect(run.stderr).toContain(WARNING);
    expect(run.code, run.stderr).toBe(1);
    expect(run.stdout).toContain("no-files: 2 work items");
    await expectInTarget(scene, input.files);

    const left = ["remaining", "--state-db", "s.db", "--csv", "failed.csv", "--out", "left.csv"];
    const remaining = await scene.cli(left);
    expect(remaining.stderr).toContain(WARNING);
    expect(await readFile(scene.path("left.csv"), "utf8")).toBe(
      "sep=;\nJobId;WorkItemId\nj;1.88921E+09\nj;1.91301E+09\n",
    );
    expect((await scene.cli(["partitions", "left.csv", "1"])).stdout).toContain("Total WorkItems: 2");
  });

  it("is warned of by partitions and plan, whose output stays what scripts know", async () => {
    await writeFile(scene.path("failed.csv"), `sep=;\n${DAMAGED}`);
    const counted = await scene.cli(["partitions", "failed.csv", "1"]);
    expect(counted).toMatchObject({ code: 0, stderr: WARNING });
    expect(counted.stdout).toContain("Total WorkItems: 3");
    expect((await scene.cli(["partitions", "failed.csv", "1", "--list"])).stderr).toBe(WARNING);
    expect((await scene.cli(["partitions", "failed.csv", "1", "--search", "w01"])).stderr).toBe(WARNING);
    expect((await scene.cli(["plan", "failed.csv", "1"])).stderr).toBe(WARNING);
  });
});

it("a listing whose ids were changed is warned of, and so is a run that found no file at all", async () => {
  await makePlain(scene, 1, 1);
  const listing = await readFile(scene.path("listing.csv"), "utf8");
  await writeFile(scene.path("listing.csv"), `sep=,\n${listing.replaceAll("w01", "1.88921E+09")}`);
  for (const more of [["--dry-run"], []]) {
    const { code, stdout, stderr } = await scene.run(more);
    expect(stderr).toContain(
      "warning: 1 row of the listing with an id that a spreadsheet seems to have changed, such as 1.88921E+09 in line 3",
    );
    expect(stdout).toContain("No work item that was looked up has a file in the catalog.");
    expect(code).toBe(0);
  }
});
