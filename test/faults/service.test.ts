/** Services that are slow, full or gone for a while: no file is charged for it, and the run goes on by itself. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "../e2e/expectations.ts";
import { makePlain, type PlainInput } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";
import type { Operation } from "../support/operations.ts";

const SLOTS = 16;
const FILES = 24;

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 6, 4);
});
afterEach(() => scene[Symbol.asyncDispose]());

async function expectAllDone(code: number | null, stdout: string): Promise<void> {
  expect(code, stdout).toBe(0);
  expect(figureOf(stdout, "failed")).toBe(0);
  await expectInTarget(scene, input.files);
  await expectAnnouncedOnce(scene, input.files);
}

/** Resolves when the proxy has seen so many of these requests. */
async function seen(count: number, ...operations: Operation[]): Promise<void> {
  while (scene.proxy.count(...operations) < count) await sleep(5);
}

describe("a service in trouble", () => {
  it("is left alone by every slot for as long as its Retry-After says, and no file fails", async () => {
    let began: number | undefined;
    scene.proxy.fail({
      operation: "put-blob",
      fault: { kind: "answer", status: 429, errorCode: "TooManyRequests", headers: { "retry-after": "1" } },
      when: () => performance.now() - (began ??= performance.now()) < 500,
    });
    const result = await scene.run();
    await expectAllDone(result.code, result.stdout);
    const puts = scene.proxy.requests.filter(({ operation }) => operation === "put-blob");
    const first = puts.find(({ fault }) => fault === "answer")?.at ?? 0;
    // Each slot may have had one on its way when the first answer came.
    expect(puts.filter(({ at }) => at < first + 1000).length).toBeLessThanOrEqual(SLOTS);
    expect(result.stdout).toMatch(/throttled [1-9]\d* times?/);
  });

  it("does not hold the other files back when it never answers one request", async () => {
    const hung = `${scene.container}/${input.at(0).blobName}`;
    const heal = scene.proxy.fail({ operation: "put-blob", name: hung, fault: { kind: "hang" } });
    const running = scene.startRun(["--request-timeout", "1s"]);
    await seen(FILES - 1, "put-message");
    heal();
    const result = await running.done;
    await expectAllDone(result.code, result.stdout);
    expect(result.stdout).toMatch(/[1-9]\d* retr(?:y|ies)/);
  });

  it("is asked again when it stops in the middle of an answer", async () => {
    const fault = { kind: "stall-body", afterBytes: 9 } as const;
    scene.proxy.fail({ operation: "get-blob", name: /f2\.json$/, times: 3, fault });
    const result = await scene.run(["--request-timeout", "1s"]);
    await expectAllDone(result.code, result.stdout);
    expect(scene.proxy.count("get-blob")).toBe(FILES + 3);
  });

  it("is waited for when its account is gone for a while, and nothing is charged to the files", async () => {
    const running = scene.startRun();
    await seen(5, "put-message");
    await scene.proxy.offline();
    await running.waitFor(/waiting for (?:target|queue|source) /);
    await scene.proxy.online();
    const result = await running.done;
    expect(result.code, result.stderr).toBe(0);
    expect(figureOf(result.stdout, "failed")).toBe(0);
    await expectInTarget(scene, input.files);
    const announced = await scene.reader.takeAnnouncements(scene.queue);
    expect(new Set(announced.map(({ blob_name }) => blob_name)).size).toBe(FILES);
    expect(result.stderr).toContain("answers again");
  });

  it("ends the run before it began when its account never existed, and the run can be started again", async () => {
    await scene.proxy.offline();
    const gone = await scene.run(["--max-wait", "2s"]);
    expect(gone.code).toBe(6);
    expect(gone.stderr).toContain("does not answer");
    await scene.proxy.online();
    const result = await scene.run();
    await expectAllDone(result.code, result.stdout);
  });

  it("ends the run after --max-wait when it stays gone, and --resume finishes the run", async () => {
    const running = scene.startRun(["--max-wait", "2s"]);
    await seen(5, "put-message");
    await scene.proxy.offline();
    const gone = await running.done;
    expect(gone.code).toBe(6);
    expect(gone.stdout).toMatch(/^Stopped/);
    expect(gone.stdout).toContain("reupload run --resume --state-db state.db");
    await scene.proxy.online();
    const result = await scene.resume();
    expect(result.code, result.stderr).toBe(0);
    await expectInTarget(scene, input.files);
  });

  it("costs no copy and no announcement when its queue is gone and made again", async () => {
    const heal = scene.proxy.fail({
      operation: "put-message",
      fault: { kind: "answer", status: 503, errorCode: "ServerBusy" },
    });
    const running = scene.startRun();
    await running.waitFor(/waiting for queue /);
    heal();
    const result = await running.done;
    await expectAllDone(result.code, result.stdout);
    expect(scene.proxy.count("put-blob")).toBe(FILES);
  });
});
