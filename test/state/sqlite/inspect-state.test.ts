import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { toStateError } from "../../../src/state/sqlite/database.ts";
import { inspectState } from "../../../src/state/sqlite/inspect.ts";
import { SCHEMA_VERSION } from "../../../src/state/sqlite/migrations/migrations.ts";
import { networkFileSystem, windowsShare } from "../../../src/state/sqlite/place.ts";
import { completeOne, csvOf, workItems } from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

async function withSql(sql: string): Promise<string> {
  const path = join(await temporaryFolder(), "state.db");
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
  return path;
}

async function withBytes(bytes: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), "state.db");
  writeFileSync(path, bytes);
  return path;
}

/** A run's state after a clean close. */
async function ofARun(items = 3): Promise<string> {
  const path = join(await temporaryFolder(), "state.db");
  const store = await openState(path, csvOf(workItems(items)));
  await completeOne(store, 2);
  await store.close();
  return path;
}

const REFUSED: Record<string, { make: () => Promise<string>; code: string; message: RegExp }> = {
  "a text file": {
    make: () => withBytes("JobId,WorkItemId\n".repeat(100)),
    code: "state-foreign",
    message: /it is not an SQLite database/,
  },
  "a short file": { make: () => withBytes("x"), code: "state-foreign", message: /not an SQLite/ },
  "the header of SQLite and nothing else": {
    make: () => withBytes("SQLite format 3\0"),
    code: "state-foreign",
    message: /not an SQLite/,
  },
  "a database of another program": {
    make: () => withSql("PRAGMA application_id = 7; CREATE TABLE t (a); INSERT INTO t VALUES (1)"),
    code: "state-foreign",
    message: /another program/,
  },
  "a database of another program in WAL mode": {
    make: () => withSql("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)"),
    code: "state-foreign",
    message: /another program/,
  },
  "a state of the original tool": {
    make: () => withSql("CREATE TABLE workitems (workitem_id TEXT); CREATE TABLE files (workitem_id TEXT)"),
    code: "state-original-tool",
    message: /written by the original reupload_failed_workitems\.py/,
  },
  "a state of a newer version": {
    make: async () => {
      const path = await ofARun();
      const db = new DatabaseSync(path);
      db.exec("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
      return path;
    },
    code: "state-newer",
    message: /schema version 99/,
  },
  "a state cut off in its middle": {
    make: async () => {
      const path = await ofARun(500);
      truncateSync(path, 20_480);
      return path;
    },
    code: "state-corrupt",
    message: /damaged/,
  },
  "a state with a page overwritten": {
    make: async () => {
      const path = await ofARun(500);
      const bytes = readFileSync(path);
      bytes.fill(0x5a, 3 * 4_096, 6 * 4_096);
      writeFileSync(path, bytes);
      return path;
    },
    code: "state-corrupt",
    message: /damaged/,
  },
  "a file with our mark but not our tables": {
    make: () => withSql("PRAGMA application_id = 0x72657570; CREATE TABLE t (a)"),
    code: "state-corrupt",
    message: /no such table: run/,
  },
};

describe("a file that is no state of ours", () => {
  it.each(Object.keys(REFUSED))("is refused and stays as it is: %s", async (name) => {
    const refused = REFUSED[name];
    const path = (await refused?.make()) ?? "";
    const before = readFileSync(path);
    const refusal = { code: refused?.code, message: expect.stringMatching(refused?.message ?? "") as string };
    await expect(inspectState(REAL_SURROUNDINGS, path)).rejects.toMatchObject(refusal);
    await expect(openState(path, csvOf(workItems(1)))).rejects.toMatchObject(refusal);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(dirname(path)).filter((entry) => !entry.endsWith(".lock"))).toEqual([basename(path)]);
  });
});

