/** Single requests that take very long: the run does not wait for them. */
import { expect, it, onTestFinished } from "vitest";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "../e2e/expectations.ts";
import { makePlain } from "../e2e/plain-input.ts";
import { startScene } from "../e2e/scene.ts";

/** Each thread learns by itself what a put takes (`npm run test:threads`). */
const THREADS = Number(process.env["TEST_THREADS"] ?? 1);
const FILES = 320 * THREADS;
/** By then enough is known of that. */
const KNOWN = 260 * THREADS;

it("a put that hangs is made twice, and the run ends complete before the first one does", async () => {
  await using scene = await startScene();
  const input = await makePlain(scene, 16, FILES / 16);
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  onTestFinished(() => release());
  scene.proxy.fail({ operation: "put-blob", skip: KNOWN, times: 1, fault: { kind: "hold", until } });
  const result = await scene.run(["--request-timeout", "10m"]);
  expect(result.code, result.stderr).toBe(0);
  expect(figureOf(result.stdout, "copied")).toBe(FILES);
  expect(result.stdout).toMatch(/0 retries, throttled 0 times, [1-9]\d* slow requests? sent twice/);
  await expectInTarget(scene, input.files);
  await expectAnnouncedOnce(scene, input.files);
});
