/** Machines that take partitions as they get free: processes with states of their own, on one CSV and one emulator. */
import { BlobNames } from "../../src/machines/blob-names.ts";
import { COORDINATION } from "../support/operations.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "./expectations.ts";
import { makePlain, putSource } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const COMPLETE = /all \d+ partitions are done: the run is complete/;

let scene: Scene;

const auto = (state: string, ...more: string[]): string[] => [
  "--state-db",
  state,
  "--partition",
  "auto",
  ...more,
];

beforeEach(async () => {
  scene = await startScene(undefined, { coordinated: true });
});
afterEach(async () => scene[Symbol.asyncDispose]());

describe("several machines with --partition auto", () => {
  it("share one CSV, join and leave while it runs, and end when all of it is proved to be done", async () => {
    const input = await makePlain(scene, 48, 3);
    // However slow the machine is: the run is not over before the third machine has joined and the first one is to leave.
    const gate = Promise.withResolvers<void>();
    scene.proxy.fail({ operation: "put-message", skip: 20, fault: { kind: "hold", until: gate.promise } });
    const start = (state: string, ...more: string[]) =>
      scene.startRun(auto(state, "--max-requests", "80/s", "--workitem-workers", "2", ...more));
    const first = start("one.db", "--total-partitions", "8");
    const second = start("two.db", "--total-partitions", "8");
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBeGreaterThan(6);
    // It does not say how many partitions there are: those of the run.
    const third = start("three.db");
    await third.waitFor(/free partitions of 8/);
    const leaving = first.kill("SIGTERM");
    await first.waitFor(/SIGTERM/);
    gate.resolve();
    const left = await leaving;
    expect(left.code, left.stderr).toBe(143);
    expect(left.stderr).toMatch(/gave back partitions? [\d, ]+ unfinished/);
    expect(left.stderr).toMatch(/the run: \d of 8 partitions done, /);
    const container = ["--target-container", scene.container, "--csv", "failed_workitems.csv"];
    const seen = await scene.cli(["status", ...container]);
    expect(seen.stdout).toContain("machines_joined=3 machines_alive=2 machines_left=1 machines_died=0");
    const fixed = await scene.run(["--state-db", "fixed.db", "--partition", "0", "--total-partitions", "2"]);
    expect(fixed.code, fixed.stderr).toBe(3);
    expect(fixed.stderr).toContain(
      "The run was started with --partition auto (8 partitions), this command runs with 2 fixed",
    );

    const faster = await scene.run(auto("faster.db", "--max-requests", "90/s"));
    expect(faster.code, faster.stderr).toBe(3);
    expect(faster.stderr).toContain("--max-requests: the run has 80/s, this command 90/s");

    const ended = await Promise.all([second.done, third.done]);
    for (const { code, stderr } of ended) {
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(COMPLETE);
    }
    const again = await scene.run(["--resume", "--state-db", "one.db"]);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toMatch(COMPLETE);
    // Each tells the whole run: what it did itself, and what others did.
    const all = [again, ...ended].map(({ stdout }) => stdout);
    expect(all.map((text) => figureOf(text, "completed"))).toEqual([48, 48, 48]);
    const copied = all.map((text) => figureOf(text, "copied"));
    expect(copied.reduce((sum, count) => sum + count)).toBe(144);
    expect(copied.filter((count) => count > 0).length).toBeGreaterThan(1);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  }, 90_000);

  it("give away what they have not opened to a machine that has nothing to do", async () => {
    const input = await makePlain(scene, 80, 3);
    const start = (state: string) =>
      scene.startRun(
        auto(state, "--total-partitions", "1", "--max-requests", "48/s", "--workitem-workers", "2"),
      );
    const owner = start("owner.db");
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBeGreaterThan(2);
    const ended = await Promise.all([owner.done, start("helper.db").done]);
    for (const { code, stderr } of ended) {
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(COMPLETE);
    }
    expect(ended[0].stderr).toMatch(/gave away (a part|\d parts) of partition 0/);
    const copied = ended.map(({ stdout }) => figureOf(stdout, "copied"));
    expect(copied.reduce((sum, count) => sum + count)).toBe(240);
    expect(copied[1]).toBeGreaterThan(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
    // Who has no states is told by the account's records alone.
    const place = ["--csv", "failed_workitems.csv", "--files", "listing.csv"];
    const verified = await scene.cli(["verify", ...place, "--target-container", scene.container]);
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  }, 90_000);

  it("go on from a trial without partitions, tell what failed on any of them, and try it again", async () => {
    const input = await makePlain(scene, 6, 2);
    const lost = input.at(5);
    await scene.behind.container(scene.source).deleteBlob(lost.sourceName);
    const tried = await scene.run(["--state-db", "try.db", "--limit", "2"]);
    expect(tried.code, tried.stderr).toBe(0);
    const sixteen = ["--total-partitions", "16"];
    const refused = await scene.run(auto("one.db", ...sixteen));
    expect(refused.code, refused.stderr).toBe(3);
    expect(refused.stderr).toContain("The run was started without partitions");
    const one = await scene.run(auto("one.db", ...sixteen, "--repartition"));
    expect(one.code, one.stderr).toBe(1);
    expect(one.stderr).toContain("all 16 partitions are done");
    const two = await scene.run(auto("two.db"));
    expect(two.code, two.stderr).toBe(1);
    expect(figureOf(two.stdout, "failed")).toBe(1);

    await putSource(scene, lost);
    const resumed = await scene.run(["--resume", "--state-db", "one.db"]);
    expect(resumed.code, resumed.stdout + resumed.stderr).toBe(0);
    const other = await scene.run(["--resume", "--state-db", "two.db"]);
    expect(other.code, other.stdout + other.stderr).toBe(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  }, 60_000);

  it("try skipped files again from the state that skipped them when their code is named", async () => {
    const input = await makePlain(scene, 4, 1);
    const target = scene.behind.container(scene.container).getBlockBlobClient(input.at(0).blobName);
    await target.upload("other", 5);
    const skipped = await scene.run(auto("one.db", "--total-partitions", "4", "--on-conflict", "skip"));
    expect(skipped.code, skipped.stderr).toBe(0);
    expect(figureOf(skipped.stdout, "skipped")).toBe(1);
    await target.delete();
    const again = await scene.run(["--resume", "--state-db", "one.db", "--retry-failed", "conflict"]);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toMatch(COMPLETE);
    await expectInTarget(scene, input.files);
  }, 60_000);

  it("are kept off by announce from the partitions whose files it announces, which a machine at work refuses", async () => {
    const input = await makePlain(scene, 4, 1);
    const run = await scene.run(auto("one.db", "--total-partitions", "4", "--no-queue"));
    expect(run.code, run.stderr).toBe(0);
    const announce = () => scene.cli(["announce", "--state-db", "one.db", "--queue", scene.queue]);
    const [name = "", others] = await recordsOfTarget();
    const record = scene.behind.container(COORDINATION).getBlobClient(name);
    const { metadata = {} } = await record.getProperties();
    // The client drops values that are empty.
    await record.setMetadata({ ...metadata, failures: "timeout:0", host: "other", stateid: "other" });
    const lease = record.getBlobLeaseClient();
    await lease.acquireLease(60);
    const refused = await announce();
    expect(refused.code, refused.stderr).toBe(3);
    expect(refused.stderr).toMatch(/other \(process \d+, .*\) works on partition \d/);
    expect(refused.stderr).toContain("Resume this state (run --resume)");
    await lease.releaseLease();
    scene.proxy.forget();
    const announced = await announce();
    expect(announced.code, announced.stderr).toBe(0);
    const acquired = scene.proxy.requests.filter(({ headers }) => headers["x-ms-lease-action"] === "acquire");
    expect(acquired).toHaveLength(others + 1);
    await expectAnnouncedOnce(scene, input.files);
  }, 60_000);
});

/** The first record of the scene's run, and how many more there are. */
async function recordsOfTarget(): Promise<[string | undefined, number]> {
  const target = `${scene.account.blobEndpoint}/${scene.container}`;
  const prefix = BlobNames.forRun({ target, csvDigest: "" }).manifests.replace("manifests", "records");
  const names: string[] = [];
  for await (const { name } of scene.behind.container(COORDINATION).listBlobsFlat({ prefix }))
    names.push(name);
  return [names[0], names.length - 1];
}
