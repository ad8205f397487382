import { once } from "node:events";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { takeLock } from "../../../src/state/sqlite/lock.ts";
import { completeOne, csvOf, workItems } from "../samples.ts";
import { openState, startProcess, temporaryFolder } from "../state-support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const room = join(import.meta.dirname, "../../../src/state/sqlite");

/** Opens a state, commits some of the work, and holds it until it is killed. */
const HOLDER = (path: string): string => `
  import { openRun } from ${JSON.stringify(join(room, "open-run.ts"))};
  import { REAL_SURROUNDINGS } from ${JSON.stringify(join(import.meta.dirname, "../../../src/surroundings/surroundings.ts"))};
  import { completeOne, csvOf, DESCRIPTION, noSignal, workItems } from
    ${JSON.stringify(join(import.meta.dirname, "../samples.ts"))};
  const options = { location: ${JSON.stringify(path)}, resume: true, updateCsv: false, retryFailed: "all" };
  const store = await openRun(REAL_SURROUNDINGS, options, DESCRIPTION, csvOf(workItems(10)), noSignal);
  await completeOne(store, 3);
  await completeOne(store, 3);
  await store.ledger.committed();
  console.log("held");
  setInterval(() => {}, 1000);
`;

/** Holds a state while its CSV is loaded. */
const LOADER = (path: string): string => `
  import { openRun } from ${JSON.stringify(join(room, "open-run.ts"))};
  import { REAL_SURROUNDINGS } from ${JSON.stringify(join(import.meta.dirname, "../../../src/surroundings/surroundings.ts"))};
  import { DESCRIPTION, noSignal } from ${JSON.stringify(join(import.meta.dirname, "../samples.ts"))};
  const options = { location: ${JSON.stringify(path)}, resume: true, updateCsv: false, retryFailed: "all" };
  const read = () => {
    console.log("loading");
    // Something must hold the promise, or it is garbage, and the lock with it.
    return new Promise((resolve) => setTimeout(resolve, 60_000));
  };
  await openRun(REAL_SURROUNDINGS, options, DESCRIPTION, { read }, noSignal);
`;

