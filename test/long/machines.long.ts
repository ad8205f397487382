/**
 * Machines that stop, sleep and die for longer than a lease lasts: processes with states of their own, on one CSV and one
 * emulator. The tests wait most of the time, so they run at once, each on its own container.
 */
import { copyFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type onTestFinished } from "vitest";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { decodeManifest, encodeManifest } from "../../src/machines/manifest.ts";
import { announcementsOf, expectAnnouncedOnce, expectInTarget } from "../e2e/expectations.ts";
import { makePlain, type PlainInput } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";
import { COORDINATION } from "../support/operations.ts";
import type { RunningCli } from "../support/run-cli.ts";

/** A lease lasts 30 s after its last renewal. */
const PAST_THE_LEASE_MS = 40_000;
const LONG = { timeoutMs: 200_000 };
const FEW_SLOTS = ["--workitem-workers", "1", "--file-workers", "1"];

interface Stage {
  readonly scene: Scene;
  readonly input: PlainInput;
}

async function newStage(finished: typeof onTestFinished): Promise<Stage> {
  const scene = await startScene(undefined, { coordinated: true });
  finished(async () => scene[Symbol.asyncDispose]());
  return { scene, input: await makePlain(scene, 12, 3) };
}

function share(partition: number, state: string): string[] {
  return ["--state-db", state, "--partition", String(partition), "--total-partitions", "2"];
}

/** A machine at work on partition 0: one file is through, the next requests of this kind are held back. */
async function startHeld(
  { scene }: Stage,
  operation: "put-blob" | "put-message",
  args: readonly string[] = [],
): Promise<{ readonly machine: RunningCli; readonly release: () => void }> {
  const gate = Promise.withResolvers<void>();
  scene.proxy.fail({ operation, skip: 1, fault: { kind: "hold", until: gate.promise } });
  const machine = scene.startRun([...share(0, "first.db"), ...FEW_SLOTS, ...args], LONG);
  await expect.poll(() => scene.proxy.count(operation)).toBe(2);
  return { machine, release: gate.resolve };
}

async function doTheOther({ scene }: Stage, args: readonly string[] = []): Promise<string> {
  const rest = await scene.run([...share(1, "other.db"), ...args], LONG);
  expect(rest.code, rest.stderr).toBe(0);
  return rest.stderr;
}

