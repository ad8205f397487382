import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ReuploadError } from "../../src/core/errors.ts";
import type { InputRow, InputSource } from "../../src/input/input.ts";
import { readWorkItems } from "../../src/input/read-csv.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-input-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function rowsOf(source: InputSource): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  for await (const batch of readWorkItems(source, { signal: new AbortController().signal }))
    rows.push(...batch);
  return rows;
}

async function readFileWith(content: string | Uint8Array): Promise<InputRow[]> {
  const path = join(folder, "in.csv");
  await writeFile(path, content);
  return rowsOf({ path });
}

async function* pieces(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

function readPieces(content: string | Uint8Array, size = 7): Promise<InputRow[]> {
  return rowsOf({ path: "pieces.csv", bytes: pieces(Buffer.from(content), size) });
}

async function errorOf(reading: Promise<unknown>): Promise<ReuploadError> {
  const error: unknown = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof ReuploadError ? error : expect.unreachable(String(error));
}

const row = (line: number, jobId: string, workItemId: string, workItemName = "") => ({
  kind: "row",
  line,
  workItem: { jobId, workItemId, workItemName },
});
const rejected = (line: number, reason: string, raw: string) => ({ kind: "rejected", line, reason, raw });

/** The ways in which a spreadsheet or a script may write the same text. */
const ENCODINGS: Record<string, (text: string) => Buffer> = {
  "UTF-8": (text) => Buffer.from(text),
  "UTF-8 with a byte order mark": (text) => Buffer.from(`\uFEFF${text}`),
  "UTF-16 little endian": (text) => Buffer.from(`\uFEFF${text}`, "utf16le"),
  "UTF-16 big endian": (text) => Buffer.from(`\uFEFF${text}`, "utf16le").swap16(),
};

describe("a CSV that begins with sep=", () => {
  const text = 'sep=;\r\nJobId;WorkItemId;WorkItemName\r\n1;2;"a;b"\r\n;3;\r\n';

  it("is read by that delimiter, with its lines counted, whatever the pieces", async () => {
    for (const size of [1, 3, 7, 1000]) {
      expect(await readPieces(text, size)).toEqual([
        { kind: "row", line: 3, workItem: { jobId: "1", workItemId: "2", workItemName: "a;b" } },
        { kind: "rejected", line: 4, reason: "JobId is empty", raw: ";3;" },
      ]);
    }
  });

  it("is read so in UTF-16, too", async () => {
    const rows = await readFileWith(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]));
    expect(rows.map(({ line }) => line)).toEqual([3, 4]);
  });
});

