/** Machines that take partitions as they get free: processes with states of their own, on one CSV and one emulator. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CliResult, RunningCli } from "../support/run-cli.ts";
import { announcementsOf, expectAnnouncedOnce, expectInTarget } from "./expectations.ts";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
let input: PlainInput;

const auto = (state: string, ...more: string[]): string[] => [
  "--state-db",
  state,
  "--partition",
  "auto",
  ...more,
];

beforeEach(async () => {
  scene = await startScene();
});
afterEach(async () => scene[Symbol.asyncDispose]());

describe("one machine with --partition auto", () => {
  it("does the whole CSV, and says that the run is complete", async () => {
    input = await makePlain(scene, 12, 3);
    const one = await scene.run(auto("one.db"));
    expect(one.code, one.stderr).toBe(0);
    expect(one.stderr).toContain("all 256 partitions are done: the run is complete");
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  }, 60_000);
});
