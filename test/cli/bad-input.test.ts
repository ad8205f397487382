/** Each wrong thing gives its exit code and two lines: what is wrong, and what to do. No stack trace, no secret, nothing left behind. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "../e2e/scene.ts";
import { BAD_COMMANDS } from "./bad-commands.ts";
import { BAD_FILES } from "./bad-files.ts";
import type { BadInput } from "./bad-input.ts";

let scene: Scene;
let files: string[];

beforeAll(async () => {
  scene = await startScene();
  await scene.write("good.csv", "JobId,WorkItemId\nj,w1\n");
  await scene.write("listing.csv", "JobId,WorkItemId,WorkItemName,Uri,FileName\n");
  await scene.write("empty.csv", "");
  await scene.write("binary.csv", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0, 255, 254, 10, 0]));
  await scene.write("headless.csv", "70431,1889211721\n70431,1889211722\n");
  await mkdir(scene.path("folder"));
  files = (await readdir(scene.folder)).sort();
});
afterAll(() => scene[Symbol.asyncDispose]());

async function run({ args, env, config }: BadInput, more: readonly string[] = []) {
  if (config !== undefined) await scene.write("reupload.config.yaml", config);
  try {
    const words = args.map((word) => (word === "CONTAINER" ? scene.container : word));
    return await scene.cli([...words, ...more], env === undefined ? {} : { env });
  } finally {
    await rm(scene.path("reupload.config.yaml"), { force: true });
  }
}

describe.each([
  ["the command line", BAD_COMMANDS],
  ["files and accounts", BAD_FILES],
])("wrong in %s", (_, cases) => {
  it.each(cases)("$title", async (bad) => {
    const { code, stdout, stderr } = await run(bad);
    const lines = stderr.trimEnd().split("\n");
    expect(lines, stderr).toHaveLength(2);
    const [wrong = "", advice = ""] = lines;
    expect(wrong).toMatch(/^error: /);
    expect(wrong).toContain(bad.says);
    expect(advice).toContain(bad.advises);
    expect(code).toBe(bad.exit);
    expect(stdout).toBe("");
    expect(stderr).not.toContain("c2VjcmV0");
    expect((await readdir(scene.folder)).sort()).toEqual(files);
  });
});

it.each([BAD_COMMANDS[0], BAD_COMMANDS[4], BAD_COMMANDS[17], BAD_FILES[4], BAD_FILES[12]])(
  "is told as one JSON event on stdout with --output json: $title",
  async (bad) => {
    if (bad === undefined) throw new Error("no such case");
    const { code, stdout, stderr } = await run(bad, ["--output", "json"]);
    expect(code).toBe(bad.exit);
    expect(stderr).toBe("");
    const event = JSON.parse(stdout) as {
      type: string;
      error: { code: string; message: string; hint: string };
    };
    expect(event.type).toBe("error");
    expect(event.error.code).toBe(bad.code);
    expect(event.error.message).toContain(bad.says);
    expect(event.error.hint).toContain(bad.advises);
  },
);