describe("a look at a state", () => {
  it("gives nothing for no file, an empty file, and a state whose CSV was not loaded", async () => {
    expect(await inspectState(REAL_SURROUNDINGS, join(await temporaryFolder(), "none.db"))).toBeUndefined();
    expect(await inspectState(REAL_SURROUNDINGS, await withBytes(""))).toBeUndefined();
    const path = await ofARun();
    const db = new DatabaseSync(path);
    db.exec("DELETE FROM run");
    db.close();
    expect(await inspectState(REAL_SURROUNDINGS, path)).toBeUndefined();
  });

  it("gives the run after a clean close, and leaves no trace", async () => {
    const path = await ofARun();
    const before = readFileSync(path);
    expect((await inspectState(REAL_SURROUNDINGS, path))?.run).toMatchObject({
      identity: { queue: "resultsqueue", partition: 0, totalPartitions: 2 },
      input: { rows: 3, ours: 3 },
      settings: { workItemWorkers: 20 },
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(dirname(path)).filter((entry) => !entry.endsWith(".lock"))).toEqual([basename(path)]);
  });

  it("gives the run while another has it open", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const store = await openState(path, csvOf(workItems(3)));
    await completeOne(store, 2);
    await store.ledger.committed();
    expect(await inspectState(REAL_SURROUNDINGS, path)).toEqual({ run: store.run, version: SCHEMA_VERSION });
    await completeOne(store, 2);
    await store.ledger.committed();
  });

  it("follows links, and refuses a folder or a path without one in words", async () => {
    const path = await ofARun();
    const link = join(await temporaryFolder(), "link.db");
    symlinkSync(path, link);
    expect(await inspectState(REAL_SURROUNDINGS, link)).toMatchObject({ version: SCHEMA_VERSION });
    const folder = await temporaryFolder();
    mkdirSync(join(folder, "sub"));
    await expect(inspectState(REAL_SURROUNDINGS, join(folder, "sub"))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("is a folder") as string,
    });
    await expect(inspectState(REAL_SURROUNDINGS, join(folder, "none", "state.db"))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(`the folder ${join(folder, "none")} of the state`) as string,
    });
  });
});

it("a state knows network file systems by their type, also as a negative number", () => {
  expect([0x6969, 0x517b, 0xff534d42, 0xfe534d42].map(networkFileSystem)).toEqual([
    "NFS",
    "SMB",
    "CIFS",
    "SMB2",
  ]);
  expect(networkFileSystem(0xff534d42 | 0)).toBe("CIFS");
  expect(networkFileSystem(0xef53)).toBeUndefined();
});

it("a state tells what the file system refuses as the user's error, and a full disk as such", () => {
  const thrown = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });
  const told = (code: string): unknown => toStateError(thrown(code), "/x/state.db");
  expect(told("EACCES")).toMatchObject({
    code: "usage",
    message: "the state /x/state.db cannot be opened: EACCES: no",
  });
  expect(told("EROFS")).toMatchObject({ code: "usage" });
  expect(told("ENOSPC")).toMatchObject({ code: "disk-full" });
  expect(told("EDQUOT")).toMatchObject({ code: "disk-full" });
  expect(told("EOTHER")).toMatchObject({ code: "EOTHER" });
});

describe("a path of Windows", () => {
  it.each([
    [String.raw`\\server\share\folder\state.db`, String.raw`\\server\share`],
    ["//server/share/folder", String.raw`\\server\share`],
    [String.raw`\\?\UNC\server\share\folder`, String.raw`\\server\share`],
    [String.raw`\\.\unc\server\share`, String.raw`\\server\share`],
    [String.raw`\\10.0.0.7\c$\x`, String.raw`\\10.0.0.7\c$`],
    [String.raw`\\wsl.localhost\Ubuntu\home`, String.raw`\\wsl.localhost\Ubuntu`],
  ])("%s is on a network share", (path, share) => {
    expect(windowsShare(path)).toBe(share);
  });

  it.each([
    String.raw`C:\data\state.db`,
    "C:/data/state.db",
    String.raw`\\?\C:\data`,
    String.raw`\\.\C:\data`,
    String.raw`\\?\Volume{b75e2c83-0000-0000-0000-602f00000000}\data`,
    String.raw`\data`,
    String.raw`data\state.db`,
    String.raw`\\server`,
  ])("%s is not", (path) => {
    expect(windowsShare(path)).toBeUndefined();
  });
});
