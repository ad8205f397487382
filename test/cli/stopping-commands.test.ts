/** What each command says and leaves behind when a signal stops it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvOf, workItem } from "../state/samples.ts";
import { openState } from "../state/state-support.ts";
import { writeOriginalState } from "../support/original-state.ts";

const BUILT = join(import.meta.dirname, "..", "..", "dist", "cli", "main.js");
/** A port at which nobody answers. */
const ACCOUNT =
  "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a";

let folder: string;
beforeEach(async () => {
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
    env: { PATH: process.env["PATH"], HOME: folder, AZURE_STORAGE_CONNECTION_STRING: ACCOUNT },
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

describe("a signal, while the CSV comes from a pipe that stays open,", () => {
  it("stops `partitions`, which says so", async () => {
    const ended = await stoppedAt(["partitions", "-", "2"]);
    expect(ended.signal).toBe("SIGINT");
    expect(ended.stderr).toBe("Ctrl+C: stopped, what is printed is not the whole answer\n");
    expect(ended.stdout).toBe("");
  });

  it("stops `plan`, which says so", async () => {
    const ended = await stoppedAt(["plan", "-", "2"], ["SIGTERM"]);
    expect(ended.signal).toBe("SIGTERM");
    expect(ended.stderr).toBe("SIGTERM: stopped, nothing is planned\n");
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
    expect(ended.stderr).toContain("Ctrl+C: the import is given up");
    expect(ended.stderr).toContain("stopped: nothing is imported, and no state is left");
    expect(ended.stderr).not.toContain("in flight");
    expect((await readdir(folder)).filter((name) => !name.endsWith(".lock")).toSorted()).toEqual(
      before.toSorted(),
    );
  });
});
