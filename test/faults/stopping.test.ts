/** A stop while everything waits: nothing is in flight, so that nothing is waited for. */
import { createServer, type Server } from "node:net";
import { appendFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectInTarget, figureOf } from "../e2e/expectations.ts";
import { makePlain, type PlainInput, putBlob } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";
import type { CliResult, RunningCli } from "../support/run-cli.ts";

/** A stop is to take no longer than this, ms; the grace time is 60 s. */
const SOON_MS = 8_000;

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 6, 4);
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Sends the signal, and expects the end soon. */
async function stopped(running: RunningCli, signal: "SIGINT" | "SIGTERM" = "SIGTERM"): Promise<CliResult> {
  const began = performance.now();
  const result = await running.kill(signal);
  expect(performance.now() - began, result.stderr).toBeLessThan(SOON_MS);
  expect(result.code, result.stderr).toBe(signal === "SIGINT" ? 130 : 143);
  expect(result.stderr).not.toContain("the end of the grace time");
  return result;
}

async function expectResumes(args: readonly string[] = []): Promise<void> {
  const result = await scene.resume(args);
  expect(result.code, result.stderr).toBe(0);
  expect(figureOf(result.stdout, "failed")).toBe(0);
  await expectInTarget(scene, input.files);
}

async function isThere(name: string): Promise<boolean> {
  return stat(scene.path(name)).then(
    () => true,
    () => false,
  );
}

