/** `reupload announce`: what is in the target and was not announced, sent apart from a run. */
import { copyFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CliOptions, CliResult } from "../support/run-cli.ts";
import { announcementsOf, expectAnnouncedOnce, figureOf } from "./expectations.ts";
import { makePlain, type PlainInput, putBlob, putSource } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const SLOTS = 2;
const MISSING = 19;

let scene: Scene;
let input: PlainInput;
let states = 0;

/** One run with --no-queue that lacks one file; the tests announce from copies of its state. */
beforeAll(async () => {
  scene = await startScene();
  input = await makePlain(scene, 5, 4);
  await putBlob(scene, scene.container, input.at(0).blobName, input.at(0).content);
  await scene.behind.container(scene.source).getBlockBlobClient(input.at(MISSING).sourceName).delete();
  const slots = ["--workitem-workers", "1", "--file-workers", String(SLOTS)];
  const result = await scene.run(["--no-queue", ...slots]);
  expect(result.code, result.stderr).toBe(1);
});
afterAll(() => scene[Symbol.asyncDispose]());

const there = () => input.files.slice(0, MISSING);

/** A copy of the state, alone. */
async function copyOfState(): Promise<string> {
  const name = `copy${++states}.db`;
  await copyFile(scene.path("state.db"), scene.path(name));
  return name;
}

const startAnnounce = (state: string, args: readonly string[] = [], options?: CliOptions) =>
  scene.start(["announce", "--state-db", state, "--queue", scene.queue, ...args], options);
const announce = (state: string, args?: readonly string[]): Promise<CliResult> =>
  startAnnounce(state, args).done;

const refusal = { kind: "answer", status: 400, errorCode: "OutOfRangeInput" } as const;

describe("reupload announce after run --no-queue", () => {
  it("announces every file in the target once; the run's resume still uses no queue, and what it adds can be announced later", async () => {
    const state = await copyOfState();
    const first = await announce(state);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/^Completed\./);
    expect(figureOf(first.stdout, "announced")).toBe(MISSING);
    expect(first.stdout).toContain("1 file of them in the target before the run.");
    await expectAnnouncedOnce(scene, there());
    const report = await scene.cli(["report", "--state-db", state]);
    expect(report.stdout.split("\n", 1)[0]).toContain(`, announced in ${scene.queue}`);

    await putSource(scene, input.at(MISSING));
    scene.proxy.forget();
    const resumed = await scene.cli(["run", "--resume", "--state-db", state]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(scene.proxy.requests.filter(({ service }) => service === "queue")).toEqual([]);
    // The queue was chosen the first time.
    expect((await scene.cli(["announce", "--state-db", state])).code).toBe(0);
    await expectAnnouncedOnce(scene, [input.at(MISSING)]);

    scene.proxy.forget();
    const third = await announce(state);
    expect(third.code).toBe(0);
    expect(third.stdout).toContain(`${input.files.length} files announced before; --all sends them again.`);
    expect(scene.proxy.requests).toEqual([]);
    const elsewhere = await announce(state, ["--queue", "other"]);
    expect(elsewhere.code).toBe(3);
    expect(elsewhere.stderr).toContain(`announced in the queue ${scene.queue}, but --queue names other`);
  });

  it("repeats at most the announcements in flight after a kill", async () => {
    const state = await copyOfState();
    scene.proxy.forget();
    const heal = scene.proxy.fail({ operation: "put-message", fault: { kind: "hang-after" }, skip: 7 });
    const running = startAnnounce(state);
    while (scene.proxy.count("put-message") < 7 + SLOTS) await sleep(5);
    await running.kill();
    heal();
    const result = await announce(state);
    expect(result.code, result.stderr).toBe(0);
    expect(figureOf(result.stdout, "announced")).toBe(MISSING - 7);
    const counts = await announcementsOf(scene);
    expect([...counts.keys()].sort()).toEqual(
      there()
        .map(({ blobName }) => blobName)
        .sort(),
    );
    expect([...counts.values()].filter((times) => times > 1)).toEqual(Array(SLOTS).fill(2));
  });

  it("finishes the announcements in flight on Ctrl+C, exits with 130 and names the command that continues", async () => {
    const state = await copyOfState();
    scene.proxy.forget();
    const gate = Promise.withResolvers<void>();
    const hold = { kind: "hold", until: gate.promise } as const;
    const heal = scene.proxy.fail({ operation: "put-message", fault: hold, skip: 4 });
    const running = startAnnounce(state, ["--all"]);
    while (scene.proxy.count("put-message") < 4 + SLOTS) await sleep(5);
    const ended = running.kill("SIGINT");
    await running.waitFor(/Ctrl\+C: finishing the announcements in flight/);
    gate.resolve();
    const { code, stdout } = await ended;
    heal();
    expect(code).toBe(130);
    expect(stdout).toContain("Stopped: Ctrl+C.");
    expect(stdout).toContain(`reupload announce --state-db ${state} --all --queue ${scene.queue}`);
    expect(figureOf(stdout, "announced")).toBe(4 + SLOTS);
    expect((await announce(state, ["--all"])).code).toBe(0);
    await expectAnnouncedOnce(scene, there());
  });

  it("reports what the queue does not take and still owes it; a queue that is gone stops it, resumable", async () => {
    const state = await copyOfState();
    const missing = { kind: "answer", status: 404, errorCode: "QueueNotFound" } as const;
    const healQueue = scene.proxy.fail({ operation: "put-message", fault: missing });
    const gone = await announce(state, ["--max-wait", "300ms"]);
    healQueue();
    expect(gone.code, gone.stdout + gone.stderr).toBe(6);
    expect(gone.stdout).toContain("Stopped: unavailable.");
    const heal = scene.proxy.fail({ operation: "put-message", fault: refusal, times: 2 });
    const { code, stdout } = await announce(state);
    heal();
    expect(code).toBe(1);
    expect(figureOf(stdout, "announced")).toBe(MISSING - 2);
    expect(figureOf(stdout, "failed")).toBe(2);
    expect(stdout).toMatch(/job j, work item w\d\d, f\d\.json: .*OutOfRangeInput/);
    expect((await announce(state)).code).toBe(0);
    await expectAnnouncedOnce(scene, there());
  });

  it("tells each file once with --output json, with the attempts that its announcement took", async () => {
    const state = await copyOfState();
    const busy = { kind: "answer", status: 503, errorCode: "ServerBusy" } as const;
    const heal = scene.proxy.fail({ operation: "put-message", fault: busy, times: 1 });
    const { code, stdout, stderr } = await announce(state, ["--output", "json", "--verbose"]);
    heal();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const files = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; outcome: string; attempts: number })
      .filter(({ type }) => type === "file");
    expect(files.map(({ outcome }) => outcome)).toEqual(Array.from({ length: MISSING }, () => "announced"));
    expect(
      files
        .map(({ attempts }) => attempts)
        .toSorted((a, b) => b - a)
        .slice(0, 2),
    ).toEqual([2, 1]);
    await expectAnnouncedOnce(scene, there());
  });

  it("counts with --dry-run, asks whether it may send, and sends nothing", async () => {
    const state = await copyOfState();
    const before = await scene.read(state);
    const { code, stdout, stderr } = await announce(state, ["--dry-run", "--output", "json"]);
    expect(code, stdout + stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      type: "announce-summary",
      verdict: "planned",
      files: { total: MISSING, announced: 0, left: MISSING },
    });
    expect((await announcementsOf(scene)).size).toBe(0);
    expect(await scene.read(state)).toBe(before);
    const dry = ["announce", "--state-db", state, "--queue", `${scene.queue}-new`, "--dry-run"];
    const refused = await scene.cli(dry);
    expect(refused.code, refused.stdout).toBe(2);
    const toCreate = await scene.cli([...dry, "--create-missing"]);
    expect(toCreate.code, toCreate.stderr).toBe(0);
    expect(toCreate.stdout).toContain("It does not exist yet: it would be created.");
  });
});

