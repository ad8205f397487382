/** What each command says and leaves behind when a signal stops it. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startScene } from "../e2e/scene.ts";
import { csvOf, workItem } from "../state/samples.ts";
import { openState } from "../state/state-support.ts";
import { writeOriginalState } from "../support/original-state.ts";
import { startCli } from "../support/run-cli.ts";

const BUILT = join(import.meta.dirname, "..", "..", "dist", "cli", "main.js");
/** A port at which nobody answers. */
const NOBODY =
  "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a";

let folder: string;
let account: string;
beforeEach(async () => {
  account = NOBODY;
  folder = await mkdtemp(join(tmpdir(), "reupload-stop-"));
  await writeFile(
    join(folder, "listing.csv"),
    "JobId,WorkItemId,WorkItemName,Uri,FileName\nj,1,n,https://x.example/a,a\n",
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command whose stdin stays open, and sends the signals once it has read from it. */
async function stoppedAt(
  args: readonly string[],
  signals: readonly NodeJS.Signals[] = ["SIGINT"],
): Promise<Ended> {
  const child = spawn(process.execPath, [BUILT, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, AZURE_STORAGE_CONNECTION_STRING: account },
    stdio: "pipe",
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (text: Buffer) => (output.stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (output.stderr += text.toString()));
  child.stdin.on("error", () => {});
  const closed = once(child, "close");
  child.stdin.write("JobId,WorkItemId\nj,1\n");
  await sleep(2_000);
  const timer = setTimeout(() => child.kill("SIGKILL"), 8_000);
  for (const signal of signals) {
    child.kill(signal);
    await sleep(100);
  }
  await closed;
  clearTimeout(timer);
  return { code: child.exitCode, signal: child.signalCode, ...output };
}

describe("what no signal can end,", () => {
  /** Nobody ever opens it to write. */
  const importing = [
    "import-state",
    "old.db",
    "--csv",
    "pipe",
    "--files",
    "listing.csv",
    "--state-db",
    "new.db",
  ];
  beforeEach(() => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    writeOriginalState(join(folder, "old.db"), [{ workitem_id: "1", job_id: "j", status: "completed" }], []);
  });

  it("a pipe without a writer, ends soon after everything is told", async () => {
    const ended = await stoppedAt(importing);
    expect(ended.stderr).toContain("stopped: nothing was imported");
    // The signal may come before the pipe is opened: then nothing keeps the process.
    expect(["SIGINT", 130], ended.stderr).toContain(ended.signal ?? ended.code);
  });

  it("ends at once with one more signal", async () => {
    const began = performance.now();
    const ended = await stoppedAt(importing, ["SIGINT", "SIGINT", "SIGINT"]);
    expect(["SIGINT", 130], ended.stderr).toContain(ended.signal ?? ended.code);
    expect(performance.now() - began).toBeLessThan(6_000);
  });
});

describe("a signal in the middle of what `demo` prepares", () => {
  /** Processes that work in the folder: the emulator does so in the temporary one. */
  async function processesInFolder(): Promise<string[]> {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
    return pids.filter((_, n) => places[n] === folder);
  }

  const onLinux = it.skipIf(process.platform !== "linux");
  onLinux.each([[[]], [["--keep"]]])("stops it, and its emulator, %j", async (more) => {
    const running = startCli(["demo", "--dir", "demo", ...more], { cwd: folder, env: { TMPDIR: folder } });
    await running.waitFor(/Making about/);
    expect(await processesInFolder()).toHaveLength(2);
    const ended = await running.kill("SIGTERM");
    expect(ended.code, ended.stderr).toBe(143);
    expect(ended.stderr).toBe("SIGTERM: stopping the demo and its emulator\n");
    expect(await processesInFolder()).toEqual([]);
  });
});

describe("a signal, while the CSV comes from a pipe that stays open,", () => {
  it("stops `partitions`, which says so", async () => {
    const ended = await stoppedAt(["partitions", "-", "2"]);
    expect(ended.signal).toBe("SIGINT");
    expect(ended.stderr).toBe("Ctrl+C: stopped, the output is incomplete\n");
    expect(ended.stdout).toBe("");
  });

  it("stops `plan`, which says so", async () => {
    const ended = await stoppedAt(["plan", "-", "2"], ["SIGTERM"]);
    expect(ended.signal).toBe("SIGTERM");
    expect(ended.stderr).toBe("SIGTERM: stopped, no plan was made\n");
  });

  it("stops `remaining`, which leaves its file as it was", async () => {
    await writeFile(join(folder, "left.csv"), "of before\n");
    const store = await openState(join(folder, "state.db"), csvOf([workItem(1)]));
    await store.close();
    const state = "state.db";
    const ended = await stoppedAt(["remaining", "--state-db", state, "--csv", "-", "--out", "left.csv"]);
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.stderr).toContain("Ctrl+C: stopped, left.csv is not written");
    expect(await readFile(join(folder, "left.csv"), "utf8")).toBe("of before\n");
  });

  it("stops `run`, which has begun nothing", async () => {
    await using scene = await startScene();
    account = scene.proxy.connectionString;
    const ended = await stoppedAt([
      "run",
      "--csv",
      "-",
      "--files",
      "listing.csv",
      "--no-queue",
      "--target-container",
      scene.container,
    ]);
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.stderr).toContain("Ctrl+C: stopping, no file is in flight");
    expect(ended.stderr).toContain("stopped before the first file");
    expect(await readdir(folder)).not.toContain("reupload_state.db");
  });

  it("stops `import-state`, which leaves no state behind", async () => {
    writeOriginalState(join(folder, "old.db"), [{ workitem_id: "1", job_id: "j", status: "completed" }], []);
    const before = await readdir(folder);
    const ended = await stoppedAt([
      "import-state",
      "old.db",
      "--csv",
      "-",
      "--files",
      "listing.csv",
      "--state-db",
      "new.db",
    ]);
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.stderr).toContain("Ctrl+C: stopping the import");
    expect(ended.stderr).toContain("stopped: nothing was imported and no state was made");
    expect(ended.stderr).not.toContain("in flight");
    expect((await readdir(folder)).filter((name) => !name.endsWith(".lock")).toSorted()).toEqual(
      before.toSorted(),
    );
  });
});