describe.concurrent("a machine that is stopped for longer than its lease", () => {
  it("goes on when nobody took its partition", async ({ onTestFinished: finished }) => {
    const stage = await newStage(finished);
    const { machine, release } = await startHeld(stage, "put-blob");
    process.kill(machine.pid, "SIGSTOP");
    await sleep(PAST_THE_LEASE_MS);
    process.kill(machine.pid, "SIGCONT");
    release();
    const done = await machine.done;
    expect(done.code, done.stderr).toBe(0);
    expect(await doTheOther(stage)).toContain("all 2 partitions are done");
    await expectInTarget(stage.scene, stage.input.files);
    const counts = await announcementsOf(stage.scene);
    expect(counts.size).toBe(stage.input.files.length);
  });

  it("stops and says why when another machine took it over, and does no harm", async ({
    onTestFinished: finished,
  }) => {
    const stage = await newStage(finished);
    const { scene } = stage;
    const { machine, release } = await startHeld(stage, "put-blob");
    process.kill(machine.pid, "SIGSTOP");
    await sleep(PAST_THE_LEASE_MS);
    scene.proxy.heal();
    const refused = await scene.run(share(0, "second.db"));
    expect(refused.code, refused.stderr).toBe(3);
    expect(refused.stderr).toMatch(/Partition 0 was started by \S+ \(process \d+, .*--take-over/s);
    const second = await scene.run([...share(0, "second.db"), "--take-over"], LONG);
    expect(second.code, second.stderr).toBe(0);
    process.kill(machine.pid, "SIGCONT");
    release();
    const first = await machine.done;
    expect(first.code, first.stderr).toBe(3);
    expect(first.stderr).toMatch(
      /This machine lost partition 0 to another one: .*\nNothing is left to do here while that machine works\./,
    );
    expect(first.stdout).toContain("Stopped: the partition was lost to another machine.");
    expect(first.stdout).not.toContain("To do the rest");

    expect(await doTheOther(stage)).toContain("all 2 partitions are done");
    await expectInTarget(scene, stage.input.files);
    const counts = await announcementsOf(scene);
    expect(counts.size).toBe(stage.input.files.length);
    // Announced by both: the file in flight, as there is one slot, and the one that is younger than the last checkpoint.
    expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(counts.size + 2);
    // Its own state knows by now that all is done elsewhere.
    const resumed = await scene.cli(["run", "--resume", "--state-db", "first.db"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stdout).not.toContain("not announced yet");
  });
});

describe.concurrent("a machine that was killed", () => {
  it("is resumed with its own state within 35 s", async ({ onTestFinished: finished }) => {
    const stage = await newStage(finished);
    const { machine, release } = await startHeld(stage, "put-blob");
    await machine.kill("SIGKILL");
    stage.scene.proxy.heal();
    release();
    const began = Date.now();
    const resuming = stage.scene.start(["run", "--resume", "--state-db", "first.db"], LONG);
    await resuming.waitFor(/is still held by \S+ \(process \d+\): waiting up to 61 s/);
    await resuming.waitFor(/announced in/);
    expect(Date.now() - began).toBeLessThan(35_000);
    const done = await resuming.done;
    expect(done.code, done.stderr).toBe(0);
    await doTheOther(stage);
    await expectInTarget(stage.scene, stage.input.files);
  });

  it("between upload and announcement is taken over with --announce-existing never, and every message is there", async ({
    onTestFinished: finished,
  }) => {
    const stage = await newStage(finished);
    const never = ["--announce-existing", "never"];
    const { machine, release } = await startHeld(stage, "put-message", never);
    await machine.kill("SIGKILL");
    // A message that was on its way arrives or not: this one does not.
    stage.scene.proxy.heal();
    const held = await stage.scene.run([...share(0, "second.db"), ...never]);
    expect(held.code, held.stderr).toBe(3);
    const taken = await stage.scene.run([...share(0, "second.db"), ...never, "--take-over"], LONG);
    release();
    expect(taken.code, taken.stderr).toBe(0);
    expect(taken.stderr).toContain("is still held by");
    expect(taken.stderr).toContain("partition 1 was not started yet");
    expect(await doTheOther(stage, never)).toContain("all 2 partitions are done");
    await expectInTarget(stage.scene, stage.input.files);
    const counts = await announcementsOf(stage.scene);
    expect(new Set(counts.keys())).toEqual(new Set(stage.input.files.map(({ blobName }) => blobName)));
  });
});

describe.concurrent("a machine that works", () => {
  it("keeps off a copy of its state, here by its process and elsewhere by its lease", async ({
    onTestFinished: finished,
  }) => {
    const stage = await newStage(finished);
    const { scene } = stage;
    const { machine, release } = await startHeld(stage, "put-blob");
    for (const suffix of ["", "-wal"]) {
      await copyFile(scene.path(`first.db${suffix}`), scene.path(`copy.db${suffix}`));
    }
    const here = await scene.cli(["run", "--resume", "--state-db", "copy.db"]);
    expect(here.code, here.stderr).toBe(3);
    expect(here.stderr).toContain(String(machine.pid));
    // As on another host, which cannot see the process.
    using copy = new DatabaseSync(scene.path("copy.db"));
    copy.exec("UPDATE owner SET host = 'elsewhere', ended_at = started_at");
    copy.close();
    const began = Date.now();
    const elsewhere = await scene.cli(["run", "--resume", "--state-db", "copy.db"], LONG);
    expect(elsewhere.code, elsewhere.stderr).toBe(3);
    expect(elsewhere.stderr).toContain("still works on partition 0, and this state is a copy of its state.");
    expect(Date.now() - began).toBeGreaterThan(60_000);
    release();
    expect((await machine.done).code, machine.stderr).toBe(0);
    await doTheOther(stage);
    await expectAnnouncedOnce(scene, stage.input.files);
  });
});

describe.concurrent("a repartition that was left behind", () => {
  it("is undone after 60 s by the next start", async ({ onTestFinished: finished }) => {
    const stage = await newStage(finished);
    const { scene } = stage;
    const begun = await scene.run([...share(0, "first.db"), "--limit", "1"]);
    expect(begun.code, begun.stderr).toBe(0);
    const digest = new DatabaseSync(scene.path("first.db"), { readOnly: true })
      .prepare(
        "SELECT json_extract(identity, '$.csvDigest') AS digest, json_extract(identity, '$.target') AS target FROM run",
      )
      .get() as { digest: string; target: string };
    const { manifest: name } = BlobNames.forRun({ target: digest.target, csvDigest: digest.digest });
    const blob = scene.behind.container(COORDINATION).getBlockBlobClient(name);
    const manifest = decodeManifest(await blob.downloadToBuffer());
    const former = { generation: 1, totalPartitions: 2 };
    const left = {
      ...manifest,
      state: "opening",
      generation: 2,
      highestGeneration: 2,
      totalPartitions: 5,
      former,
    } as const;
    const body = encodeManifest(left);
    await blob.upload(Buffer.from(body), body.length);
    const began = Date.now();
    const rest = await scene.run([...share(0, "first.db"), "--resume"], LONG);
    expect(rest.code, rest.stderr).toBe(0);
    expect(Date.now() - began).toBeGreaterThan(50_000);
    expect(await doTheOther(stage)).toContain("all 2 partitions are done");
    await expectAnnouncedOnce(scene, stage.input.files);
  });
});
