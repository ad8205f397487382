/** Names and ids that would move the cursor, reorder a line or hide in it: no command lets them reach the terminal. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startScene } from "../e2e/scene.ts";
import { runCli } from "../support/run-cli.ts";

/** Sets the terminal's title, clears the screen, reverses the order, hides; C1's CSI too. */
const HOSTILE = "x\u001B]0;owned\u0007\u001B[2J\u009B31m\u202E\u200B\u2066y";
const SHOWN = String.raw`x\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{200b}\u{2066}y`;
const CSV_NAME = `${HOSTILE}.csv`;
// oxlint-disable-next-line no-control-regex -- the colours of our own
const PAINT = /\u001B\[\d+m/g;
const UNPRINTABLE = /[^\P{C}\n]/u;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unprintable-"));
  await writeFile(join(folder, CSV_NAME), `JobId,WorkItemId\nj,${HOSTILE}\nj,2\nj,"${HOSTILE}\nj,3\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cli = (args: readonly string[], input?: string) =>
  runCli(args, { cwd: folder, ...(input === undefined ? {} : { input }) });

describe("text for people", () => {
  it.each([
    ["the samples of partitions", ["partitions", CSV_NAME, "2"]],
    ["the answers of partitions --search", ["partitions", CSV_NAME, "2", "--search", HOSTILE]],
    ["a search for an id that is not there", ["partitions", CSV_NAME, "2", "--search", `${HOSTILE}z`]],
    ["plan's commands", ["plan", CSV_NAME, "2", "--files", HOSTILE, "--target", `https://${HOSTILE}`]],
    ["plan's commands for PowerShell", ["plan", CSV_NAME, "1", "--shell", "powershell"]],
    ["plan's commands for cmd", ["plan", CSV_NAME, "1", "--shell", "cmd"]],
    ["a file that is not there", ["partitions", `${HOSTILE}/none.csv`, "2"]],
    ["an option that is not known", ["plan", CSV_NAME, `--${HOSTILE}`]],
    ["a command that is not known", [HOSTILE]],
    ["a state that is not there", ["status", "--state-db", HOSTILE]],
    ["a state for remaining", ["remaining", "--state-db", HOSTILE, "--out", "-"]],
    ["a state for monitor", ["monitor", "--once", "--state-db", HOSTILE]],
    ["the value of an option", ["remaining", "--failed-only", HOSTILE, "--out", "-"]],
    ["a query that is not there", ["find", HOSTILE, "--out", "-"]],
    ["a demo's folder", ["demo", "--stop", "--dir", HOSTILE]],
    ["a file to upload", ["upload", HOSTILE, "--work-item-name", "n"]],
    ["an old state to import", ["import-state", HOSTILE, "--csv", CSV_NAME, "--files", HOSTILE]],
  ])("is printable: %s", async (_what, args) => {
    const { stdout, stderr } = await cli(args);
    const shown = stdout + stderr;
    expect(shown.replaceAll("\r\n", "\n")).not.toMatch(UNPRINTABLE);
    expect(shown).toMatch(/x(?:\\|`e|\$\(\[char\])/);
  });

  it("names an id by its code points", async () => {
    const { stdout } = await cli(["partitions", CSV_NAME, "1", "--search", HOSTILE]);
    expect(stdout).toBe(`${SHOWN}: partition 0\n`);
  });
});

describe("a run", () => {
  it("shows nothing unprintable of ids, names, links and its state, and neither does what reads its state", async () => {
    await using scene = await startScene();
    const link = `${scene.proxy.blobEndpoint}/${scene.source}/none.json`;
    await scene.write("failed_workitems.csv", `JobId,WorkItemId\n${HOSTILE},${HOSTILE}\n`);
    const names = [`${HOSTILE}.json`, "hidden\u200B.json", "taken.json", `other/taken.json`];
    const rows = names.map(
      (name) => `${HOSTILE},${HOSTILE},w\u202Ei,${link}?${names.indexOf(name)},${name}\n`,
    );
    await scene.write("listing.csv", `JobId,WorkItemId,WorkItemName,Uri,FileName\n${rows.join("")}`);
    const state = `${HOSTILE}.db`;
    const of = ["--state-db", state];
    const shown = [
      await scene.run([...of, "--verbose", "--dry-run"]),
      await scene.run([...of, "--verbose"], { env: { FORCE_COLOR: "1" } }),
      await scene.run(of),
      await scene.cli(["status", ...of]),
      await scene.cli(["status", ...of, "--output", "json"]),
      await scene.cli(["monitor", "--once", ...of]),
      await scene.cli(["remaining", ...of, "--out", CSV_NAME]),
      await scene.cli(["announce", "--dry-run", ...of]),
      await scene.cli(["files", ...of]),
      await scene.cli(["files", ...of, "--output", "json"]),
      await scene.cli(["report", ...of]),
      await scene.cli(["report", ...of, "--html", "-"]),
      await scene.cli(["report", ...of, "--json", "-"]),
      await scene.cli(["states"]),
      await scene.cli(["status", ...of, "--snapshot", CSV_NAME]),
    ];
    for (const { stdout, stderr } of shown) {
      const text = (stdout + stderr).replaceAll(PAINT, "");
      expect(text).not.toMatch(UNPRINTABLE);
    }
    expect(shown[1]?.stderr).toContain(String.raw`hidden\u{200b}.json`);
    expect(shown[1]?.stdout).toContain(`work item ${SHOWN}`);
  });
});

describe("data", () => {
  it("keeps an id: as it is in the CSV of --list, in JSON's own escapes in JSON", async () => {
    const csv = await cli(["partitions", CSV_NAME, "1", "--list"]);
    expect(csv.stdout).toBe(`"${HOSTILE}",0\n2,0\n3,0\n`);
    const json = await cli(["partitions", CSV_NAME, "1", "--search", HOSTILE, "--output", "json"]);
    expect(json.stdout).not.toMatch(UNPRINTABLE);
    expect(JSON.parse(json.stdout)).toMatchObject({ results: [{ workItemId: HOSTILE, inCsv: true }] });
  });

  it.skipIf(process.platform === "win32")("keeps the file's name in a command for bash", async () => {
    const name = `it's ${HOSTILE}\n🎉.csv`;
    await writeFile(join(folder, name), "JobId,WorkItemId\nj,1\n");
    const { stdout } = await cli(["plan", name, "1"]);
    const run = stdout
      .replaceAll(" \\\n  ", " ")
      .split("\n")
      .find((line) => line.startsWith("reupload run --csv"));
    const script = `reupload() { printf '%s' "$3"; }; ${run}`;
    const told = await promisify(execFile)("bash", ["-c", script], { env: { LC_ALL: "C.UTF-8" } });
    expect(told.stdout).toBe(name);
  });
});