describe("the lock of a state", () => {
  it("keeps a second process out, names the first, and is gone when that is killed", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const holder = startProcess(HOLDER(path));
    expect(await holder.firstLine).toBe("held");
    await expect(openState(path, csvOf(workItems(10)))).rejects.toMatchObject({
      code: "state-locked",
      message: expect.stringMatching(
        new RegExp(`in use by process ${holder.pid} on \\S+ since \\d{4}-\\d\\d-\\d\\dT`),
      ) as string,
    });

    holder.kill("SIGKILL");
    await once(holder, "exit");
    expect(existsSync(`${path}.lock`)).toBe(true);
    const store = await openState(path, csvOf(workItems(10)));
    expect(store.ledger.tally()).toMatchObject({
      workItems: { completed: 2, pending: 8 },
      files: { copied: 6, total: 6 },
    });
    expect(store.start.number).toBe(2);
  });

  it("names its holder while the CSV is loaded, too", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const holder = startProcess(LOADER(path));
    expect(await holder.firstLine).toBe("loading");
    await expect(openState(path, csvOf(workItems(1)))).rejects.toMatchObject({
      code: "state-locked",
      message: expect.stringMatching(
        new RegExp(`in use by process ${holder.pid} on \\S+ since \\d{4}-`),
      ) as string,
    });
  });

  it("is refused to a state that has a second name, whoever holds it", async () => {
    const folder = await temporaryFolder();
    const [path, other] = [join(folder, "state.db"), join(folder, "other.db")];
    const store = await openState(path, csvOf(workItems(1)));
    linkSync(path, other);
    const refused = { code: "state-locked", message: expect.stringContaining("2 names") as string };
    await expect(openState(other, undefined)).rejects.toMatchObject(refused);
    await store.close();
    for (const name of [path, other]) {
      await expect(openState(name, undefined)).rejects.toMatchObject(refused);
    }
    rmSync(other);
    await openState(path, undefined);
  });

  it.each([
    ["a copy of the state", (path: string, other: string) => copyFileSync(path, other)],
    ["the state under a new name", (path: string, other: string) => renameSync(path, other)],
  ])("keeps a second process out of %s while the first works on it", async (_, make) => {
    const folder = await temporaryFolder();
    const [path, other] = [join(folder, "state.db"), join(folder, "other.db")];
    const holder = startProcess(HOLDER(path));
    expect(await holder.firstLine).toBe("held");
    make(path, other);
    await expect(openState(other, csvOf(workItems(10)))).rejects.toMatchObject({
      code: "state-locked",
      message: expect.stringContaining(`in use by process ${holder.pid} on `) as string,
    });
    holder.kill("SIGKILL");
    await once(holder, "exit");
    expect((await openState(other, csvOf(workItems(10)))).start.number).toBe(2);
  });

  it.skipIf(process.platform === "win32").each([
    ["pipe", "a named pipe"],
    ["broken", "a link to nothing"],
  ])("is refused to a state that is no file: %s", async (name, what) => {
    const folder = await temporaryFolder();
    execFileSync("mkfifo", [join(folder, "pipe")]);
    symlinkSync("nowhere", join(folder, "broken"));
    const before = lstatSync(join(folder, name)).ino;
    await expect(openState(join(folder, name), csvOf(workItems(1)))).rejects.toMatchObject({
      code: "usage",
      message: `the state ${join(folder, name)} is ${what}, not a file`,
    });
    expect(lstatSync(join(folder, name)).ino).toBe(before);
    expect(readdirSync(folder).toSorted()).toEqual(["broken", "pipe"]);
  });

  it("is refused where what stands beside the state is no file", async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, "mine"), "");
    for (const suffix of [".lock", "-wal", ".new"]) {
      const beside = join(folder, `state.db${suffix}`);
      symlinkSync("mine", beside);
      await expect(openState(join(folder, "state.db"), csvOf(workItems(1)))).rejects.toMatchObject({
        message: expect.stringContaining(beside) as string,
      });
      rmSync(beside);
    }
    expect(readdirSync(folder)).toEqual(["mine"]);
  });

  it("holds within one process too, and by whatever name the state is called", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "state.db");
    const store = await openState(path, csvOf(workItems(1)));
    symlinkSync(path, join(folder, "link.db"));
    for (const name of ["state.db", "link.db"]) {
      await expect(openState(join(folder, name), undefined)).rejects.toMatchObject({ code: "state-locked" });
    }
    await store.close();
    await openState(join(folder, "link.db"), undefined);
    expect(readdirSync(folder)).not.toContain("link.db.lock");
  });

  it("lets readers in beside the writer, and they do not hold it up", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const store = await openState(path, csvOf(workItems(5)));
    const reader = new DatabaseSync(path, { readOnly: true });
    onTestFinished(() => reader.close());
    reader.exec("BEGIN");
    const count = (): unknown => reader.prepare("SELECT count(*) AS n FROM file").get()?.["n"];
    expect(count()).toBe(0);
    await completeOne(store, 3);
    await store.ledger.committed();
    expect(count()).toBe(0);
    reader.exec("COMMIT");
    expect(count()).toBe(3);
  });

  it("refuses a file in its place that is no lock, in words", async () => {
    const path = join(await temporaryFolder(), "state.db");
    writeFileSync(`${path}.lock`, "notes of somebody\n".repeat(50));
    await expect(openState(path, csvOf(workItems(1)))).rejects.toMatchObject({
      message: expect.stringContaining(`${path}.lock`) as string,
    });
    expect(existsSync(path)).toBe(false);
  });

  it("is held by one at a time, however often it is taken, released and removed", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const fight = `
      import { takeLock } from ${JSON.stringify(join(room, "lock.ts"))};
      import { REAL_SURROUNDINGS } from ${JSON.stringify(join(import.meta.dirname, "../../../src/surroundings/surroundings.ts"))};
      import { closeSync, openSync, rmSync } from "node:fs";
      const inside = ${JSON.stringify(`${path}.inside`)};
      let taken = 0;
      const end = Date.now() + 20_000;
      while (taken < 100 && Date.now() < end) {
        const lock = takeLock(REAL_SURROUNDINGS, ${JSON.stringify(path)});
        if (!lock) continue;
        closeSync(openSync(inside, "wx"));
        // Long enough for the other to come in, if it could.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
        rmSync(inside);
        if (taken % 3 === 0) lock.remove();
        else lock.release();
        taken++;
      }
      console.log(taken);
    `;
    const fighters = [startProcess(fight), startProcess(fight)];
    expect(await Promise.all(fighters.map((fighter) => fighter.firstLine))).toEqual(["100", "100"]);
  });

  it("can be taken again after it was released", async () => {
    const path = join(await temporaryFolder(), "state.db");
    const first = takeLock(REAL_SURROUNDINGS, path);
    expect(takeLock(REAL_SURROUNDINGS, path)).toBeUndefined();
    first?.release();
    const second = takeLock(REAL_SURROUNDINGS, path);
    expect(second).toBeDefined();
    second?.release();
  });
});
