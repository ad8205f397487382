/** A stop that comes when nothing is left to begin: the command ends as it would have without it. */
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { choosePartition } from "../../src/core/partition.ts";
import type { Operation } from "../support/operations.ts";
import type { CliResult, RunningCli } from "../support/run-cli.ts";
import { expectAnnouncedOnce, expectInTarget, figureOf, summaryIn } from "./expectations.ts";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

const NOTHING_LEFT = "nothing was left to do, so it has ended as it would have without the stop";
const FILES = 4;

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, FILES, 1);
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Stops the command while so many requests are in flight that are let go afterwards. */
async function stopWhileHeld(
  operation: Operation,
  count: number,
  start: () => RunningCli,
  signal: "SIGINT" | "SIGTERM" = "SIGINT",
): Promise<CliResult> {
  const held = Promise.withResolvers<void>();
  scene.proxy.forget();
  const heal = scene.proxy.fail({ operation, fault: { kind: "hold", until: held.promise } });
  const running = start();
  await expect.poll(() => scene.proxy.count(operation), { timeout: 20_000, interval: 5 }).toBe(count);
  const ended = running.kill(signal);
  await running.waitFor(/^warning: (?:Ctrl\+C|SIGTERM): /m);
  held.resolve();
  const result = await ended;
  heal();
  return result;
}

describe("a stop while the last files of a run are in flight", () => {
  it("ends it with 0 when they are done, and says so", async () => {
    const result = await stopWhileHeld("put-blob", FILES, () => scene.startRun());
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/^Completed\.$/m);
    expect(result.stderr).toContain(`Ctrl+C: ${NOTHING_LEFT}`);
    await expectAnnouncedOnce(scene, input.files);
    expect((await scene.cli(["status", "--state-db", STATE])).code).toBe(0);
  });

  it("ends it with 1 when one of them fails", async () => {
    await scene.behind.container(scene.source).getBlockBlobClient(input.at(0).sourceName).delete();
    const result = await stopWhileHeld("put-blob", FILES - 1, () => scene.startRun(), "SIGTERM");
    expect(result.code, result.stderr).toBe(1);
    expect(figureOf(result.stdout, "failed")).toBe(1);
    expect(result.stderr).toContain(`SIGTERM: ${NOTHING_LEFT}`);
  });

  it("ends it with 0 when it was --max-duration", async () => {
    const held = Promise.withResolvers<void>();
    scene.proxy.fail({ operation: "put-blob", fault: { kind: "hold", until: held.promise } });
    const running = scene.startRun(["--max-duration", "4s", "--output", "json"]);
    await running.waitFor(/--max-duration: finishing/);
    expect(scene.proxy.count("put-blob")).toBe(FILES);
    held.resolve();
    const result = await running.done;
    expect(result.code, result.stderr).toBe(0);
    expect(summaryIn(result)).toMatchObject({ verdict: "completed" });
    expect(result.stdout).toContain(`--max-duration: ${NOTHING_LEFT}`);
  });

  it("ends it with its own code when what is done was to be verified, which is said and done by a resume", async () => {
    const result = await stopWhileHeld("put-blob", FILES, () => scene.startRun(["--verify"]));
    expect(result.code, result.stderr).toBe(130);
    expect(result.stderr).not.toContain(NOTHING_LEFT);
    expect(result.stderr).toMatch(/Ctrl\+C: what was done is not verified to the end.*--resume/);
    const resumed = await scene.resume();
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stdout).toContain("Verification of what this state has completed: Proven.");
  });

  it("ends it with its own code when they were the canary, whose rest is left", async () => {
    const args = ["--canary", "2"];
    const result = await stopWhileHeld("put-blob", 2, () => scene.startRun(args));
    expect(result.code, result.stderr).toBe(130);
    const resumed = await scene.resume();
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectInTarget(scene, input.files);
  });

  it("ends it with 0 when all partitions are proved to be done (--partition auto)", async () => {
    const args = ["--partition", "auto", "--total-partitions", "2"];
    const result = await stopWhileHeld("put-blob", FILES, () =>
      scene.startRun(args, { env: { REUPLOAD_COORDINATION: "true" } }),
    );
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/all 2 partitions are done: the run is complete/);
    expect(result.stderr).toContain(NOTHING_LEFT);
  });
});

describe("a stop while the last requests are in flight", () => {
  it("ends an upload with 0, and it leaves no state", async () => {
    await scene.write("a.json", "{}");
    const args = `upload a.json --job-id j --work-item-id w --work-item-name n --target-container ${scene.container}`;
    const result = await stopWhileHeld("put-blob", 1, () =>
      scene.start([...args.split(" "), "--queue", scene.queue]),
    );
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain(NOTHING_LEFT);
    expect(readdirSync(scene.folder).filter((name) => name.startsWith("reupload_upload"))).toEqual([]);
  });

  it("ends announce with 0", async () => {
    expect((await scene.run(["--no-queue"])).code).toBe(0);
    const args = ["announce", "--state-db", STATE, "--queue", scene.queue];
    const result = await stopWhileHeld("put-message", FILES, () => scene.start(args));
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/^Completed\.$/m);
    expect(result.stderr).toContain(NOTHING_LEFT);
    await expectAnnouncedOnce(scene, input.files);
  });

  it("ends a repair with its own code when another queue's part is left, which the same command does", async () => {
    const queues = `${scene.queue},${scene.queue}2`;
    await scene.behind.queue(`${scene.queue}2`).create();
    const shared = { env: { REUPLOAD_COORDINATION: "true" } };
    for (const partition of ["0", "1"]) {
      const args = ["--queue", queues, "--partition", partition, "--total-partitions", "2"];
      expect((await scene.run([...args, "--state-db", `${partition}.db`], shared)).code).toBe(0);
    }
    const target = scene.behind.container(scene.container);
    for (const { blobName } of input.files) await target.getBlockBlobClient(blobName).delete();
    const own = input.files.filter(({ workItemId }) => choosePartition(workItemId, 2) === 0);
    const place = `--csv failed_workitems.csv --files listing.csv --target-container ${scene.container}`;
    const args = ["verify", ...place.split(" "), "--repair"];
    const result = await stopWhileHeld("put-blob", own.length, () => scene.start(args, shared));
    expect(result.code, result.stdout + result.stderr).toBe(130);
    const again = await scene.cli(args, shared);
    expect(again.code, again.stdout + again.stderr).toBe(0);
    await expectInTarget(scene, input.files);
  });

  it("ends a repair with 0, and it leaves nothing behind", async () => {
    expect((await scene.run(["--no-queue"])).code).toBe(0);
    const target = scene.behind.container(scene.container);
    for (const at of [0, 1]) await target.getBlockBlobClient(input.at(at).blobName).delete();
    const place = `--csv failed_workitems.csv --files listing.csv --target-container ${scene.container}`;
    const args = ["verify", ...place.split(" "), "--repair", "--no-queue"];
    const result = await stopWhileHeld("put-blob", 2, () => scene.start(args));
    expect(result.code, result.stdout + result.stderr).toBe(0);
    await expectInTarget(scene, input.files);
    expect(readdirSync(scene.folder).filter((name) => name.startsWith("reupload_verify"))).toEqual([]);
  });
});
