/** What `--out` names is written as a whole, and stays what it was: a link, a pipe, somebody's alone. */
import { execFile } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { STATE_COMPANION_ENDINGS } from "../../src/state/wiring.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import type { Io } from "../../src/terminal/io.ts";
import { ResultFile } from "../../src/terminal/result-file.ts";

const isWindows = process.platform === "win32";
let folder: string;
const at = (name: string): string => join(folder, name);
const text = (name: string): Promise<string> => readFile(at(name), "utf8");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-result-file-"));
});
afterEach(() => rm(folder, { recursive: true }));

function create(out: string): Promise<ResultFile> {
  const { stdin, stdout, stderr } = process;
  const isFine = { isStdoutClosed: () => false, stdoutError: () => undefined };
  const io: Io = { stdin, stdout, stderr, env: {}, cwd: folder, surroundings: REAL_SURROUNDINGS, ...isFine };
  return ResultFile.create(out, io, STATE_COMPANION_ENDINGS);
}

async function publish(out: string, ...texts: string[]): Promise<void> {
  await using file = await create(out);
  for (const one of texts) await file.write(one);
  await file.publish();
}

describe("a result file", () => {
  it("takes its place as a whole and leaves nothing else behind", async () => {
    await writeFile(at("a.csv"), "older");
    await using file = await create("a.csv");
    await file.write("new");
    expect(await text("a.csv")).toBe("older");
    await file.publish();
    expect(await text("a.csv")).toBe("new");
    expect(await readdir(folder)).toEqual(["a.csv"]);
  });

  it("leaves what was there when it is not published", async () => {
    await writeFile(at("a.csv"), "older");
    await (await create("a.csv"))[Symbol.asyncDispose]();
    expect(await text("a.csv")).toBe("older");
    expect(await readdir(folder)).toEqual(["a.csv"]);
  });

  it("can begin anew", async () => {
    await using file = await create("a.csv");
    await file.write("long and wrong");
    await file.restart();
    await file.write("right");
    await file.publish();
    expect(await text("a.csv")).toBe("right");
  });

  it("leaves the files beside it alone, whatever their names are", async () => {
    await writeFile(at("a.csv.tmp"), "mine");
    await publish("a.csv", "new");
    expect(await text("a.csv.tmp")).toBe("mine");
  });

  it("is refused before any work where it cannot be written", async () => {
    await mkdir(at("folder"));
    for (const out of ["folder", "none/a.csv"]) {
      await expect(create(out)).rejects.toMatchObject({ code: "output-unwritable", exitCode: 2 });
    }
  });

  it.skipIf(isWindows)("keeps the mode of the file that it replaces", async () => {
    await writeFile(at("a.csv"), "older");
    for (const mode of [0o600, 0o666]) {
      await chmod(at("a.csv"), mode);
      await publish("a.csv", "new");
      expect((await stat(at("a.csv"))).mode & 0o777).toBe(mode);
    }
  });

  it.skipIf(isWindows)("is where a link points to", async () => {
    await mkdir(at("other"));
    await writeFile(at("other/there.csv"), "older");
    await symlink(join("other", "there.csv"), at("there.csv"));
    await publish("there.csv", "new");
    expect(await readlink(at("there.csv"))).toBe(join("other", "there.csv"));
    expect(await text("other/there.csv")).toBe("new");
    expect(await readdir(at("other"))).toEqual(["there.csv"]);
  });

  it.skipIf(isWindows)("is refused where a link points to nothing, which stays one", async () => {
    await symlink("nowhere.csv", at("a.csv"));
    await expect(create("a.csv")).rejects.toMatchObject({
      code: "output-unwritable",
      message: expect.stringContaining("a link to nothing") as string,
    });
    expect(await readdir(folder)).toEqual(["a.csv"]);
  });

  it("never takes the place of a state, or of what belongs to one", async () => {
    new DatabaseSync(at("state.db")).exec("CREATE TABLE a (b); PRAGMA user_version = 1");
    const before = await readFile(at("state.db"));
    for (const name of ["state.db", "state.db-wal", "state.db.lock"]) {
      await expect(create(name)).rejects.toMatchObject({ code: "output-unwritable" });
    }
    expect(await readFile(at("state.db"))).toEqual(before);
  });

  it.skipIf(isWindows)("goes through a named pipe, which stays a pipe", async () => {
    await promisify(execFile)("mkfifo", [at("pipe")]);
    const [read] = await Promise.all([text("pipe"), publish("pipe", "one,", "two")]);
    expect(read).toBe("one,two");
    expect((await lstat(at("pipe"))).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(["pipe"]);
  });
});