describe("the reader of the work items' CSV", () => {
  it("takes job id, work item id and name from their columns, in any order and spelling, among other columns", async () => {
    expect(await readFileWith("JobId,WorkItemId\n7,1\n7,2\n")).toEqual([row(2, "7", "1"), row(3, "7", "2")]);
    expect(await readFileWith("x;WORK_ITEM_NAME;work_item_id;y;Job Id\na;lab;1;b;7")).toEqual([
      row(2, "7", "1", "lab"),
    ]);
  });

  it("keeps ids as they are written, without the white space around them", async () => {
    expect(await readPieces('JobId\tWorkItemId\n 007 \t"1,E+5 "\n0x1\u00a0\t 1 2')).toEqual([
      row(2, "007", "1,E+5 "),
      row(3, "0x1", "1 2"),
    ]);
  });

  it("passes over blank lines and passes repeated rows on, each with its line", async () => {
    expect(await readPieces("\nJobId,WorkItemId\r\n\r\n7,1\n  \n7,1\r\r7,2")).toEqual([
      row(4, "7", "1"),
      row(6, "7", "1"),
      row(8, "7", "2"),
    ]);
  });

  it("reads no work items from a header without rows", async () => {
    expect(await readFileWith("JobId,WorkItemId")).toEqual([]);
    expect(await readFileWith("JobId,WorkItemId\r\n\r\n")).toEqual([]);
  });

  for (const [name, encode] of Object.entries(ENCODINGS)) {
    it(`reads ${name}, however it is cut, quoted and delimited`, async () => {
      const text = fc.array(fc.constantFrom("a", "0", ",", ";", "\t", '"', "é", "€", "😀", "\n"), {
        maxLength: 5,
      });
      const item = fc.record({
        id: fc.stringMatching(/^[0-9a-zé😀]{1,6}$/u),
        name: text.map((parts) => parts.join("")),
      });
      const way = fc.record({
        delimiter: fc.constantFrom(",", ";", "\t"),
        lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
        size: fc.integer({ min: 1, max: 40 }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(item, { maxLength: 6 }),
          way,
          async (items, { delimiter, lineEnd, size }) => {
            const lines = items.map((each, index) => [
              `J${index}`,
              `"${each.id}"`,
              `"${each.name.replaceAll('"', '""')}"`,
            ]);
            const csv = [["JobId", "WorkItemId", "WorkItemName"], ...lines].map((line) =>
              line.join(delimiter),
            );
            const rows = await readPieces(encode(csv.join(lineEnd)), size);
            expect(rows.map((each) => (each.kind === "row" ? each.workItem : each))).toEqual(
              items.map((each, index) => ({
                jobId: `J${index}`,
                workItemId: each.id,
                workItemName: each.name,
              })),
            );
          },
        ),
        { numRuns: 60 },
      );
    });
  }

  it("gives batches of some thousand rows in file order, never the file as a whole", async () => {
    const count = 60_000;
    const path = join(folder, "large.csv");
    const lines = Array.from({ length: count }, (_, index) => `5000000,${1_889_211_721 + index}`);
    await writeFile(path, `JobId,WorkItemId\n${lines.join("\n")}\n`);
    const sources: InputSource[] = [
      { path },
      { path, bytes: pieces(Buffer.from(`JobId,WorkItemId\n${lines.join("\n")}\n`), 1e9) },
    ];
    for (const source of sources) {
      let line = 1;
      for await (const batch of readWorkItems(source, { signal: new AbortController().signal })) {
        expect(batch.length).toBeLessThan(6000);
        for (const each of batch) {
          line++;
          if (each.line !== line || each.kind !== "row") expect.unreachable(JSON.stringify(each));
        }
      }
      expect(line).toBe(count + 1);
    }
  });

  it("reads standard input when the path is -", async () => {
    const module = join(import.meta.dirname, "../../src/input/read-csv.ts");
    const program = `
      const { readWorkItems } = await import(${JSON.stringify(module)});
      for await (const batch of readWorkItems({ path: "-" }, { signal: new AbortController().signal })) {
        process.stdout.write(JSON.stringify(batch) + "\\n");
      }`;
    const run = (input: string) =>
      new Promise<string>((resolve) => {
        const child = execFile(
          process.execPath,
          ["--input-type=module", "-e", program],
          (_, stdout, stderr) => resolve(stdout + stderr),
        );
        child.stdin?.end(input);
      });
    const [rows, refusal] = await Promise.all([run("JobId,WorkItemId\n7,1\n"), run("a,b\n")]);
    expect(rows).toBe(`${JSON.stringify([row(2, "7", "1")])}\n`);
    expect(refusal).toContain("standard input has no JobId and no WorkItemId column");
  });
});

describe("a row that is no work item", () => {
  it("is rejected with its line, the reason and the row as it stands", async () => {
    const csv = [
      "JobId,WorkItemId,WorkItemName",
      "7,1,ok",
      ",2,a",
      ' "  " , ,"b"',
      '7,"",c',
      "7,3",
      "7,4,a,b",
      "",
      '7,"5"6,x',
      "7,\0,x",
      "7,6,last ok",
      '7,"7,x',
      "7,8,ok",
    ].join("\r\n");
    expect(await readPieces(csv)).toEqual([
      row(2, "7", "1", "ok"),
      rejected(3, "JobId is empty", ",2,a"),
      rejected(4, "JobId and WorkItemId are empty", ' "  " , ,"b"'),
      rejected(5, "WorkItemId is empty", '7,"",c'),
      rejected(6, "2 columns, 3 expected", "7,3"),
      rejected(7, "4 columns, 3 expected", "7,4,a,b"),
      rejected(9, "text after a closing quote", '7,"5"6,x'),
      rejected(10, "NUL byte", "7,\0,x"),
      row(11, "7", "6", "last ok"),
      rejected(12, "unclosed quote", '7,"7,x'),
      row(13, "7", "8", "ok"),
    ]);
  });

  it("includes an id that has a line break: a stray quote has joined rows", async () => {
    const csv = 'JobId,WorkItemId,WorkItemName\n7,"1\n7,2\n7,3",x\n7,4,"two\nlines"\n';
    expect(await readPieces(csv)).toEqual([
      rejected(2, "an id has a line break (is there one quote too many?)", '7,"1\n7,2\n7,3",x'),
      row(5, "7", "4", "two\nlines"),
    ]);
  });

  it("includes a row over 1 MiB, of which no more than that is kept", async () => {
    const long = `7,${"x".repeat(1024 * 1024 + 10)}`;
    const rows = await readFileWith(`JobId,WorkItemId\n7,1\n${long}\n7,2\n`);
    expect(rows).toEqual([
      row(2, "7", "1"),
      rejected(3, "longer than 1 MiB", long.slice(0, 1024 * 1024)),
      row(4, "7", "2"),
    ]);
  });

  it("includes a row that is not in the file's encoding, half characters of UTF-16 too", async () => {
    const spoilt = Buffer.concat([
      Buffer.from("JobId,WorkItemId\n7,"),
      Buffer.from([0xe9]),
      Buffer.from("\n7,2\n"),
    ]);
    expect(await readPieces(spoilt)).toEqual([rejected(2, "not valid UTF-8", "7,\uFFFD"), row(3, "7", "2")]);
    for (const encoding of ["UTF-16 little endian", "UTF-16 big endian"]) {
      const text =
        ENCODINGS[encoding]?.("JobId,WorkItemId\n7,\ud83d\n7,\ude00b\n7,😀\n7,\uFFFD\n7,5\ud83d") ??
        Buffer.alloc(0);
      for (const size of [1, 3, 1000]) {
        expect(await readPieces(Buffer.concat([text, Buffer.from([0])]), size)).toEqual([
          rejected(2, "not valid UTF-8", "7,\uFFFD"),
          rejected(3, "not valid UTF-8", "7,\uFFFDb"),
          row(4, "7", "😀"),
          row(5, "7", "\uFFFD"),
          rejected(6, "not valid UTF-8", "7,5\uFFFD"),
        ]);
      }
    }
  });
});

describe("a file that is no CSV of work items", () => {
  it("is refused before any row, with the header that was found and advice on what is wanted", async () => {
    const error = await errorOf(readFileWith("Id,Name\n1,2\n"));
    expect(error).toMatchObject({ code: "csv-invalid", exitCode: 2 });
    expect(error.message).toBe(
      `${join(folder, "in.csv")} has no JobId and no WorkItemId column; its header is: Id,Name`,
    );
    expect(error.advice).toContain("JobId and WorkItemId");
  });

  it("is refused when it is empty, binary, or has a column twice", async () => {
    const cases: [string | Uint8Array, string][] = [
      ["", "is empty"],
      ["\uFEFF", "is empty"],
      [ENCODINGS["UTF-16 little endian"]?.("\n") ?? "", "is empty"],
      ["\n\r\n", "is empty"],
      [Buffer.from([0x50, 0x4b, 3, 4, 10, 0, 0]), "is a zip file or Excel workbook, not CSV"],
      [Buffer.from([0x1f, 0x8b, 8, 0, 0]), "is a binary file, not CSV"],
      [Buffer.from("JobId,WorkItemId\n7,1\n", "utf16le"), "looks like UTF-16 without a byte order mark"],
      ["JobId,WorkItemId,job_id\n", "has more than one JobId column"],
      ["x".repeat(200_000), "has a first line of more than 64 KiB"],
    ];
    for (const [content, message] of cases) {
      const error = await errorOf(readFileWith(content));
      expect(error.code).toBe("csv-invalid");
      expect(error.message).toContain(message);
    }
  });

  it("is distinguished from a file that cannot be read", async () => {
    await mkdir(join(folder, "directory"), { recursive: true });
    const cases: [string, string][] = [
      ["missing.csv", "there is no such file"],
      ["directory", "it is a directory"],
      ["directory/missing/a.csv", "there is no such file"],
    ];
    for (const [name, reason] of cases) {
      const path = join(folder, name);
      const error = await errorOf(rowsOf({ path }));
      expect(error).toMatchObject({ code: "csv-unreadable", message: `cannot read ${path}: ${reason}` });
    }
  });
});

describe("a read that is stopped", () => {
  it("ends with the signal's reason, also while the source is silent", async () => {
    const control = new AbortController();
    const reason = new Error("stop");
    let wasClosed = false;
    async function* silent(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from("JobId,WorkItemId\n7,1\n");
        control.abort(reason);
        await new Promise<void>((resolve) => {
          setTimeout(resolve, 20);
        });
        yield Buffer.from("7,2\n");
      } finally {
        wasClosed = true;
      }
    }
    const rows: InputRow[] = [];
    const reading = (async () => {
      const source = { path: "pipe", bytes: silent() };
      for await (const batch of readWorkItems(source, { signal: control.signal })) rows.push(...batch);
    })();
    await expect(reading).rejects.toBe(reason);
    expect(rows).toEqual([row(2, "7", "1")]);
    await expect.poll(() => wasClosed).toBe(true);
  });

  it("does not begin when it was stopped before", async () => {
    const reason = new Error("stop");
    const reading = async () => {
      const signal = AbortSignal.abort(reason);
      for await (const batch of readWorkItems({ path: join(folder, "in.csv") }, { signal })) {
        expect.unreachable(JSON.stringify(batch));
      }
    };
    await expect(reading()).rejects.toBe(reason);
  });

  it("closes the source when the rows are no longer wanted", async () => {
    let wasClosed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from("JobId,WorkItemId\n");
        for (;;) yield Buffer.from("7,1\n");
      } finally {
        wasClosed = true;
      }
    }
    const source = { path: "pipe", bytes: endless() };
    for await (const batch of readWorkItems(source, { signal: new AbortController().signal })) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    await expect.poll(() => wasClosed).toBe(true);
  });
});
