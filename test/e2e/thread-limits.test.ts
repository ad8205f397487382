/** Limits of a run whose slots are carried by several threads: they are those of one process. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SeenRequest } from "../support/fault-proxy.ts";
import { expectAnnouncedOnce, expectInTarget, summaryIn } from "./expectations.ts";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const FILES = 96;
const SLOTS = ["--threads", "3", "--workitem-workers", "4", "--file-workers", "4"];

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 12, FILES / 12);
  scene.proxy.forget();
});
afterEach(() => scene[Symbol.asyncDispose]());

const ofFiles = (): SeenRequest[] =>
  scene.proxy.requests.filter(({ operation }) => operation === "put-blob" || operation === "put-message");

describe("a run on three threads", () => {
  it("keeps to --max-requests with all of them together", async () => {
    const rate = 100;
    const result = await scene.run([...SLOTS, "--transfer", "stream", "--max-requests", `${rate}/s`]);
    expect(result.code, result.stderr).toBe(0);
    const times = ofFiles().map(({ at }) => at);
    const seconds = (Math.max(...times) - Math.min(...times)) / 1_000;
    expect(times).toHaveLength(2 * FILES);
    // A rate for each thread would take a third of the time; those to read the sources pass it, too.
    expect((3 * FILES) / seconds).toBeLessThan(1.3 * rate);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });

  it("keeps to --max-bandwidth with all of them together", async () => {
    const bytes = input.files.reduce((sum, { content }) => sum + content.length, 0);
    // In and out again, for some four seconds; a rate for each thread would take a third of that.
    const rate = Math.round((2 * bytes) / 4 / 1_024);
    const result = await scene.run([...SLOTS, "--transfer", "stream", "--max-bandwidth", `${rate}KiB/s`]);
    expect(result.code, result.stderr).toBe(0);
    const times = ofFiles().map(({ at }) => at);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2_500);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });

  it("is slowed down as a whole by the Retry-After that one of them meets", async () => {
    const pauseMs = 3_000;
    scene.proxy.fail({
      operation: "put-blob",
      fault: {
        kind: "answer",
        status: 503,
        errorCode: "ServerBusy",
        headers: { "x-ms-retry-after-ms": `${pauseMs}` },
      },
      skip: FILES / 3,
      times: 1,
    });
    const result = await scene.run([...SLOTS, "--output", "json"]);
    expect(result.code, result.stderr).toBe(0);
    expect(summaryIn(result)).toMatchObject({ verdict: "completed", files: { failed: 0 } });
    const puts = ofFiles().filter(({ operation }) => operation === "put-blob");
    const refused = puts.find(({ fault }) => fault !== undefined);
    if (refused === undefined) throw new Error("one was refused");
    // What had passed the gate by then may still come; then none before the pause is over.
    const within = (from: number, to: number): number =>
      puts.filter(({ at }) => at > refused.at + from && at < refused.at + to).length;
    expect(within(pauseMs / 2, pauseMs - 100)).toBe(0);
    expect(within(pauseMs - 100, Infinity)).toBeGreaterThan(FILES / 4);
    await expectAnnouncedOnce(scene, input.files);
  });
});
