/** How an operator stops a run: once to drain, twice to stop at once; it can be resumed either way. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectInTarget, figureOf } from "../e2e/expectations.ts";
import { makePlain, type PlainInput } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";
import type { RunningCli } from "../support/run-cli.ts";

const SLOTS = 4;
const RESUME = "reupload run --resume --state-db state.db";

let scene: Scene;
let input: PlainInput;
/** Opens the gate at which all puts wait. */
let open: () => void;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 4, 4);
});
afterEach(() => scene[Symbol.asyncDispose]());

/** A run with a put held in every slot. */
async function startHeld(args: readonly string[] = []): Promise<RunningCli> {
  const gate = Promise.withResolvers<void>();
  const heal = scene.proxy.fail({ operation: "put-blob", fault: { kind: "hold", until: gate.promise } });
  open = () => {
    heal();
    gate.resolve();
  };
  const running = scene.startRun(["--workitem-workers", "2", "--file-workers", "2", ...args]);
  while (scene.proxy.count("put-blob") < SLOTS) await new Promise((resolve) => setTimeout(resolve, 5));
  return running;
}

async function expectResumes(): Promise<void> {
  const result = await scene.resume();
  expect(result.code, result.stderr).toBe(0);
  await expectInTarget(scene, input.files);
}

describe("stopping a run", () => {
  it.each([
    ["SIGINT", 130, "Ctrl+C"],
    ["SIGTERM", 143, "SIGTERM"],
  ] as const)(
    "%s finishes the files in flight, takes no new ones, tells how to go on",
    async (signal, exit, why) => {
      const running = await startHeld();
      const ended = running.kill(signal);
      await running.waitFor(new RegExp(`${why.replace("+", "\\+")}: finishing the files in flight`));
      open();
      const { code, stdout } = await ended;
      expect(code).toBe(exit);
      expect(stdout).toContain(`Stopped: ${why}.`);
      expect(stdout).toContain(RESUME);
      expect(figureOf(stdout, "copied")).toBe(SLOTS);
      expect(scene.proxy.count("put-blob")).toBe(SLOTS);
      await expectResumes();
      expect(scene.proxy.count("put-blob")).toBe(input.files.length);
    },
  );

  it("happens at once on a second SIGINT, and the files in flight are done on resume", async () => {
    const running = await startHeld();
    void running.kill("SIGINT");
    await running.waitFor(/Ctrl\+C: finishing the files in flight/);
    const { code, stdout, stderr } = await running.kill("SIGINT");
    expect(code).toBe(130);
    expect(stderr).toContain("Ctrl+C: stopping now");
    expect(stdout).toContain(RESUME);
    expect(figureOf(stdout, "copied")).toBe(0);
    open();
    await expectResumes();
  });

  it("waits for the files in flight as long as --grace says", async () => {
    const running = await startHeld(["--grace", "200ms"]);
    const { code, stderr } = await running.kill("SIGINT");
    expect(code).toBe(130);
    expect(stderr).toContain("the end of the grace time: stopping now");
    open();
    await expectResumes();
  });

  it("--grace may be longer than a timer can be: the files in flight are finished", async () => {
    const running = await startHeld(["--grace", "25d"]);
    const ended = running.kill("SIGINT");
    await running.waitFor(/Ctrl\+C: finishing the files in flight/);
    await new Promise((resolve) => setTimeout(resolve, 100));
    open();
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).not.toMatch(/stopping now|TimeoutOverflowWarning/);
    expect(figureOf(stdout, "copied")).toBe(SLOTS);
  });

  it("leaves nothing to finish and nothing to resume before the first file", async () => {
    await scene.proxy.offline();
    const running = scene.startRun(["--log-file", "run.log"]);
    // The log is there before the target is asked.
    while (
      !(await scene.read("run.log").then(
        () => true,
        () => false,
      ))
    ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { code, stdout, stderr } = await running.kill("SIGINT");
    expect(code).toBe(130);
    expect(stdout).toBe("");
    expect(stderr).toContain("stopped before the first file: run the same command again");
    await scene.proxy.online();
    expect((await scene.run()).code).toBe(0);
  });
});
