/** A running process that is steered from outside, and what a state tells of it later; on the built command line. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, figureOf, summaryIn } from "./expectations.ts";
import { parseOpenMetrics } from "../support/openmetrics.ts";
import { startStub } from "../support/stub-server.ts";
import { csvOf, listingOf, makePlain, planPlain, putSource } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

/** Asked and done within this, ms; the promise is 2 s, and the machine has other things to do. */
const SOON_MS = 6_000;

let scene: Scene;

beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const control = (...args: string[]) => scene.cli(["control", "--state-db", STATE, ...args]);
const inTarget = async (): Promise<number> => (await scene.reader.list(scene.container)).size;

it("control pauses, changes limits, skips, bumps, continues and drains a running process, and --max-duration ends the next start", async () => {
  const input = await makePlain(scene, 20, 3);
  const running = scene.startRun([
    "--max-requests",
    "4/s",
    "--output",
    "json",
    "--workitem-workers",
    "1",
    "--file-workers",
    "2",
  ]);
  await running.waitFor(/run-started/);
  await expect.poll(inTarget, { timeout: 20_000 }).toBeGreaterThan(0);

  // Two at once: each is answered.
  const began = performance.now();
  const [paused, limited, skipped] = await Promise.all([
    control("pause", "--output", "json"),
    control("--max-requests", "off", "--concurrency", "3"),
    control("skip", "w20"),
  ]);
  expect(performance.now() - began).toBeLessThan(SOON_MS);
  expect([paused.code, limited.code, skipped.code], paused.stderr + limited.stderr + skipped.stderr).toEqual([
    0, 0, 0,
  ]);
  expect(JSON.parse(paused.stdout)).toMatchObject({ results: [{ request: "pause", outcome: "taken" }] });
  expect(skipped.stdout).toContain(`${STATE}: skip w20: w20 is skipped until a reset`);
  await expect.poll(() => running.stdout.match(/"type":"control"/g)?.length, { timeout: 5_000 }).toBe(3);

  // What was in flight has finished by then; nothing new begins, although nothing limits it any more.
  await sleep(700);
  const whilePaused = await inTarget();
  await sleep(1_200);
  expect(await inTarget()).toBe(whilePaused);
  const status = await scene.cli(["status", "--state-db", STATE]);
  expect(status.code).toBe(7);
  expect(status.stdout).toContain("run=paused");
  const monitor = await scene.cli(["monitor", "--once", "--state-db", STATE]);
  expect(monitor.stdout).toContain("paused by the operator: nothing new begins");

  const refused = await control("skip", "w99", "--output", "json");
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout)).toMatchObject({
    results: [{ outcome: "not-taken", text: "no work item w99 here" }],
  });
  expect((await control("drain")).code).toBe(0);
  const drained = await running.done;
  expect(drained.code, drained.stderr).toBe(130);
  expect(drained.stdout).toMatch(/"stoppedBy":"control drain"/);

  // Nobody listens: only what lasts is changed.
  const nobody = await control("pause");
  expect(nobody.code).toBe(3);
  expect(nobody.stdout).toContain("nobody listens");
  expect((await control("skip", "w19")).code).toBe(0);
  expect((await control("reset", "w20")).code).toBe(0);

  await using receiver = await startStub([{ status: 503 }, { status: 200 }]);
  const told = ["--notify", `${receiver.url}/hook`, "--metrics-file", scene.path("reupload.prom")];
  const timed = await scene.resume(["--max-requests", "4/s", "--max-duration", "3s", ...told], {
    env: { REUPLOAD_NOTIFY_SECRET: "s3cret" },
  });
  expect(timed.code, timed.stderr).toBe(8);
  expect(timed.stdout).toContain("--max-duration");
  expect(timed.stdout).toContain(`reupload run --resume --state-db ${STATE}`);
  expect((await scene.cli(["status", "--state-db", STATE])).code).toBe(8);
  const [first, second] = receiver.requests.map(({ body }) => String(body));
  expect(second).toBe(first);
  expect(JSON.parse(second ?? "")).toMatchObject({
    type: "run-ended",
    stateDb: STATE,
    exitCode: 8,
    error: null,
    summary: { verdict: "stopped", stoppedBy: "--max-duration" },
  });
  expect(receiver.requests[1]?.headers["x-reupload-signature"]).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);
  const metrics = parseOpenMetrics(await scene.read("reupload.prom"));
  expect(metrics.get("reupload_exit_code")?.samples).toMatchObject([{ value: 8 }]);

  const rest = await scene.resume(["--max-requests", "off"]);
  expect(rest.code, rest.stderr).toBe(0);
  expect(figureOf(rest.stdout, "skipped")).toBe(1);
  const wanted = input.files.filter(({ workItemId }) => workItemId !== "w19");
  await expectInTarget(scene, wanted);
  await expectAnnouncedOnce(scene, wanted);
});

