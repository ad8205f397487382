/** A batch that the original Python tool left half done goes on here: nothing that was copied is copied again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OriginalFileRow, writeOriginalState } from "../support/original-state.ts";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "./expectations.ts";
import { makePlain, type PlainFile, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

const WORK_ITEMS = 10;
const FILES = 6;

let scene: Scene;
let input: PlainInput;
/** What the original tool put into the target: 60 %. */
let sent: readonly PlainFile[];
let missing: readonly PlainFile[];

beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, WORK_ITEMS, FILES);
  // Five work items whole, a sixth with one file, three with some.
  sent = input.files.filter((_, place) => {
    const [item, file] = [Math.floor(place / FILES), place % FILES];
    return item < 5 || (item === 5 && file === 0) || (item > 5 && item < 9 && file < 2);
  });
  missing = input.files.filter((file) => !sent.includes(file));
  await Promise.all(sent.map((file) => putSent(file)));
  writeOld();
});
afterEach(() => scene[Symbol.asyncDispose]());

const itemOf = (place: number): string => `w${String(place + 1).padStart(2, "0")}`;

function rowOf(file: PlainFile, status: string): OriginalFileRow {
  return {
    workitem_id: file.workItemId,
    job_id: "j",
    filename: file.fileName,
    source_uri: `${file.uri}?sv=2021&sig=OLD`,
    status,
  };
}

async function putSent({ blobName, content }: PlainFile): Promise<void> {
  await scene.behind
    .container(scene.container)
    .getBlockBlobClient(blobName)
    .upload(content, Buffer.byteLength(content), {
      blobHTTPHeaders: { blobContentType: "application/json" },
    });
}

/** Two states, because the tool's shares overlapped; both processes were killed. */
function writeOld(): void {
  const workItems = Array.from({ length: WORK_ITEMS }, (_, item) => ({
    workitem_id: itemOf(item),
    job_id: "j",
    status: item < 6 ? "completed" : item < 9 ? "in_progress" : "pending",
    files_total: FILES,
  }));
  const elsewhere = { workitem_id: "elsewhere", job_id: "j", status: "completed" };
  const completed = sent.map((file) => rowOf(file, "completed"));
  // In progress for ever: a file that comes after those that were sent.
  const stuck = input.files.filter((file, place) => place % FILES === 2 && missing.includes(file));
  writeOriginalState(
    scene.path("old1.db"),
    workItems.slice(0, 5),
    completed.filter(({ workitem_id }) => workitem_id <= itemOf(4)),
  );
  writeOriginalState(
    scene.path("old2.db"),
    [...workItems.slice(3), elsewhere],
    [
      ...completed.filter(({ workitem_id }) => workitem_id >= itemOf(3)),
      ...stuck.map((file) => rowOf(file, "in_progress")),
      rowOf({ ...input.at(0), workItemId: elsewhere.workitem_id }, "completed"),
    ],
  );
}

const importArgs = (more: readonly string[]): string[] =>
  ["import-state", "old1.db", "old2.db"].concat(
    ["--csv", "failed_workitems.csv", "--target-container", scene.container, "--queue", scene.queue],
    ["--state-db", STATE],
    more,
  );

/** A catalog that can be held up. */
const fromContainer = (): string[] => [
  "--source-container",
  `${scene.proxy.blobEndpoint}/${scene.source}`,
  "--source-prefix",
  "{workItemId}/",
];

const importState = (...more: readonly string[]) =>
  scene.cli(importArgs(["--files", "listing.csv", ...more]));

/** Each of these files was put into the target once; none of the others was even tried. */
function expectPut(files: readonly PlainFile[]): void {
  const names = files.map(({ blobName }) => `${scene.container}/${blobName}`).toSorted();
  const { requests } = scene.proxy;
  const put = requests.filter(({ operation }) => operation === "put-blob").map(({ name }) => name);
  const tried = requests.filter(({ operation }) => operation === "put-blob-from-url").map(({ name }) => name);
  expect(put.toSorted()).toEqual(names);
  expect(tried.filter((name) => !names.includes(name))).toEqual([]);
}

