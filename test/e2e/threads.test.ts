/** `--threads N`: the same run, carried by several threads. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CliOptions, CliResult } from "../support/run-cli.ts";
import { announcementsOf, expectAnnouncedOnce, expectInTarget, figureOf, summaryIn } from "./expectations.ts";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

const FAULT = join(import.meta.dirname, "..", "support", "thread-fault.cjs");
const FILES = 96;

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 12, FILES / 12);
  scene.proxy.forget();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** The program's threads write down their requests; each of them dies or hangs at this one of its own, when it is given. */
const watched = (diesAt = 0, hangsAt = 0): CliOptions => ({
  env: {
    NODE_OPTIONS: `--require ${FAULT}`,
    THREAD_LOG: scene.path("threads.log"),
    THREAD_DIES_AT: String(diesAt),
    THREAD_HANGS_AT: String(hangsAt),
  },
});

/** How many requests each thread made, by its number or `main`. */
async function requestsByThread(): Promise<Map<string, number>> {
  const lines = (await scene.read("threads.log")).trimEnd().split("\n");
  return new Map([...Map.groupBy(lines, (line) => line)].map(([thread, all]) => [thread, all.length]));
}

const ended = ({ stdout }: CliResult): unknown[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly type: string })
    .filter(({ type }) => type === "thread-ended");

describe("a run on several threads", () => {
  it("copies and announces every file once, and each thread has its part", async () => {
    const result = await scene.run(["--threads", "3"], watched());
    expect(result.code, result.stderr).toBe(0);
    expect(figureOf(result.stdout, "copied")).toBe(FILES);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
    expect(scene.proxy.count("put-blob")).toBe(FILES);
    const requests = await requestsByThread();
    expect(requests.size).toBe(3);
    expect(Math.min(...requests.values())).toBeGreaterThan(10);
  });

  it("loses nothing when its threads die, says so, and replaces them", async () => {
    const result = await scene.run(["--threads", "2", "--output", "json"], watched(20));
    expect(result.code, result.stderr).toBe(0);
    expect(summaryIn(result)).toMatchObject({
      verdict: "completed",
      files: { total: FILES, failed: 0, left: 0 },
    });
    await expectInTarget(scene, input.files);
    expect((await announcementsOf(scene)).size).toBe(FILES);
    expect(ended(result)[0]).toMatchObject({ why: "a fault that was injected", replaced: true });
  });

  it("goes on with the main thread alone when all the others die, and those in their place", async () => {
    // So many that the last thread has begun and died before the main thread has done them all.
    const many = await makePlain(scene, 12, 40);
    const result = await scene.run(["--threads", "3", "--output", "json"], watched(2));
    expect(result.code, result.stderr).toBe(0);
    expect(summaryIn(result)).toMatchObject({ verdict: "completed", files: { failed: 0, left: 0 } });
    await expectInTarget(scene, many.files);
    expect((await announcementsOf(scene)).size).toBe(many.files.length);
    // Three are replaced; the two that there are then are the last.
    expect(ended(result)).toMatchObject([true, true, true, false, false].map((replaced) => ({ replaced })));
    expect((await requestsByThread()).get("main")).toBeGreaterThan(many.files.length);
  });

  it("is resumed after kill -9", async () => {
    const running = scene.startRun(["--threads", "2"]);
    while (scene.proxy.count("put-message") < FILES / 3) await sleep(2);
    expect(await running.kill()).toMatchObject({ signal: "SIGKILL" });
    const result = await scene.resume();
    expect(result.code, result.stderr).toBe(0);
    expect(figureOf(result.stdout, "failed")).toBe(0);
    await expectInTarget(scene, input.files);
    expect((await announcementsOf(scene)).size).toBe(FILES);
  });

  it("finishes what is in flight after Ctrl+C, and gives up after the second", async () => {
    const held = Promise.withResolvers<void>();
    scene.proxy.fail({
      operation: "put-blob",
      fault: { kind: "hold", until: held.promise },
      skip: FILES / 2,
    });
    const first = scene.startRun(["--threads", "2"]);
    while (scene.proxy.count("put-blob") < FILES / 2 + 16) await sleep(2);
    const stopped = first.kill("SIGINT");
    await first.waitFor(/finish/);
    held.resolve();
    scene.proxy.heal();
    const { code, stdout } = await stopped;
    expect(code).toBe(130);
    expect(figureOf(stdout, "copied")).toBeGreaterThanOrEqual(FILES / 2 + 16);
    scene.proxy.fail({ operation: "put-blob", fault: { kind: "hang" } });
    const second = scene.start(["run", "--resume", "--state-db", STATE]);
    const before = scene.proxy.count("put-blob");
    while (scene.proxy.count("put-blob") < before + 16) await sleep(2);
    void second.kill("SIGINT");
    await second.waitFor(/finish/);
    expect((await second.kill("SIGINT")).code).toBe(130);
    scene.proxy.heal();
    expect((await scene.resume()).code).toBe(0);
    await expectInTarget(scene, input.files);
    expect((await announcementsOf(scene)).size).toBe(FILES);
  });

  it("ends a thread that hangs while it stops, and says that what it had is given up and none takes its place", async () => {
    const running = scene.startRun(["--threads", "2", "--concurrency", "4"], watched(0, 1));
    // The main thread does the others.
    while (scene.proxy.count("put-message") < FILES - 4) await sleep(5);
    void running.kill("SIGINT");
    await running.waitFor(/finish/);
    const { code, stderr } = await running.kill("SIGINT");
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /warning: a thread ended: it was busy for 5 s without a word; what it had under way \(\d\) is given up, because the run stops/,
    );
    expect(stderr).not.toContain("another one is started");
    const result = await scene.resume(["--output", "json"]);
    expect(result.code, result.stderr).toBe(0);
    expect((await announcementsOf(scene)).size).toBe(FILES);
  }, 60_000);
});
