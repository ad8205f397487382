/** A disk that gets full in the middle of a run: a small tmpfs, where this process may mount one. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, statfsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announcementsOf, expectInTarget, figureOf } from "../e2e/expectations.ts";
import { makePlain, type PlainInput } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";

const SIZE = 2 * 2 ** 20;
const FILES = 120;

const disk = mkdtempSync(join(tmpdir(), "reupload-full-"));
const mount = () =>
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", disk], { stdio: "ignore" });
const unmount = () => execFileSync("umount", [disk]);

function mayMount(): boolean {
  try {
    mount();
    unmount();
    return true;
  } catch {
    return false;
  }
}

afterAll(() => rmdirSync(disk));

describe.skipIf(!mayMount())("a disk that gets full (skipped where no tmpfs can be mounted)", () => {
  const ballast = join(disk, "ballast");
  let scene: Scene;
  let input: PlainInput;

  beforeAll(async () => {
    mount();
    scene = await startScene();
    input = await makePlain(scene, FILES / 20, 20);
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    unmount();
  });

  /** Takes all the room that is left. */
  async function fillUp(place = ballast): Promise<void> {
    const { bavail, bsize } = statfsSync(disk);
    const full = (error: NodeJS.ErrnoException) => expect(error.code).toBe("ENOSPC");
    await writeFile(place, Buffer.alloc(bavail * bsize + bsize)).catch(full);
  }

  it("ends the run with exit code 6 and loses nothing; with room again, --resume completes", async () => {
    const state = join(disk, "state.db");
    const gate = Promise.withResolvers<void>();
    const hold = { kind: "hold", until: gate.promise } as const;
    // In the middle: some files are done when there is no room any more.
    const heal = scene.proxy.fail({ operation: "put-blob", fault: hold, skip: 40 });
    const running = scene.startRun(["--state-db", state]);
    while (scene.proxy.count("put-blob") < 41) await new Promise((resolve) => setTimeout(resolve, 5));
    await fillUp();
    heal();
    gate.resolve();
    const { code, stdout, stderr } = await running.done;
    expect(code, stdout + stderr).toBe(6);
    expect(stderr).toMatch(/error: .*no space left/);
    expect(stderr).toContain(
      "Free some space, then run the command again, with --resume if there is a state.",
    );

    // A run that ends takes its log away: that is room again.
    const more = join(disk, "more");
    await fillUp(more);
    const early = await scene.cli(["run", "--resume", "--state-db", state]);
    expect(early.code, early.stdout + early.stderr).toBe(6);

    await Promise.all([rm(ballast), rm(more)]);
    const resumed = await scene.cli(["run", "--resume", "--state-db", state]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(figureOf(resumed.stdout, "copied") + figureOf(resumed.stdout, "already there")).toBe(FILES);
    await expectInTarget(scene, input.files);
    const announced = await announcementsOf(scene);
    expect([...announced.keys()].sort()).toEqual(input.files.map(({ blobName }) => blobName).sort());
    await rm(state);
  });

  it("is reported once with --output json, as an event and not as text", async () => {
    const state = join(disk, "told.db");
    const gate = Promise.withResolvers<void>();
    const hold = { kind: "hold", until: gate.promise } as const;
    const heal = scene.proxy.fail({ operation: "put-blob", fault: hold, skip: 40 });
    const before = scene.proxy.count("put-blob");
    const running = scene.startRun(["--state-db", state, "--output", "json", "-v"]);
    while (scene.proxy.count("put-blob") < before + 41)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await fillUp();
    heal();
    gate.resolve();
    const { code, stdout, stderr } = await running.done;
    await rm(ballast);
    await rm(state);
    expect({ code, stderr }).toEqual({ code: 6, stderr: "" });
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.filter(({ type }) => type === "error")).toMatchObject([{ error: { code: "disk-full" } }]);
  });

  it("does not end the run when only the log is on it, and is reported", async () => {
    await fillUp();
    const log = join(disk, "run.log");
    const { code, stdout, stderr } = await scene.run(["--state-db", "logged.db", "--log-file", log]);
    await rm(ballast);
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toMatch(/warning: cannot write the log, so nothing more is logged: ENOSPC/);
    expect(figureOf(stdout, "already there")).toBe(FILES);
  });
});
