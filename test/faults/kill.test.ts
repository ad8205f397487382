/** `kill -9` at any moment, resume at once: nothing is lost, nothing that was recorded as done is done again. */
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addMissingBlob, makeDemoInput } from "../../src/demo/demo-input.ts";
import { DemoRandom } from "../../src/demo/demo-random.ts";
import { announcementsOf, expectInTarget, figureOf } from "../e2e/expectations.ts";
import { type Scene, startScene, STATE } from "../e2e/scene.ts";
import type { SeenRequest } from "../support/fault-proxy.ts";
import type { RunningCli } from "../support/run-cli.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const KILLS = 30;
const SLOTS = 4;
/** Kills that fall while blocks of the large file are under way. */
const KILLS_IN_BLOCKS = 3;
/** Every third kill comes so many changes later, so that whatever the seed some runs get somewhere. */
const LATER = 9;
const SENDS = ["put-blob", "put-block", "put-block-list"] as const;
const seed = Number(process.env["KILL_SEED"] ?? Date.now() % 100_000);

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** `job/workItem/file` of every file that the state records as in the target; empty while there is no run. */
function filesInTarget(path: string): Set<string> {
  if (!existsSync(path) || statSync(path).size === 0) return new Set();
  using db = new DatabaseSync(path, { readOnly: true });
  const columns = "job_id, workitem_id, filename";
  const rows = db.prepare(`SELECT ${columns} FROM files WHERE status IN ('uploaded', 'completed')`).all();
  return new Set(
    rows.map((row) => `${String(row["job_id"])}/${String(row["workitem_id"])}/${String(row["filename"])}`),
  );
}

/** Kills the run when it has sent so many requests of this kind; false when it ended before. */
async function killAfter(
  running: RunningCli,
  count: number,
  isCounted: (request: SeenRequest) => boolean,
): Promise<boolean> {
  const from = scene.proxy.requests.length;
  const ended = running.done.then(() => true);
  while (scene.proxy.requests.slice(from).filter(isCounted).length < count) {
    if (await Promise.race([ended, sleep(2, false)])) return false;
  }
  return (await running.kill()).signal === "SIGKILL";
}

const isChange = ({ method }: SeenRequest): boolean => method === "PUT" || method === "POST";
const isBlock = ({ operation }: SeenRequest): boolean => operation === "put-block";

/** The CSV with the work item that has the large file at its beginning. */
async function putFirst(workItemId: string): Promise<void> {
  const [header = "", ...rows] = (await scene.read("failed_workitems.csv")).trimEnd().split("\n");
  const isFirst = (row: string): boolean => row.endsWith(`,${workItemId}`);
  const ordered = [header, ...rows.filter(isFirst), ...rows.filter((row) => !isFirst(row))];
  await scene.write("failed_workitems.csv", `${ordered.join("\n")}\n`);
}

describe("kill -9", () => {
  it(`loses nothing at ${KILLS} random moments and repeats no recorded upload (KILL_SEED=${seed})`, async () => {
    const signal = AbortSignal.timeout(200_000);
    const input = await makeDemoInput({
      surroundings: REAL_SURROUNDINGS,
      connectionString: scene.proxy.connectionString,
      folder: scene.folder,
      sourceContainer: scene.source,
      scale: { workItems: 20, files: 220, large: [40] },
      signal,
    });
    await addMissingBlob(input.missing, { signal });
    const blobNames = new Map(
      input.expected.map((file) => [`${file.jobId}/${file.workItemId}/${file.fileName}`, file.blobName]),
    );
    const random = new DemoRandom(seed);
    await putFirst(input.expected[0]?.workItemId ?? "");
    scene.proxy.forget();
    // Where the proxy's log stood at each kill, and what the state then had as in the target.
    const kills: { readonly at: number; readonly inTarget: ReadonlySet<string> }[] = [];
    const args = ["--resume", "--workitem-workers", "2", "--file-workers", String(SLOTS / 2)];
    while (kills.length < KILLS) {
      // The first ones in the middle of the large file, each one a block further.
      const block = kills.length < KILLS_IN_BLOCKS ? kills.length + 1 : 0;
      // The CSV begins with its work item, which a count ahead would put behind those with more files.
      const running = scene.startRun(block > 0 ? [...args, "--limit", "1"] : args);
      const isKilled = await (block > 0
        ? killAfter(running, block, isBlock)
        : killAfter(running, random.below(12) + (kills.length % 3 === 0 ? LATER : 0), isChange));
      expect(isKilled, `ended after ${kills.length} kills\n${running.stdout}\n${running.stderr}`).toBe(true);
      kills.push({ at: scene.proxy.requests.length, inTarget: filesInTarget(scene.path(STATE)) });
    }
    const result = await scene.run(args);
    expect(result.code, result.stderr).toBe(0);

    await expectInTarget(scene, input.expected);
    expect(figureOf(result.stdout, "copied") + figureOf(result.stdout, "already there")).toBe(input.files);
    const announced = await announcementsOf(scene);
    expect([...announced.keys()].sort()).toEqual(input.expected.map(({ blobName }) => blobName).sort());
    const repeated = [...announced.values()].reduce((sum, times) => sum + times - 1, 0);
    expect(repeated).toBeLessThanOrEqual(KILLS * SLOTS);

    for (const { at, inTarget } of kills) {
      const done = new Set([...inTarget].map((key) => `${scene.container}/${blobNames.get(key)}`));
      const again = scene.proxy.requests
        .slice(at)
        .filter(({ operation, name }) => SENDS.some((send) => send === operation) && done.has(name));
      expect(again).toEqual([]);
    }
    const stagedBlocks = scene.proxy.requests
      .filter((request) => isBlock(request) && request.status === 201)
      .map(({ query }) => query.get("blockid"));
    expect(stagedBlocks).toHaveLength(new Set(stagedBlocks).size);
    const lastKill = kills.at(-1)?.inTarget.size ?? 0;
    expect(lastKill, "the kills fell before anything was done").toBeGreaterThan(20);
    expect(lastKill).toBeLessThan(input.files);
  }, 240_000);

  it("leaves nothing in the way of the next start when it comes while the CSV is loaded", async () => {
    const rows = Array.from({ length: 40_000 }, (_, index) => `job,${1_000_000 + index}\n`);
    await scene.write("failed_workitems.csv", `JobId,WorkItemId\n${rows.join("")}`);
    await scene.write("listing.csv", "JobId,WorkItemId,WorkItemName,Uri,FileName\n");
    const pipe = scene.path("pipe");
    execFileSync("mkfifo", [pipe]);
    const running = scene.startRun(["--csv", pipe]);
    const writer = await open(pipe, "w");
    await writer.write(`JobId,WorkItemId\n${rows.slice(0, 30_000).join("")}`);
    // It takes its place when the CSV is loaded.
    while (!existsSync(scene.path(`${STATE}.new`))) await sleep(5);
    await sleep(50);
    expect(existsSync(scene.path(STATE))).toBe(false);
    expect(await running.kill()).toMatchObject({ signal: "SIGKILL" });
    await writer.close();

    const result = await scene.run(["--resume"]);
    expect(result.code, result.stderr).toBe(0);
    expect(figureOf(result.stdout, "Rows")).toBe(rows.length);
    expect(figureOf(result.stdout, "empty")).toBe(rows.length);
  });
});
