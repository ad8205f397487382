/** Where a file may be written, and what becomes of what stands there. */
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openNew } from "../../src/files/new-file.ts";
import { filePlace, lookAt } from "../../src/files/place.ts";
import { RejectedRows } from "../../src/files/rejected-rows.ts";

const isWindows = process.platform === "win32";
let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "reupload-files-")));
  writeFileSync(at("file"), "mine");
  symlinkSync("file", at("link"));
  symlinkSync("nowhere", at("broken"));
  symlinkSync("circle", at("circle"));
  mkdirSync(at("folder"));
  if (!isWindows) execFileSync("mkfifo", [at("pipe")]);
});
afterEach(() => rmSync(folder, { recursive: true }));

const SPECIAL = [
  ["pipe", "a named pipe"],
  ["broken", "a link to nothing"],
  ["circle", "a link to nothing"],
  ["folder", "a folder"],
] as const;

describe("a place to write to", () => {
  it("is a file, a link to one (which is followed), or nothing yet", () => {
    expect(filePlace(at("file"))).toBe(at("file"));
    expect(filePlace(at("link"))).toBe(at("file"));
    expect(filePlace(at("new"))).toBe(at("new"));
  });

  it.skipIf(isWindows).each(SPECIAL)("is not: %s", (name, what) => {
    expect(() => filePlace(at(name))).toThrow(`it is ${what}`);
  });

  it.skipIf(isWindows)("is not a device", () => {
    expect(lookAt("/dev/null")).toMatchObject({ kind: "stream", what: "a device" });
    expect(() => filePlace("/dev/null")).toThrow("it is a device");
  });
});

describe("a new file", () => {
  it("takes the place of a link, not of what it leads to", async () => {
    for (const name of ["link", "broken", "file"]) {
      const file = await openNew(at(name));
      await file.appendFile("new");
      await file.close();
      expect(lstatSync(at(name)).isFile()).toBe(true);
    }
    expect(readdirSync(folder)).not.toContain("nowhere");
  });

  it.skipIf(isWindows).each(["pipe", "folder"])(
    "is refused where something else stands: %s",
    async (name) => {
      await expect(openNew(at(name))).rejects.toMatchObject({ code: "output-unwritable" });
    },
  );
});

describe("the file of rejected rows", () => {
  const rows = (path: string): RejectedRows => new RejectedRows(at(path), ".tmp", (row) => row);
  const write = async (path: string): Promise<void> => {
    const file = rows(path);
    try {
      file.add({ line: 2, reason: "JobId is empty", raw: ",1" });
      await file.publish();
    } finally {
      await file.discard();
    }
  };
  const WHOLE = 'Line,Reason,Row\n2,"JobId is empty",",1"\n';

  it("goes where a link leads to, which stays one", async () => {
    writeFileSync(at("file"), "Line,Reason,Row\nolder");
    await write("link");
    expect(readFileSync(at("file"), "utf8")).toBe(WHOLE);
    expect(readlinkSync(at("link"))).toBe("file");
    expect(readdirSync(folder)).not.toContain("file.tmp");
  });

  it("never takes the place of a file that is none of ours, and never removes one", async () => {
    await expect(write("file")).rejects.toMatchObject({ code: "output-unwritable" });
    await rows("file").publish();
    expect(readFileSync(at("file"), "utf8")).toBe("mine");
  });

  it("never writes through a link that has the name of its temporary file", async () => {
    symlinkSync("file", at("new.tmp"));
    await write("new");
    expect(readFileSync(at("file"), "utf8")).toBe("mine");
    expect(readFileSync(at("new"), "utf8")).toBe(WHOLE);
  });

  it.skipIf(isWindows).each(SPECIAL)("is refused where something else stands: %s", async (name) => {
    const before = lstatSync(at(name)).ino;
    await expect(write(name)).rejects.toMatchObject({ code: "output-unwritable" });
    await rows(name).publish();
    expect(lstatSync(at(name)).ino).toBe(before);
  });
});
