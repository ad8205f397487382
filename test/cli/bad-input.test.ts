/** Each wrong thing gives its exit code and two lines: what is wrong, and what to do. No stack trace, no secret, nothing left behind. */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "../e2e/scene.ts";
import { BAD_CATALOGS } from "./bad-catalogs.ts";
import { BAD_COMMANDS } from "./bad-commands.ts";
import { BAD_FILES } from "./bad-files.ts";
import type { BadInput } from "./bad-input.ts";
import { BAD_STATES } from "./bad-states.ts";
import type { Ended, Given } from "./many.ts";

const ALL = [...BAD_COMMANDS, ...BAD_FILES, ...BAD_CATALOGS, ...BAD_STATES];
/** Told as JSON, too: all that can take one more option. */
const AS_JSON = ALL.filter(
  ({ args }) => !args.includes("--output") && args[0] !== "remaining" && args.join(" ") !== "run --csv",
);

let scene: Scene;
let files: string[];
const ended = new Map<BadInput, Ended>();
const endedAsJson = new Map<BadInput, Ended>();

beforeAll(async () => {
  scene = await startScene();
  await scene.write("good.csv", "JobId,WorkItemId\nj,w1\n");
  await scene.write("listing.csv", "JobId,WorkItemId,WorkItemName,Uri,FileName\n");
  await scene.write("empty.csv", "");
  await scene.write("binary.csv", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0, 255, 254, 10, 0]));
  await scene.write("headless.csv", "70431,1889211721\n70431,1889211722\n");
  await mkdir(scene.path("folder"));
  files = (await readdir(scene.folder)).sort();
  const word = (one: string) => (one === "CONTAINER" ? scene.container : one);
  const asGiven = (bad: BadInput, more: string[] = []): Given => ({
    ...bad,
    args: [...bad.args.map(word), ...more],
  });
  const cases = [
    ...ALL.map((bad) => asGiven(bad)),
    ...AS_JSON.map((bad) => asGiven(bad, ["--output", "json"])),
  ];
  const script = join(import.meta.dirname, "many.ts");
  const { stdout, stderr } = await scene.cli([], { script, input: JSON.stringify(cases) });
  expect(stderr).toBe("");
  const results = JSON.parse(stdout) as Ended[];
  for (const [place, result] of results.entries()) {
    const bad = ALL[place];
    if (bad !== undefined) ended.set(bad, result);
    else endedAsJson.set(AS_JSON[place - ALL.length] as BadInput, result);
  }
});
afterAll(() => scene[Symbol.asyncDispose]());

describe.each([
  ["the command line", BAD_COMMANDS],
  ["files and accounts", BAD_FILES],
  ["catalogs and sign-in", BAD_CATALOGS],
  ["states and the commands that need one", BAD_STATES],
])("an input that is wrong in %s", (_, cases) => {
  it.each(cases)("is reported in two lines and changes nothing: $title", (bad) => {
    const { code, stdout, stderr, files: left } = ended.get(bad) as Ended;
    const lines = stderr.replaceAll(scene.folder, "FOLDER").trimEnd().split("\n");
    expect(lines, stderr).toHaveLength(2);
    const [wrong = "", advice = ""] = lines;
    expect(wrong).toMatch(/^error: /);
    expect(wrong).toContain(bad.says);
    expect(advice).toContain(bad.advises);
    expect(code).toBe(bad.exit);
    expect(stdout).toBe("");
    expect(stderr).not.toContain("c2VjcmV0");
    expect(left).toEqual(files);
  });
});

it.each(AS_JSON)("a wrong input is one JSON event on stdout with --output json: $title", (bad) => {
  const { code, stdout, stderr } = endedAsJson.get(bad) as Ended;
  expect(code).toBe(bad.exit);
  expect(stderr).toBe("");
  expect(stdout).not.toContain("c2VjcmV0");
  const event = JSON.parse(stdout) as {
    type: string;
    error: { code: string; message: string; hint: string };
  };
  expect(event.type).toBe("error");
  expect(event.error.code).toBe(bad.code);
  expect(event.error.message.replaceAll(scene.folder, "FOLDER")).toContain(bad.says);
  expect(event.error.hint).toContain(bad.advises);
});

it("a wrong command is reported by a process of its own as well", async () => {
  const { code, stderr } = await scene.cli(["rnu"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: .*\n.*\n$/);
});