describe("a stop gives back at once the files that only wait", () => {
  it.each(["put-blob", "put-message"] as const)(
    "for a pause that the service asked for (%s)",
    async (operation) => {
      const heal = scene.proxy.fail({
        operation,
        fault: { kind: "answer", status: 503, errorCode: "ServerBusy", headers: { "retry-after": "120" } },
      });
      const running = scene.startRun();
      await running.waitFor(/asked to slow down/);
      const { stdout } = await stopped(running);
      expect(stdout).toContain("Stopped: SIGTERM.");
      expect(figureOf(stdout, "failed")).toBe(0);
      heal();
      await expectResumes();
    },
  );

  it("for a service that is gone", async () => {
    const held = Promise.withResolvers<void>();
    scene.proxy.fail({ operation: "put-blob", fault: { kind: "hold", until: held.promise }, skip: 2 });
    const running = scene.startRun();
    while (scene.proxy.count("put-blob") < 8) await sleep(5);
    await scene.proxy.offline();
    held.resolve();
    await running.waitFor(/waiting for target/);
    const { stdout } = await stopped(running);
    expect(figureOf(stdout, "failed")).toBe(0);
    await scene.proxy.online();
    scene.proxy.heal();
    await expectResumes();
  });

  it("for the operator's --max-requests", async () => {
    const running = scene.startRun(["--max-requests", "4/s"]);
    while (scene.proxy.count("get-blob") < 1) await sleep(5);
    await stopped(running, "SIGINT");
    await expectResumes(["--max-requests", "1000/s"]);
  });

  it("for the operator's --max-bandwidth", async () => {
    const { files } = input;
    for (const { sourceName } of files) await putBlob(scene, scene.source, sourceName, "x".repeat(200_000));
    const running = scene.startRun(["--max-bandwidth", "10kB/s"]);
    while (scene.proxy.count("get-blob") < 2) await sleep(5);
    await sleep(300);
    await stopped(running, "SIGINT");
    const resumed = await scene.resume(["--max-bandwidth", "100MB/s"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(figureOf(resumed.stdout, "copied")).toBe(files.length);
  });

  it("for a queue at its --max-queue-depth", async () => {
    const queue = scene.behind.queue(scene.queue);
    for (let n = 0; n < 3; n++) await queue.sendMessage("of somebody else");
    const running = scene.startRun(["--max-queue-depth", "2"]);
    await running.waitFor(/has reached --max-queue-depth 2/);
    const { stdout } = await stopped(running, "SIGINT");
    expect(stdout).toContain("Stopped: Ctrl+C.");
    await queue.clearMessages();
    await expectResumes(["--max-queue-depth", "1000"]);
    // What was in the target is only announced.
    expect(scene.proxy.count("put-blob")).toBe(input.files.length);
  });

  it("in `announce`, too", async () => {
    const run = await scene.run(["--no-queue", "--max-queue-depth", "2"]);
    expect(run.code, run.stderr).toBe(0);
    const queue = scene.behind.queue(scene.queue);
    for (let n = 0; n < 3; n++) await queue.sendMessage("of somebody else");
    const args = ["announce", "--state-db", "state.db", "--queue", scene.queue];
    const running = scene.start(args);
    await running.waitFor(/has reached --max-queue-depth 2/);
    const { stderr } = await stopped(running);
    expect(stderr).toContain(
      "SIGTERM: finishing the announcements in flight, starting no new ones; a second signal stops at once",
    );
    await queue.clearMessages();
    const again = await scene.cli(args, { env: { REUPLOAD_MAX_QUEUE_DEPTH: "1000" } });
    expect(again.code, again.stderr).toBe(0);
  });
});

describe("a stop before the first file ends what opens", () => {
  let silent: Server;
  let cluster: string;
  /** Connections that the silent server has taken. */
  let taken = 0;
  beforeEach(async () => {
    taken = 0;
    silent = createServer((socket) => {
      taken++;
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    if (address === null || typeof address === "string") throw new TypeError("it listens on a port");
    cluster = `http://127.0.0.1:${address.port}`;
  });
  afterEach(() => silent.close());

  /** Waits until the silent server is asked. */
  async function asked(): Promise<void> {
    await expect.poll(() => taken, { timeout: 20_000 }).toBeGreaterThan(0);
    await sleep(100);
  }
  const kusto = (): string[] => ["--catalog", "kusto", "--kusto-cluster", cluster, "--kusto-database", "db"];

  it("a cluster that never answers", async () => {
    const running = scene.start([
      "run",
      "--csv",
      "failed_workitems.csv",
      "--state-db",
      "state.db",
      "--target-container",
      scene.container,
      "--queue",
      scene.queue,
      ...kusto(),
    ]);
    await asked();
    const { stderr } = await stopped(running, "SIGINT");
    expect(stderr).toContain("Ctrl+C: stopping, no file is in flight");
    expect(stderr).not.toContain("finishing the files in flight");
    expect(stderr).toContain("stopped before the first file: run the same command again");
    const again = await scene.run();
    expect(again.code, again.stderr).toBe(0);
  });

  it("a listing that is large", async () => {
    const row = (n: number): string =>
      `j,other-${n},name,https://source.example/c/${"x".repeat(150)}-${n},f.json\n`;
    for (let chunk = 0; chunk < 40; chunk++) {
      const rows = Array.from({ length: 20_000 }, (_, n) => row(chunk * 20_000 + n));
      await appendFile(scene.path("listing.csv"), rows.join(""));
    }
    const running = scene.startRun();
    while (!(await isThere("state.listing-index.building"))) await sleep(2);
    const { stderr } = await stopped(running);
    expect(stderr).toContain("stopped before the first file");
    expect(await isThere("state.listing-index")).toBe(false);
    expect(await isThere("state.listing-index.building")).toBe(false);
    expect(await isThere("state.db")).toBe(false);
  });

  it("`find`, which says that no CSV is written", async () => {
    await scene.write("out.csv", "of before\n");
    const running = scene.start(["find", "--query", "T | take 1", "--out", "out.csv", ...kusto().slice(2)]);
    await asked();
    const { stderr } = await stopped(running, "SIGINT");
    expect(stderr).toContain("Ctrl+C: stopping the query");
    expect(stderr).not.toContain("file");
    expect(stderr).toContain("stopped: out.csv is not written");
    expect(await scene.read("out.csv")).toBe("of before\n");
  });
});
