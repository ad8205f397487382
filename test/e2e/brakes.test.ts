/** The operator's brakes on the built command line: the queue's depth, requests, bandwidth, and a pool that finds its size. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, summaryIn } from "./expectations.ts";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;

beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

it("a run with --max-queue-depth holds its announcements back while the queue is deep", async () => {
  const input = await makePlain(scene, 4, 3);
  const queue = scene.behind.queue(scene.queue);
  for (let n = 0; n < 8; n++) await queue.sendMessage("of somebody else");
  const running = scene.startRun(["--max-queue-depth", "10"]);
  const depth = async () => (await queue.getProperties()).approximateMessagesCount ?? 0;
  await expect.poll(depth, { timeout: 20_000 }).toBe(10);
  await sleep(300);
  expect(await depth()).toBe(10);
  await queue.clearMessages();
  const result = await running.done;
  expect(result.code, result.stderr).toBe(0);
  // Two of the twelve were cleared.
  expect(await depth()).toBe(10);
  await expectInTarget(scene, input.files);
});

it("a run with --concurrency auto and brakes does everything, and a resume continues with them", async () => {
  const input = await makePlain(scene, 4, 5);
  const args = ["--concurrency", "auto", "--max-requests", "200/s", "--max-bandwidth", "00:00,2MB/s"];
  const run = await scene.run([...args, "--transfer", "stream", "--limit", "2"]);
  expect(run.code, run.stderr).toBe(0);
  const rest = await scene.resume(["--output", "json", "--verbose"]);
  expect(rest.code, rest.stderr).toBe(0);
  expect(summaryIn(rest)).toMatchObject({ verdict: "completed" });
  await expectInTarget(scene, input.files);
  await expectAnnouncedOnce(scene, input.files);
});
