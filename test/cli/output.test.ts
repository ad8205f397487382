/** What is printed, where, and in which dress. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MESSAGE_TYPES } from "../../src/report/messages.ts";
import { makePlain, type PlainInput, putBlob } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";

const ESCAPE = "\u001B[";
const MAIN = join(import.meta.dirname, "..", "..", "dist", "cli", "main.js");

let scene: Scene;
let input: PlainInput;
let count = 0;

beforeAll(async () => {
  scene = await startScene();
  input = await makePlain(scene, 2, 2);
  // One conflict, so that there is a failure to be told.
  await putBlob(scene, scene.container, input.at(0).blobName, "other");
});
afterAll(() => scene[Symbol.asyncDispose]());

/** A run of its own with a state of its own. */
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  scene.run([...args, "--state-db", `state${++count}.db`], { env });

const eventsIn = (lines: string) =>
  lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown> & { type: string });

describe("help", () => {
  it("goes to stdout with exit code 0 for a command, grouped, with examples and exit codes", async () => {
    const { code, stdout, stderr } = await scene.cli(["run", "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const groups = ["Input:", "State and resume:", "Target:", "Transfer:", "Speed and waiting:", "Output:"];
    for (const heading of [...groups, "Examples:", "Exit codes:"]) expect(stdout).toContain(`\n${heading}\n`);
    expect(stdout).toContain("reupload run --resume --state-db machine1_state.db");
    expect(stdout).toMatch(/^ {2}130 {2}Ctrl\+C or `control drain`; state saved$/m);
  });

  it("names every command of the program, and is shown with exit code 2 when there are no arguments", async () => {
    const asked = await scene.cli(["--help"]);
    expect(asked).toMatchObject({ code: 0, stderr: "" });
    for (const command of ["run", "partitions", "plan", "demo"]) {
      expect(asked.stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
    }
    const bare = await scene.cli([]);
    expect(bare.code).toBe(2);
    expect(bare.stdout + bare.stderr).toContain("Usage: reupload");
  });

  it("gives the version, the commit and the platform in one line for --version", async () => {
    const { code, stdout, stderr } = await scene.cli(["--version"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^\d+\.\d+\.\d+ \(commit (?:unknown|[0-9a-f]{12}(?:-dirty)?), \w+-\w+, Node 24\.\d+\.\d+\)\n$/,
    );
  });
});

describe("a run's output", () => {
  it("has the result on stdout and the rest on stderr, without colours on a pipe", async () => {
    const { stdout, stderr } = await run([]);
    expect(stdout).toMatch(/^Finished, but not everything is done\./);
    expect(stderr).toMatch(/^run [0-9a-z-]+: 2 work items of 2 rows/m);
    expect(stdout + stderr).not.toContain(ESCAPE);
  });

  it.each([
    [{ FORCE_COLOR: "1" }, [], true],
    [{ FORCE_COLOR: "1" }, ["--no-color"], false],
    [{ NO_COLOR: "1", TERM: "xterm-256color" }, [], false],
    [{ TERM: "dumb" }, [], false],
  ])("has colours as %j %j asks", async (env, args, isColoured) => {
    const { stdout } = await run(args, env);
    expect(stdout.includes(ESCAPE)).toBe(isColoured);
  });

  it("is the summary alone with --quiet", async () => {
    const { stdout, stderr } = await run(["--quiet"]);
    expect(stderr).toBe("");
    expect(stdout).toContain("conflict: 1 file");
  });

  it("has a line for each file with --verbose", async () => {
    const { stderr } = await run(["--verbose"]);
    const failed = `failed j/${input.at(0).workItemId} ${input.at(0).fileName} -> ${input.at(0).blobName}`;
    expect(stderr).toContain(failed);
    for (const file of input.files.slice(1)) {
      expect(stderr).toMatch(
        new RegExp(`^(?:copied|already-there) j/${file.workItemId} ${file.fileName}`, "m"),
      );
    }
  });

  it("is NDJSON on stdout with --output json, and nothing on stderr", async () => {
    const { stdout, stderr } = await run(["--output", "json", "--verbose"]);
    expect(stderr).toBe("");
    const events = eventsIn(stdout);
    expect(events[0]).toMatchObject({ schemaVersion: 1, type: "run-started", rows: 2, workItems: 2 });
    expect(events.filter(({ type }) => type === "file")).toHaveLength(input.files.length);
    expect(events.at(-1)).toMatchObject({ type: "summary", verdict: "with-failures" });
    for (const { type } of events) expect(MESSAGE_TYPES).toContain(type);
  });

  it("goes into --log-file as JSON lines, the files' too, for the owner only", async () => {
    await run(["--quiet", "--log-file", "logs/run.log"]);
    const events = eventsIn(await scene.read("logs/run.log"));
    expect(events.filter(({ type }) => type === "file")).toHaveLength(input.files.length);
    const failed = events.filter(({ level }) => level === 50);
    expect(failed).toMatchObject([{ type: "file", outcome: "failed", fileName: input.at(0).fileName }]);
    expect(events.at(-1)).toMatchObject({ level: 30, type: "summary" });
  });
});

describe("a place that takes no output", () => {
  it("is reported in two lines with exit code 6, and ends no run", async () => {
    const { stdout } = await promisify(execFile)(
      "bash",
      [
        "-c",
        '"$1" "$2" partitions failed_workitems.csv 2 2>&1 >/dev/full; echo "$?"',
        "sh",
        process.execPath,
        MAIN,
      ],
      { cwd: scene.folder },
    );
    expect(stdout).toMatch(/^error: Cannot write the output: ENOSPC.*\n.*a state.*\n6\n$/);
  });
});

describe("a reader that goes early", () => {
  it("ends `partitions --list | head -1` quietly", async () => {
    const rows = Array.from({ length: 60_000 }, (_, index) => `j,${index}\n`);
    await scene.write("many.csv", `JobId,WorkItemId\n${rows.join("")}`);
    const { stdout, stderr } = await promisify(execFile)(
      "bash",
      [
        "-c",
        '"$1" "$2" partitions many.csv 2 --list | head -1; echo "${PIPESTATUS[0]}"',
        "sh",
        process.execPath,
        MAIN,
      ],
      { cwd: scene.folder },
    );
    expect(stdout).toMatch(/^0,[01]\n0\n$/);
    expect(stderr).toBe("");
  });
});