describe("a batch that the original tool left half done", () => {
  it("is completed after the import, and no file that was copied is sent again", async () => {
    const imported = await importState("--output", "json");
    expect(imported.code, imported.stderr).toBe(0);
    // The run has not begun.
    expect((await scene.cli(["status", "--state-db", STATE])).code).toBe(6);
    expect(JSON.parse(imported.stdout)).toMatchObject({
      type: "imported",
      files: {
        completed: sent.length + 1,
        takenOver: sent.length,
        notListed: 0,
        ofUnknownWorkItems: 1,
      },
      workItems: { inCsv: WORK_ITEMS, known: WORK_ITEMS, unknown: 1, completedWithFilesMissing: 1 },
      original: { stuckWorkItems: 3, stuckFiles: 5 },
      nextCommand: "reupload run --resume --state-db state.db",
    });
    // Nothing was asked of the target.
    expect(scene.proxy.count()).toBe(0);

    const resumed = await scene.resume();
    expect(resumed.code, resumed.stderr).toBe(0);
    expectPut(missing);
    expect(figureOf(resumed.stdout, "copied")).toBe(missing.length);
    await expectInTarget(scene, input.files);
    // Whether the old tool announced them nobody knows.
    await expectAnnouncedOnce(scene, input.files);
  });

  it("is divided among machines as run divides it, and with never only what is sent is announced", async () => {
    let takenOver = 0;
    for (const partition of ["0", "1"]) {
      const state = `machine${partition}.db`;
      const share = ["--partition", partition, "--total-partitions", "2", "--state-db", state];
      const imported = await importState(...share, "--announce-existing", "never", "--output", "json");
      expect(imported.code, imported.stderr).toBe(0);
      const { files } = JSON.parse(imported.stdout) as { files: { takenOver: number } };
      takenOver += files.takenOver;
      const resumed = await scene.cli(["run", "--resume", "--state-db", state]);
      expect(resumed.code, resumed.stderr).toBe(0);
    }
    expect(takenOver).toBe(sent.length);
    expectPut(missing);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, missing);
  });

  it("announces only what it sends when the resume says `never`, and `always` after that is refused", async () => {
    const imported = await importState();
    expect(imported.code, imported.stderr).toBe(0);
    const resumed = await scene.cli(["run", "--resume", "--state-db", STATE, "--announce-existing", "never"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expectPut(missing);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, missing);

    const back = ["run", "--resume", "--state-db", STATE, "--announce-existing", "always"];
    for (const args of [back, [...back, "--dry-run"]]) {
      const refused = await scene.cli(args);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain("--announce-existing cannot change from never to always");
      expect(refused.stderr).toContain("reupload announce");
    }
    const rest = await scene.cli(["announce", "--state-db", STATE]);
    expect(rest.code, rest.stderr).toBe(0);
    await expectAnnouncedOnce(scene, sent);
  });

  it("is not imported where a state exists, and leaves no state when the import fails", async () => {
    await scene.write("broken.csv", "JobId,WorkItemId,Uri,FileName\nonly,two\n");
    const broken = await importState("--files", "broken.csv");
    expect(broken.code, broken.stderr).toBe(2);
    await expect(stat(scene.path(STATE))).rejects.toMatchObject({ code: "ENOENT" });

    const { code, stdout } = await importState();
    expect(code).toBe(0);
    expect(stdout).toContain(`Taken over: ${sent.length} of ${sent.length + 1} files`);
    const again = await importState();
    expect(again.code).toBe(3);
    expect(again.stderr).toContain("The state state.db already holds a run.");
  });

  it("is no state until it is whole: a killed import is made anew by the same command", async () => {
    const held = Promise.withResolvers<void>();
    scene.proxy.fail({ operation: "list-blobs", skip: 4, fault: { kind: "hold", until: held.promise } });
    const importing = scene.start(importArgs(fromContainer()));
    while (scene.proxy.count("list-blobs") < 5) await sleep(20);
    // Nobody else begins there meanwhile.
    const beside = await scene.cli(importArgs(fromContainer()));
    expect(beside.code).toBe(3);
    expect(beside.stderr).toContain(`in use by process ${importing.pid} on `);
    await importing.kill();
    held.resolve();
    await expect(stat(scene.path(STATE))).rejects.toMatchObject({ code: "ENOENT" });
    const resumed = await scene.cli(["run", "--resume", ...importArgs(fromContainer()).slice(3)]);
    expect(resumed.code).toBe(3);
    expect(resumed.stderr).toMatch(/an import into \S+state\.db was interrupted/);

    const again = await scene.cli(importArgs(fromContainer()));
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toContain(`Taken over: `);
    expect((await readdir(scene.folder)).filter((name) => name.includes("import"))).toEqual([]);
  });
});

describe("an import that somebody should look at ends with exit code 1", () => {
  it("when an old state is open in another process", async () => {
    const tool = await startHolder(scene.path("old1.db"));
    const { code, stdout } = await importState();
    expect(stdout).toContain(`old1.db is open in process ${tool.pid} (`);
    expect(code).toBe(1);
    await tool.end();
  });

  it("when the CSV shares no work item with the old states", async () => {
    await scene.write("other.csv", "JobId,WorkItemId\nj,x1\nj,x2\n");
    const { code, stdout } = await importState("--csv", "other.csv", "--output", "json");
    expect(JSON.parse(stdout)).toMatchObject({
      files: { takenOver: 0 },
      workItems: { known: 0 },
      warnings: [expect.stringContaining("the old states contain no work item of the CSV")],
    });
    expect(code).toBe(1);
  });

  it("when none of the completed files is in the catalog", async () => {
    const [header = "", ...rows] = (await scene.read("listing.csv")).trimEnd().split("\n");
    const others = rows.map((row) => row.replace(/\bf(\d)\.json/g, "g$1.json"));
    await scene.write("other-listing.csv", [header, ...others, ""].join("\n"));
    const { code, stdout } = await importState("--files", "other-listing.csv");
    expect(stdout).toContain("warning: the catalog contains none of the completed files");
    expect(code).toBe(1);
  });
});

it("an import never removes a folder that has the name of its own", async () => {
  await mkdir(scene.path("state.import"));
  await scene.write("state.import/mine.txt", "mine");
  const refused = await importState();
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("state.import: it already exists");
  expect(await scene.read("state.import/mine.txt")).toBe("mine");
  await expect(stat(scene.path(STATE))).rejects.toMatchObject({ code: "ENOENT" });
});

/** A process that has the database open and no transaction: as the tool between two files. */
async function startHolder(path: string): Promise<{ readonly pid: number; end(): Promise<void> }> {
  const text = `
    const { DatabaseSync } = require("node:sqlite");
    const db = new DatabaseSync(${JSON.stringify(path)});
    db.prepare("SELECT count(*) FROM files").get();
    console.log("open");
    setInterval(() => db.isOpen, 1000);`;
  const child = spawn(process.execPath, ["--no-warnings", "-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    pid: child.pid ?? 0,
    async end() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
