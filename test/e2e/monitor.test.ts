/** Runs seen from beside: by processes of their own, while the runs go on and after they were killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { choosePartition } from "../../src/core/partition.ts";
import { readState } from "../../src/state/sqlite/read-state.ts";
import { expectInTarget } from "./expectations.ts";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const WORK_ITEMS = 12;
const FILES_EACH = 3;
const STATES = ["machine1_state.db", "machine2_state.db"] as const;
const BOTH = STATES.flatMap((state) => ["--state-db", state]);

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, WORK_ITEMS, FILES_EACH);
});
afterEach(() => scene[Symbol.asyncDispose]());

const shareOf = (partition: 0 | 1) => [
  "--state-db",
  STATES[partition],
  "--partition",
  String(partition),
  "--total-partitions",
  "2",
];

interface Reading {
  readonly exitCode: number;
  readonly total: {
    readonly workItems: { readonly total: number };
    readonly files: { readonly done: number };
  };
  readonly states: readonly { readonly exitCode: number; readonly process: { readonly kind: string } }[];
  readonly slowest: readonly unknown[];
}

async function look(...args: readonly string[]): Promise<Reading & { readonly code: number | null }> {
  const { stdout, code } = await scene.cli([...args, ...BOTH, "--output", "json"]);
  return { ...(JSON.parse(stdout) as Reading), code };
}

it("reupload monitor adds up two running partitions, reports one that is killed, and remaining lists what is left", async () => {
  const gate = Promise.withResolvers<void>();
  const passing = 8;
  scene.proxy.fail({ operation: "put-blob", skip: passing, fault: { kind: "hold", until: gate.promise } });
  const [first, second] = [scene.startRun(shareOf(0)), scene.startRun(shareOf(1))];
  while ((await filesDone()) < passing) await sleep(50);
  const seen = await look("status");
  expect(seen.total).toMatchObject({ workItems: { total: WORK_ITEMS }, files: { done: passing } });
  expect(seen.states.map(({ process }) => process.kind)).toEqual(["running", "running"]);
  expect(seen.slowest).not.toEqual([]);
  expect({ code: seen.code, exitCode: seen.exitCode }).toEqual({ code: 7, exitCode: 7 });
  expect((await scene.cli(["status", "--healthy", ...BOTH])).code).toBe(0);

  await second.kill();
  const died = await look("status");
  expect(died.states.map(({ process }) => process.kind)).toEqual(["running", "died"]);
  expect(died.code).toBe(6);
  expect((await scene.cli(["status", "--healthy", ...BOTH])).code).toBe(6);
  const shown = await scene.cli(["monitor", "--once", ...BOTH]);
  expect(shown.stdout).toContain("2 states, 1 running, 1 died");
  expect(shown.stdout).toMatch(/machine2_state\.db +1 of 2 .* died \d+ m?s ago/);
  expect(shown.code).toBe(6);

  gate.resolve();
  expect((await first.done).code).toBe(0);
  await expectRemaining();
  await expectCopyResumes();
}, 120_000);

/** As far as there are states yet. */
async function filesDone(): Promise<number> {
  const readings = STATES.map(async (state) =>
    (await readState(REAL_SURROUNDINGS, scene.path(state))).read(),
  );
  const settled = await Promise.allSettled(readings);
  return settled
    .map((one) => (one.status === "fulfilled" ? one.value.summary.files.copied : 0))
    .reduce((sum, copied) => sum + copied, 0);
}

/** Everything of the killed partition that is not completed, and nothing of the other. */
async function expectRemaining(): Promise<void> {
  const left = await scene.cli(["remaining", ...BOTH, "--csv", "failed_workitems.csv", "--out", "left.csv"]);
  expect(left.code).toBe(0);
  const [header, ...rows] = (await scene.read("left.csv")).trimEnd().split("\n");
  expect(header).toBe("JobId,WorkItemId");
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.every((row) => choosePartition(row.slice(2), 2) === 1)).toBe(true);
  const anew = await scene.startRun(["--csv", "left.csv", "--state-db", "anew.db", "--queue", scene.queue])
    .done;
  expect(anew.code).toBe(0);
  await expectInTarget(scene, input.files);
}

async function expectCopyResumes(): Promise<void> {
  const copied = await scene.cli(["status", "--state-db", STATES[1], "--snapshot", "copy.db"]);
  expect(copied.code).toBe(6);
  expect((await scene.cli(["run", "--resume", "--state-db", "copy.db"])).code).toBe(0);
  // It ends by itself, as all are done.
  const all = await scene.cli(["monitor", "--state-db", STATES[0], "--state-db", "copy.db"]);
  expect(all.stdout).toContain(`Work items  ${WORK_ITEMS} of ${WORK_ITEMS} done, 0 failed, 0 left`);
  expect(all.code).toBe(0);
}

it("status and monitor need a state that exists, and states of one run; a snapshot replaces no file", async () => {
  const [missing] = await Promise.all([
    scene.cli(["status"]),
    scene.run(["--limit", "1"]),
    scene.run(["--state-db", "other.db", "--limit", "1"]),
  ]);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toMatch(/the state .*reupload_state\.db does not exist/);
  const states = ["--state-db", STATE, "--state-db", "other.db"];
  expect((await scene.cli(["status", ...states, "--snapshot", "copy.db"])).code).toBe(2);
  const twice = await scene.cli(["monitor", "--once", ...states]);
  expect(twice.code).toBe(3);
  expect(twice.stdout).toContain(`Not added up: ${STATE} and other.db hold the whole CSV each`);
});
