/** Flags of Node with which reupload cannot work: they are named, with exit code 2. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const BIN = join(import.meta.dirname, "..", "..", "bin", "reupload.js");
const ADVICE = "Run it without that flag of Node.js. The flag may stand in NODE_OPTIONS.";
const READS_AND_WRITES = "--permission --allow-fs-read=* --allow-fs-write=*";

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
  await makePlain(scene, 1, 1);
});
afterEach(() => scene[Symbol.asyncDispose]());

const withFlags = (flags: string) => ({ env: { NODE_OPTIONS: flags } });

it.each([
  [
    "without WebAssembly",
    "--jitless",
    "Node.js runs without WebAssembly (--jitless), without which no HTTP answer can be read.",
  ],
  [
    "without fsync, which no other flag allows",
    READS_AND_WRITES,
    "Node's permission model (--permission) forbids what reupload needs: fsync API is disabled when Permission Model is enabled.",
  ],
  [
    "without the right to write",
    "--permission --allow-fs-read=*",
    "Node's permission model (--permission) forbids what reupload needs: Access to this API has been restricted. Use --allow-fs-write to manage permissions.",
  ],
])("a run %s starts nothing and names the flag", async (_, flags, message) => {
  const before = readdirSync(scene.folder);
  const result = await scene.run([], withFlags(flags));
  expect(result.code, result.stderr).toBe(2);
  expect(result.stderr).toContain(`error: ${message}\n${ADVICE}\n`);
  expect(scene.proxy.count("put-blob")).toBe(0);
  expect(readdirSync(scene.folder)).toEqual(before);
});

it("what needs no flag away works with them", async () => {
  const plan = ["partitions", "failed_workitems.csv", "2"];
  expect((await scene.cli(plan, withFlags("--jitless"))).code).toBe(0);
  expect((await scene.cli(plan, withFlags(READS_AND_WRITES))).code).toBe(0);
});

it("a program that may not be read says so in two lines", async () => {
  const flags = `--permission --allow-fs-read=${BIN}`;
  const result = await scene.cli(["--version"], { ...withFlags(flags), script: BIN });
  expect(result.code).toBe(2);
  expect(result.stderr).toMatch(
    /^error: Node's permission model \(--permission\) forbids to read the program: .*--allow-fs-read/m,
  );
  expect(result.stderr).toContain(ADVICE);
  expect(result.stderr).not.toMatch(/^ +at /m);
});
