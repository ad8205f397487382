/** States that are not to be used as they are: refused untouched, with exit code 3 and the way out. */
import { copyFile, readFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlain, type PlainInput } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";
import type { CliResult } from "../support/run-cli.ts";

let scene: Scene;
let input: PlainInput;

beforeAll(async () => {
  scene = await startScene();
  input = await makePlain(scene, 4, 1);
  const made = await scene.run();
  expect(made.code, made.stderr).toBe(0);
});
afterAll(() => scene[Symbol.asyncDispose]());

/** Expects two lines of refusal. */
function expectRefused({ code, stdout, stderr }: CliResult, says: RegExp, advises: string): void {
  const [wrong = "", advice = "", ...rest] = stderr.trimEnd().split("\n");
  expect(wrong).toMatch(says);
  expect(advice).toContain(advises);
  expect(rest).toEqual([]);
  expect(stdout).toBe("");
  expect(code).toBe(3);
}

describe("a state that holds a run", () => {
  it("is refused without --resume, with the exact command that resumes it", async () => {
    expectRefused(
      await scene.run(),
      /^error: .*state\.db holds a run, started \d{4}-/,
      "reupload run --resume --state-db state.db",
    );
  });

  it("is named in that command with quotes where the shell needs them", async () => {
    await copyFile(scene.path("state.db"), scene.path("it's $HOME.db"));
    const refused = await scene.run(["--state-db", "it's $HOME.db"]);
    expectRefused(refused, /holds a run/, `--state-db 'it'\\''s $HOME.db'`);
  });

  it.each([
    ["container", ["--target-container", "other"], /target: the state has \S+, this command \S+\/other/],
    ["queue", ["--queue", "other"], /queue: the state has \S+, this command other/],
    ["queue left out", ["--no-queue"], /queue: the state has \S+, this command none/],
    [
      "partition",
      ["--partition", "1", "--total-partitions", "2"],
      /partition: the state has 0, this command 1/,
    ],
    [
      "total",
      ["--partition", "0", "--total-partitions", "2"],
      /total partitions: the state has 1, this command 2/,
    ],
    [
      "template",
      ["--name-template", "{workItemId}-{fileName}"],
      /name template: the state has .*, this command \{workItemId\}/,
    ],
    [
      "listing",
      ["--files", "other-listing.csv"],
      /catalog: the state has listing:listing.csv, this command listing:other/,
    ],
  ])("is refused with --resume when the %s is another one", async (_, args, says) => {
    await scene.write("other-listing.csv", "JobId,WorkItemId,WorkItemName,Uri,FileName\n");
    expectRefused(await scene.resume(args), says, "Resume with the settings that the run was started with");
  });

  it("is refused with a CSV that has grown, with how to take the new rows", async () => {
    await scene.write("grown.csv", `${await scene.read("failed_workitems.csv")}j,w98\nj,w99\n`);
    const refused = await scene.resume(["--csv", "grown.csv"]);
    expectRefused(refused, /2 added \(j\/w98, j\/w99\)/, "--update-csv");
  });

  it("is refused with a CSV that lacks rows, also with --update-csv", async () => {
    const [header = "", first = ""] = (await scene.read("failed_workitems.csv")).split("\n");
    await scene.write("less.csv", `${header}\n${first}\n`);
    const refused = await scene.resume(["--csv", "less.csv", "--update-csv"]);
    expectRefused(
      refused,
      /3 gone \(j\/w02, j\/w03, j\/w04\)/,
      "Resume with the CSV that the run was started with",
    );
  });

  it("is refused while another process works with it, and that process is named", async () => {
    const gate = Promise.withResolvers<void>();
    const heal = scene.proxy.fail({ operation: "get-blob", fault: { kind: "hold", until: gate.promise } });
    const args = ["--state-db", "locked.db"];
    const running = scene.startRun(args);
    while (scene.proxy.requests.every(({ fault }) => fault !== "hold")) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expectRefused(
      await scene.run(["--resume", ...args]),
      new RegExp(`locked.db is in use by process ${running.pid} on `),
      "give each process its own --state-db",
    );
    heal();
    gate.resolve();
    expect((await running.done).code).toBe(0);
    expect(input.files).toHaveLength(4);
  });
});

describe("a file that is no state of ours is refused and left as it is", () => {
  const damage = async (): Promise<Uint8Array> => {
    const bytes = await readFile(scene.path("state.db"));
    // The header stays, so that it is known as ours; all tables go.
    bytes.fill(0x5a, 200);
    return bytes;
  };
  const made = (name: string, sql: string): Promise<Uint8Array> => {
    const db = new DatabaseSync(scene.path(name));
    db.exec(sql);
    db.close();
    return readFile(scene.path(name));
  };
  it.each([
    [
      "a text file",
      async () => Buffer.from("JobId,WorkItemId\nj,w1\n"),
      /not an SQLite database/,
      "Give another path",
    ],
    [
      "another program's database",
      () => made("a.db", "CREATE TABLE notes (text TEXT)"),
      /an SQLite database of another program/,
      "Give another path",
    ],
    [
      "the state of the original Python tool",
      () =>
        made(
          "b.db",
          `CREATE TABLE workitems (workitem_id TEXT PRIMARY KEY, workitem_name TEXT, job_id TEXT, status TEXT,
             files_total INTEGER, files_processed INTEGER, error_message TEXT, started_at TEXT, completed_at TEXT);
           CREATE TABLE files (id INTEGER PRIMARY KEY, workitem_id TEXT, filename TEXT, source_uri TEXT, status TEXT,
             error_message TEXT, uploaded_at TEXT)`,
        ),
      /was written by the original reupload_failed_workitems\.py/,
      "recognises blobs that are already in the target",
    ],
    ["a damaged state", damage, /damaged|malformed/, "Restore the file from a copy"],
  ])("%s", async (_, bytesOf, says, advises) => {
    const bytes = await bytesOf();
    await scene.write("odd.db", bytes);
    for (const more of [[], ["--resume"]]) {
      expectRefused(await scene.run(["--state-db", "odd.db", ...more]), says, advises);
    }
    expect((await readFile(scene.path("odd.db"))).equals(bytes)).toBe(true);
  });
});
