import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEndpoints, startEmulator } from "../../src/emulator/emulator.ts";
import { runCli, startCli } from "../support/run-cli.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const signal = AbortSignal.timeout(60_000);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await sleep(10, undefined, { signal });
}

/** A program that starts an emulator and prints its process id and where its blobs are; with `stay` it goes on. */
async function starterScript(options: string): Promise<string> {
  const door = join(import.meta.dirname, "..", "..", "src", "emulator", "emulator.ts");
  const script = join(folder, "starter.ts");
  await writeFile(
    script,
    `import { startEmulator } from ${JSON.stringify(door)};
     import { REAL_SURROUNDINGS } from ${JSON.stringify(join(import.meta.dirname, "..", "..", "src", "surroundings", "surroundings.ts"))};
     const { pid, blobEndpoint } = await startEmulator({ surroundings: REAL_SURROUNDINGS, signal: AbortSignal.timeout(60_000), ${options} });
     process.stdout.write(JSON.stringify({ pid, blobs: new URL(blobEndpoint).origin }) + "\\n");
     if (process.argv[2] === "stay") setInterval(() => {}, 1000);`,
  );
  return script;
}

/** An installed package `azurite` that prints something and ends. */
async function installBroken(): Promise<void> {
  const home = join(folder, "node_modules", "azurite");
  await mkdir(home, { recursive: true });
  await writeFile(join(home, "package.json"), JSON.stringify({ bin: { azurite: "start.cjs" } }));
  await writeFile(join(home, "start.cjs"), 'process.stderr.write("no such luck\\n"); process.exitCode = 1;');
}

describe("the emulator", () => {
  it("ends when the process that started it is killed", async () => {
    const starter = startCli(["stay"], { script: await starterScript("") });
    await starter.waitFor(/\n/);
    const { pid } = JSON.parse(starter.stdout) as { pid: number };
    expect(isRunning(pid)).toBe(true);
    await starter.kill("SIGKILL");
    await untilGone(pid);
  });

  it("continues without its process when it is detached, and keeps its data on disk for the next start", async () => {
    const data = JSON.stringify(join(folder, "data"));
    const script = await starterScript(`detached: true, location: ${data}`);
    const ended = await runCli([], { script });
    const { pid, blobs } = JSON.parse(ended.stdout) as { pid: number; blobs: string };
    try {
      const { connectionString } = readEndpoints(blobs, blobs);
      const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient("kept");
      await container.create();
      await container.getBlockBlobClient("blob").upload("content", 7);
    } finally {
      process.kill(pid, "SIGTERM");
    }
    await untilGone(pid);

    const next = await startEmulator({
      surroundings: REAL_SURROUNDINGS,
      signal,
      location: join(folder, "data"),
      log: join(folder, "logs", "next"),
    });
    const service = BlobServiceClient.fromConnectionString(next.connectionString);
    const content = await service.getContainerClient("kept").getBlobClient("blob").downloadToBuffer();
    await next.stop();
    await next.stop();
    expect(content.toString()).toBe("content");
    expect(isRunning(next.pid)).toBe(false);
    expect(await readFile(join(folder, "logs", "next"), "utf8")).toContain("successfully closed");
  });

  it("says when it is not installed", async () => {
    const start = startEmulator({ surroundings: REAL_SURROUNDINGS, signal, searchFrom: [folder] });
    await expect(start).rejects.toMatchObject({ code: "emulator-missing", exitCode: 2 });
  });

  it("says why it does not start", async () => {
    await installBroken();
    const start = startEmulator({
      surroundings: REAL_SURROUNDINGS,
      signal,
      location: join(folder, "data"),
      searchFrom: [folder],
    });
    await expect(start).rejects.toMatchObject({
      code: "emulator-failed",
      message: expect.stringContaining("no such luck") as string,
    });
  });

  it("stops starting when the signal says so", async () => {
    const stopped = new AbortController();
    const data = join(folder, "data");
    const start = startEmulator({ surroundings: REAL_SURROUNDINGS, signal: stopped.signal, location: data });
    while (!(await readdir(folder)).includes("data")) await sleep(1);
    stopped.abort(new Error("enough"));
    await expect(start).rejects.toThrow("enough");
  });
});
