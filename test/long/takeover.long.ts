/** What needs the end of a lease: a machine that died, and one that slept, with `--partition auto`. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { announcementsOf, expectInTarget } from "../e2e/expectations.ts";
import { makePlain, type PlainInput } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";
import { COORDINATION } from "../support/operations.ts";

/** The contract: taken over within a minute; 30 s is the lease. */
const TAKEN_OVER_MS = 60_000;
/** Twice a lease. */
const OUTAGE_MS = 60_000;
/** One machine renews its leases so much later than the other one has an answer again: less than the 30 s of contact. */
const LATER_MS = 20_000;

let scene: Scene;
let input: PlainInput;

const auto = (state: string): string[] =>
  `--state-db ${state} --partition auto --total-partitions 8 --announce-existing never`.split(" ");

beforeEach(async () => {
  scene = await startScene(undefined, { coordinated: true });
  input = await makePlain(scene, 16, 3);
});
afterEach(async () => scene[Symbol.asyncDispose]());

describe("a machine that is killed", () => {
  it("is taken over within a minute, and what it had uploaded is announced", async () => {
    const gate = Promise.withResolvers<void>();
    // Files are in the target and nobody is told.
    scene.proxy.fail({ operation: "put-message", fault: { kind: "hold", until: gate.promise } });
    const first = scene.startRun(auto("first.db"), { timeoutMs: 170_000 });
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBeGreaterThan(3);
    await first.kill("SIGKILL");
    const killed = performance.now();
    scene.proxy.heal();
    gate.reject(new Error("the machine is gone"));
    const second = scene.startRun(auto("second.db"), { timeoutMs: 170_000 });
    await second.waitFor(/took over \d+ partition/);
    expect(performance.now() - killed).toBeLessThan(TAKEN_OVER_MS);
    const ended = await second.done;
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toContain("waiting for other machines");
    await expectInTarget(scene, input.files);
    const counts = await announcementsOf(scene);
    expect(new Set(counts.keys())).toEqual(new Set(input.files.map(({ blobName }) => blobName)));
  });
});

describe("a machine that slept beyond its lease", () => {
  it("finds its partitions taken, does not do them again, and ends with the run", async () => {
    const slow = ["--max-requests", "20/s"];
    const first = scene.startRun([...auto("first.db"), ...slow], { timeoutMs: 170_000 });
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBeGreaterThan(1);
    process.kill(first.pid, "SIGSTOP");
    const second = await scene.run([...auto("second.db"), ...slow], { timeoutMs: 170_000 });
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).toMatch(/took over \d+ partition/);
    process.kill(first.pid, "SIGCONT");
    const ended = await first.done;
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toMatch(/partitions? \d+ is no longer this machine's|all 8 partitions are done/);
    await expectInTarget(scene, input.files);
    const counts = await announcementsOf(scene);
    expect(new Set(counts.keys())).toEqual(new Set(input.files.map(({ blobName }) => blobName)));
  });
});

/** The records of partitions that this process works on, past the proxy. */
async function recordsOf(pid: number | undefined): Promise<string[]> {
  const names: string[] = [];
  const blobs = scene.behind.container(COORDINATION).listBlobsFlat({ includeMetadata: true });
  for await (const { name, metadata } of blobs)
    if (name.includes("/records/") && metadata?.["pid"] === String(pid) && metadata["state"] === "working")
      names.push(name);
  return names;
}

describe("an account that is unreachable for a minute", () => {
  it("is waited for by all machines: none takes from another one, and all go on", async () => {
    const slow = ["--max-requests", "12/s", "--workitem-workers", "1"];
    const machines = ["first.db", "second.db"].map((state) =>
      scene.startRun([...auto(state), ...slow], { timeoutMs: 200_000 }),
    );
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 30_000 }).toBeGreaterThan(6);
    await scene.proxy.offline();
    await sleep(OUTAGE_MS);
    // Both have begun, and hold partitions that are not done.
    for (const { stderr } of machines) expect(stderr).toMatch(/waiting for /);
    const names = await recordsOf(machines[1]?.pid);
    expect(names).not.toEqual([]);
    const isLate = scene.proxy.fail({
      when: ({ name, headers }) =>
        headers["x-ms-lease-action"] === "renew" && names.some((record) => name.endsWith(record)),
      fault: { kind: "reset-before" },
    });
    await scene.proxy.online();
    await sleep(LATER_MS);
    isLate();
    for (const { code, stderr } of await Promise.all(machines.map(async ({ done }) => done))) {
      expect(code, stderr).toBe(0);
      expect(stderr).not.toMatch(/took over|is no longer this machine's/);
      expect(stderr).toContain("all 8 partitions are done");
    }
    await expectInTarget(scene, input.files);
    const counts = await announcementsOf(scene);
    expect(new Set(counts.keys())).toEqual(new Set(input.files.map(({ blobName }) => blobName)));
  });
});
