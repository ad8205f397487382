import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal, markLine, readMark } from "../../src/files/journal.ts";

const HEADER = '{"reupload":"test","key":"1"}';
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reupload-journal-"));
  path = join(folder, "journal.ndjson");
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (restart = false) => Journal.open(path, HEADER, { restart });

async function linesOf(journal: Journal): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of journal.lines()) lines.push(line);
  return lines;
}

async function written(...groups: readonly (readonly string[])[]): Promise<void> {
  await using journal = await open();
  for (const lines of groups) await journal.append(lines);
}

describe("a journal", () => {
  it("goes on after its last mark; what was written behind it is dropped", async () => {
    await written(['{"a":1}', markLine(1)], ['{"a":2}', markLine(2)]);
    appendFileSync(path, '{"a":3}\n{"at":3');
    await using journal = await open();
    expect(journal.isResumed).toBe(true);
    const lines = await linesOf(journal);
    expect(lines).toEqual(['{"a":1}', markLine(1), '{"a":2}', markLine(2)]);
    expect(lines.map((line) => readMark(line))).toEqual([undefined, 1, undefined, 2]);
    await journal.append(['{"a":4}', markLine(4)]);
    expect((await linesOf(journal)).slice(-2)).toEqual(['{"a":4}', markLine(4)]);
  });

  it.each([0, 1, 7, 20, 29, 30, 34, 40, 46])(
    "can be cut off after %i bytes, and is whole again",
    async (bytes) => {
      await written(['{"a":1}', markLine(1)]);
      const whole = readFileSync(path, "utf8");
      expect(whole).toHaveLength(47);
      truncateSync(path, bytes);
      await using journal = await open();
      expect(journal.isResumed).toBe(false);
      await journal.append(['{"a":1}', markLine(1)]);
      expect(readFileSync(path, "utf8")).toBe(whole);
    },
  );

  it("finds its last mark before any number of lines", async () => {
    await written([markLine("first")]);
    appendFileSync(path, `{"long":"${"x".repeat(200_000)}"}\n`);
    await using journal = await open();
    expect(await linesOf(journal)).toEqual([markLine("first")]);
  });

  it("begins anew when told to", async () => {
    await written([markLine(1)]);
    await using journal = await open(true);
    expect(journal.isResumed).toBe(false);
    expect(await linesOf(journal)).toEqual([]);
  });

  it("never takes the place of another file", async () => {
    writeFileSync(path, "mine");
    await expect(open()).rejects.toMatchObject({ code: "output-unwritable" });
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  it("notices that another process writes to it", async () => {
    await written([markLine(1)]);
    await using one = await open();
    await using other = await open();
    await one.append([markLine(2)]);
    await expect(other.append([markLine(2)])).rejects.toThrow("Another process writes");
  });

  it("is removed when there is nothing to go on with", async () => {
    await using journal = await open();
    await journal.remove();
    expect(existsSync(path)).toBe(false);
  });
});
