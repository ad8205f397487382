/** With `--output json`, stdout holds JSON lines alone, and an error has one form, whatever ends the command. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlain } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  await makePlain(scene, 1, 1);
  await scene.write("bad.yaml", "grace: never\n");
  await scene.write("broken.yaml", "grace: [\n");
  await scene.write("json.yaml", "output: json\ngrace: never\n");
});
afterAll(() => scene[Symbol.asyncDispose]());

const JSON_FLAG = ["--output", "json"];

const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string });

describe("an error with --output json", () => {
  it.each([
    ["an option that is not known", ["run", "--nothing", ...JSON_FLAG], {}],
    ["a command that is not known", ["nothing", ...JSON_FLAG], {}],
    ["an option without its value", ["run", ...JSON_FLAG, "--csv"], {}],
    ["a value that is wrong", ["run", "--grace", "never", ...JSON_FLAG], {}],
    ["a value of the configuration that is wrong", ["run", "--config", "bad.yaml", ...JSON_FLAG], {}],
    ["a configuration that cannot be read", ["run", "--config", "broken.yaml", ...JSON_FLAG], {}],
    ["the format in the configuration", ["run", "--config", "json.yaml"], {}],
    ["the format in the environment", ["run", "--grace", "never"], { REUPLOAD_OUTPUT: "json" }],
    ["both from the environment", ["run"], { REUPLOAD_OUTPUT: "json", REUPLOAD_GRACE: "never" }],
    [
      "a configuration that cannot be read, the format in the environment",
      ["run", "--config", "broken.yaml"],
      { REUPLOAD_OUTPUT: "json" },
    ],
    ["a CSV that is not there", ["run", "--csv", "none.csv", "--files", "listing.csv", ...JSON_FLAG], {}],
    ["partitions of a CSV that is not there", ["partitions", "none.csv", "2", ...JSON_FLAG], {}],
    ["plan for no machine", ["plan", "failed_workitems.csv", "0", ...JSON_FLAG], {}],
    ["status of no state", ["status", "--state-db", "none.db", ...JSON_FLAG], {}],
    ["monitor of no state", ["monitor", "--state-db", "none.db", "--once", ...JSON_FLAG], {}],
    ["announce of no state", ["announce", "--state-db", "none.db", ...JSON_FLAG], {}],
    [
      "import-state of no state",
      ["import-state", "none.db", "--csv", "failed_workitems.csv", ...JSON_FLAG],
      {},
    ],
    ["find without a query", ["find", "--out", "x.csv", ...JSON_FLAG], {}],
    ["find to stdout", ["find", "--out", "-", ...JSON_FLAG], {}],
    ["upload of no file", ["upload", "none.json", "--work-item-name", "n", ...JSON_FLAG], {}],
  ])("is one event on stdout and no text: %s", async (_what, args, env) => {
    const { code, stdout, stderr } = await scene.cli(args, { env });
    expect(stderr).toBe("");
    expect(linesOf(stdout)).toMatchObject([
      { schemaVersion: 1, type: "error", error: { code: expect.any(String) as string, causes: [] } },
    ]);
    expect(code).not.toBe(0);
  });

  it("stays text when the last --output is text", async () => {
    const { stdout, stderr } = await scene.cli(["run", "--grace", "never", "--output", "text"], {
      env: { REUPLOAD_OUTPUT: "json" },
    });
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^error: --grace/);
  });
});

describe("the file events", () => {
  it("are one for each file, also for those that are refused, in a dry run and in the run", async () => {
    const uri = (name: string) => `${scene.proxy.blobEndpoint}/${scene.source}/${name}`;
    const files = ["f1.json", "other/f1.json", "bad\\name.json", "gone.json"];
    const rows = files.map((name) => `j,w01,n,${uri(encodeURIComponent(name))},${name}\n`);
    await scene.write("refused.csv", `JobId,WorkItemId,WorkItemName,Uri,FileName\n${rows.join("")}`);
    for (const more of [["--dry-run"], []]) {
      const flags = ["--files", "refused.csv", "--state-db", "refused.db", "-v", ...JSON_FLAG];
      const { stdout, stderr } = await scene.run([...flags, ...more]);
      expect(stderr).toBe("");
      const told = linesOf(stdout).filter(({ type }) => type === "file") as unknown as { fileName: string }[];
      expect(told.map(({ fileName }) => fileName).toSorted()).toEqual(files.toSorted());
    }
  });
});