it("reupload announce names the blobs as the run named them: by a template, by their path, shortened", async () => {
  await using other = await startScene();
  const files = await makePlain(other, 1, 3);
  const long = `${"x".repeat(1100)}.json`;
  const rows = ["a/f.json", "b/f.json", long].map((name, n) => `j,w01,shown,${files.at(n).uri},${name}\n`);
  await other.write("listing.csv", `JobId,WorkItemId,WorkItemName,Uri,FileName\n${rows.join("")}`);
  const naming = ["--on-collision", "path", "--name-template", "{jobId}/{workItemName}-{fileBaseName}"];
  expect((await other.run(["--no-queue", ...naming])).code).toBe(0);
  const announced = await other.cli(["announce", "--state-db", "state.db", "--queue", other.queue]);
  expect(announced.code, announced.stderr).toBe(0);
  const names = [...(await other.reader.list(other.container)).keys()];
  expect(names).toHaveLength(3);
  expect([...(await announcementsOf(other)).keys()].sort()).toEqual(names.sort());
});

it("reupload announce --all repeats the announcements of a run with a queue, and leaves what is not completed to its resume", async () => {
  await using other = await startScene();
  const files = await makePlain(other, 2, 2);
  const heal = other.proxy.fail({ operation: "put-message", fault: refusal, times: 1 });
  expect((await other.run()).code).toBe(1);
  heal();
  await announcementsOf(other);
  const { code, stdout } = await other.cli(["announce", "--state-db", "state.db", "--all"]);
  expect(code).toBe(0);
  expect(stdout).toContain("3 files of them announced before");
  expect(stdout).toContain("1 file in the target not completed by the run. The run announces them itself: ");
  expect(stdout).toContain("reupload run --resume --state-db state.db");
  expect((await announcementsOf(other)).size).toBe(files.files.length - 1);
  const elsewhere = await other.cli(["announce", "--state-db", "state.db", "--all", "--queue", "other"]);
  expect(elsewhere.code).toBe(3);

  // With nothing to announce, too: what the run has in flight is not the end of it.
  const gate = Promise.withResolvers<void>();
  other.proxy.forget();
  other.proxy.fail({ operation: "put-message", fault: { kind: "hold", until: gate.promise } });
  const running = other.start(["run", "--resume", "--state-db", "state.db"]);
  while (other.proxy.count("put-message") === 0) await sleep(5);
  const beside = await other.cli(["announce", "--state-db", "state.db"]);
  expect(beside.stdout).not.toContain("Completed.");
  expect(beside.code).toBe(3);
  expect(beside.stderr).toMatch(/the state state\.db is in use by process \d+ on .* since/);
  expect((await other.cli(["announce", "--state-db", "state.db", "--dry-run"])).code).toBe(0);
  gate.resolve();
  expect((await running.done).code).toBe(0);
});
