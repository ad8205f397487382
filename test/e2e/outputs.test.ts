/** What a command writes never goes over what it reads, or over what is not its own; all of it is left as it was. */
import { execFile } from "node:child_process";
import { link, lstat, readdir, readFile, symlink } from "node:fs/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

const CSV = "failed_workitems.csv";

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
  await makePlain(scene, 2, 1);
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Everything in the folder, with its kind and content. */
async function contents(): Promise<Record<string, string>> {
  const names = (await readdir(scene.folder)).toSorted();
  const pairs = names.map(async (name) => {
    const stats = await lstat(scene.path(name));
    const content = stats.isFile() ? await readFile(scene.path(name), "base64") : `mode ${stats.mode}`;
    return [name, content] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

async function expectRefused(args: readonly string[], says: RegExp | string, code = 2): Promise<void> {
  const before = await contents();
  const refused = await scene.cli(args);
  expect(refused.stderr).toMatch(says);
  expect(refused.code).toBe(code);
  expect(await contents()).toEqual(before);
}

const run = (...more: readonly string[]): string[] =>
  ["run", "--csv", CSV, "--files", "listing.csv"].concat(
    ["--target-container", scene.container, "--queue", scene.queue],
    more,
  );

describe("the log of a run", () => {
  it.each([
    ["its CSV", CSV, "--csv reads"],
    ["its listing", "listing.csv", "--files reads"],
    ["its state, which is not there yet", STATE, "--log-file writes"],
    ["the lock of its state", `${STATE}.lock`, "--log-file writes"],
    ["its rejected rows", "state.rejected.csv", "--log-file writes"],
    ["its CSV by a second name", "second.csv", "--csv reads"],
  ])("is never %s", async (_, log, says) => {
    await link(scene.path(CSV), scene.path("second.csv"));
    await expectRefused(
      run("--state-db", STATE, "--log-file", log),
      new RegExp(`would write over .*${says}`),
    );
  });

  it("is never a CSV that the state remembers", async () => {
    expect((await scene.run()).code).toBe(0);
    await expectRefused(
      ["run", "--resume", "--state-db", STATE, "--log-file", CSV],
      /failed_workitems\.csv, which --csv reads|is not a log of reupload/,
    );
  });

  it("is never another file, and is appended to when it is a log", async () => {
    await scene.write("notes.txt", "mine");
    await expectRefused(run("--state-db", STATE, "--log-file", "notes.txt"), /is not a log of reupload/);
    expect((await scene.run(["--log-file", "run.log"])).code).toBe(0);
    const first = await scene.read("run.log");
    expect((await scene.resume(["--log-file", "run.log"])).code).toBe(0);
    const both = await scene.read("run.log");
    expect(both.startsWith(first)).toBe(true);
    expect(both.length).toBeGreaterThan(first.length);
  });

  it.skipIf(process.platform === "win32")("goes through no pipe and no link to nothing", async () => {
    await promisify(execFile)("mkfifo", [scene.path("pipe")]);
    await symlink("nowhere", scene.path("broken"));
    for (const log of ["pipe", "broken", "/dev/null"]) {
      await expectRefused(run("--state-db", STATE, "--log-file", log), /the log .*it is a|it is a /);
    }
  });
});

describe("a run's other outputs", () => {
  it.skipIf(process.platform === "win32")(
    "put no state in the place of a pipe, a device or a link",
    async () => {
      await promisify(execFile)("mkfifo", [scene.path("pipe")]);
      await symlink("nowhere", scene.path("broken"));
      const kinds = { [scene.path("pipe")]: "a named pipe", [scene.path("broken")]: "a link to nothing" };
      for (const [state, kind] of Object.entries({ ...kinds, "/dev/null": "a device" })) {
        await expectRefused(run("--state-db", state), `error: the state ${state} is ${kind}, not a file\n`);
      }
      expect((await lstat("/dev/null")).isCharacterDevice()).toBe(true);
    },
  );

  it("leave a CSV and a listing alone that have the name of a file of rejected rows", async () => {
    await scene.write("a.rejected.csv", await scene.read(CSV));
    await scene.write("a.listing-rejected.csv", await scene.read("listing.csv"));
    await expectRefused(
      run("--csv", "a.rejected.csv", "--state-db", "a.db"),
      /--state-db would write over .*a\.rejected\.csv, which --csv reads/,
    );
    await expectRefused(
      run("--files", "a.listing-rejected.csv", "--state-db", "a.db"),
      /--state-db would write over .*a\.listing-rejected\.csv, which --files reads/,
    );
  });
});

describe("what find writes", () => {
  const find = (out: string): string[] =>
    ["find", "mine.kql", "--out", out].concat([
      "--kusto-cluster",
      "http://127.0.0.1:1",
      "--kusto-database",
      "db",
      "--max-wait",
      "1s",
    ]);

  it("never goes over its query, or over a state", async () => {
    await scene.write("mine.kql", "T | project JobId, WorkItemId");
    expect((await scene.run()).code).toBe(0);
    await expectRefused(find("mine.kql"), /--out would write over .*mine\.kql, which the query reads/);
    await expectRefused(find(STATE), /it is a state/);
    await expectRefused(find(`${STATE}.lock`), /belongs to the state/);
  });
});