it("why tells what happened to a file over starts: repeated requests with their ids, failures, a new link, the announcement", async () => {
  const input = planPlain(scene, 2, 2);
  await scene.write("failed_workitems.csv", csvOf(input));
  await scene.write("listing.csv", listingOf(input));
  await Promise.all([0, 1, 2].map(async (place) => putSource(scene, input.at(place))));
  const busy = {
    kind: "answer",
    status: 503,
    errorCode: "ServerBusy",
    headers: { "x-ms-request-id": "busy-1" },
  } as const;
  const first = input.at(0);
  scene.proxy.fail({
    service: "blob",
    method: "PUT",
    name: `${scene.container}/${first.blobName}`,
    times: 2,
    fault: busy,
  });
  const run = await scene.run();
  expect(run.code, run.stderr).toBe(1);
  await putSource(scene, input.at(3));
  const resumed = await scene.resume();
  expect(resumed.code, resumed.stderr).toBe(0);

  const blob = await scene.cli(["why", first.blobName, "--state-db", STATE]);
  expect(blob.code, blob.stderr).toBe(0);
  expect(blob.stdout).toContain(`file ${first.fileName} of work item w01`);
  expect(blob.stdout).toMatch(/start 1: .*503 ServerBusy \(request id busy-1\); again after \d+\.\d s/);
  expect(blob.stdout).toContain("it is in the target, and announced");

  const json = await scene.cli(["why", "w02", "--state-db", STATE, "--output", "json"]);
  const { stories } = JSON.parse(json.stdout) as {
    stories: { files: { fileName: string; tries: unknown[] }[] }[];
  };
  expect(stories[0]).toMatchObject({ workItemId: "w02", status: "completed", filesKnown: 2 });
  expect(stories[0]?.files).toMatchObject([
    {
      fileName: "f2.json",
      status: "completed",
      announced: true,
      tries: [{ code: "source-not-found", start: 1 }],
    },
  ]);

  const unclear = await scene.cli(["why", "f1.json", "--state-db", STATE]);
  expect(unclear.code).toBe(1);
  expect(unclear.stdout).toContain("work item w01, file f1.json");
  expect(unclear.stdout).toContain("work item w02, file f1.json");
});

it("control of all machines stands in the account for machines that begin later, and is not taken back by one machine's operator", async () => {
  await using own = await startScene(undefined, { coordinated: true });
  await makePlain(own, 6, 2);
  const share = ["--partition", "0", "--total-partitions", "2"];
  const first = await own.run([...share, "--limit", "1"]);
  expect(first.code, first.stderr).toBe(0);
  const all = (...args: string[]) =>
    own.cli(["control", ...args, "--csv", "failed_workitems.csv", "--target-container", own.container]);
  const left = await all("pause");
  expect(left.code, left.stderr).toBe(0);
  expect(left.stdout).toMatch(/^run [0-9a-f]{12}: pause: no machine works now/);
  const running = own.start(["run", "--resume", "--state-db", STATE, "--output", "json"]);
  await running.waitFor(/"request":"pause","by":"[^"]*, for all machines","taken":true/);
  // The pause of all machines is not that of this one's operator.
  expect((await own.cli(["control", "continue", "--state-db", STATE])).stdout).toContain(
    "still paused by control of all machines",
  );
  await own.cli(["control", "drain", "--state-db", STATE]);
  const drained = await running.done;
  expect(drained.code, drained.stderr).toBe(130);
  // Nothing had begun, and a drain does not begin what the pause held back.
  expect(summaryIn(drained)).toMatchObject({ thisStart: { files: 0 } });
});
