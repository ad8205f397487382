import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Lookup } from "../../../src/catalog/catalog.ts";
import type { ErrorCode } from "../../../src/core/errors.ts";
import { lookUp } from "../conformance.ts";
import { csvOf, type ListingFolder, listingFolder, ndjsonOf, rowOf, signal, workItem } from "./support.ts";

const LINK = "https://account.example/source/a";

describe("the rows of a listing", () => {
  let folder: ListingFolder;
  beforeEach(async () => {
    folder = await listingFolder();
  });
  afterEach(() => folder.remove());

  /** What the listing says of work item 1 of job-1, and what it rejects. */
  async function read(content: string | Uint8Array, id = "1") {
    await folder.write(content);
    const catalog = await folder.open();
    try {
      const [answer] = await lookUp(catalog, [workItem(id)], { signal });
      const { count, file } = catalog.rejectedRows();
      return { ...(answer as Lookup), rejected: count, rejectedFile: file && (await readFile(file, "utf8")) };
    } finally {
      await catalog.close();
    }
  }

  async function expectRefusal(
    content: string | Uint8Array,
    code: ErrorCode,
    message: RegExp,
  ): Promise<void> {
    await folder.write(content);
    await expect(folder.open()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
  }

  it("may have their columns in any order and spelling, extra columns, and any line end", async () => {
    const content = `\uFEFFfile_name;URI;extra;WORK_ITEM_ID;job id;Content-MD5\r\na.json;${LINK};x;1;job-1;1B2M2Y8AsgTpgAmY7PhCfg==\r\n\r\n  \r\n`;
    expect(await read(content)).toMatchObject({
      files: [{ fileName: "a.json", uri: LINK, contentMd5: "1B2M2Y8AsgTpgAmY7PhCfg==" }],
      workItemName: "",
      rejected: 0,
    });
  });

  it("may follow a spreadsheet's line sep=, also behind a byte order mark", async () => {
    const content = `\uFEFFsep=;\nJobId;WorkItemId;Uri;FileName\njob-1;1;${LINK};a.json\nbad\n`;
    expect(await read(content)).toMatchObject({
      files: [{ fileName: "a.json", uri: LINK }],
      rejected: 1,
      rejectedFile: expect.stringContaining("4,") as string,
    });
  });

  it("may be NDJSON with keys in any spelling and numbers as ids", async () => {
    const content = `\uFEFF\n {"job_id":"job-1","WORKITEMID":1,"uri":"${LINK}","file-name":"a.json","length":7,"WorkItemName":null}\r\n\n`;
    expect(await read(content)).toMatchObject({
      files: [{ fileName: "a.json", uri: LINK, length: 7 }],
      workItemName: "",
      problems: [],
      rejected: 0,
    });
  });

  it("have their ids trimmed as in the CSV of the work items, and keep their file names as they are", async () => {
    const content = `JobId,WorkItemId,Uri,FileName\n job-1 ,\t1 ,${LINK}, a .json \njob-1," 1",${LINK},b.json\n`;
    expect((await read(content)).files).toEqual([{ fileName: " a .json ", uri: LINK }]);
    expect((await read(content, " 1")).files).toEqual([{ fileName: "b.json", uri: LINK }]);
  });

  it("are reported with their line when they cannot be used", async () => {
    const answer = await read(
      csvOf([
        rowOf("1", "two\nlines.json"),
        rowOf("1", "a.json", { Uri: "" }),
        rowOf("2", "other.json", { Uri: "" }),
        rowOf("1", ""),
        rowOf("1", "b.json", { Uri: "ftp://host/b" }),
        rowOf("1", "c.json", { Uri: "source/c.json?sig=SECRET" }),
        rowOf("1", "d.json", { Uri: "https://" }),
        rowOf("1", "e.json", { Uri: "https://host/e\nf" }),
        rowOf("1", "", { Uri: "" }),
      ]),
    );
    expect(answer.problems).toEqual([
      "line 4: Uri is empty",
      "line 6: FileName is empty",
      "line 7: Uri is not an absolute http or https URL",
      "line 8: Uri is not an absolute http or https URL",
      "line 9: Uri is not an absolute http or https URL",
      "line 10: Uri is not an absolute http or https URL",
      "line 12: FileName is empty",
      "line 12: Uri is empty",
    ]);
    expect(answer.files.map(({ fileName }) => fileName)).toEqual(["two\nlines.json"]);
    expect(answer.rejected).toBe(0);
  });

  it("keep their file when only its length or MD5 is wrong, and that is reported", async () => {
    const bad = ["-1", "1.5", "1e3", "x", "99999999999999999999"].map((Length, i) =>
      rowOf("1", `${i}.json`, { Length, ContentMD5: "1B2M2Y8AsgTpgAmY7PhCfg==" }),
    );
    const short = [
      "1B2M2Y8AsgTpgAmY7PhCf===",
      "d41d8cd98f00b204e9800998ecf8427e",
      "1B2M2Y8AsgTpgAmY7PhCfh==",
    ].map((ContentMD5, i) => rowOf("1", `md5-${i}.json`, { Length: "5", ContentMD5 }));
    const answer = await read(csvOf([...bad, ...short]));
    expect(answer.files).toHaveLength(8);
    expect(answer.files.filter(({ length }) => length !== undefined)).toHaveLength(3);
    expect(answer.files.filter(({ contentMd5 }) => contentMd5 !== undefined)).toHaveLength(5);
    expect(answer.problems).toHaveLength(8);
    expect(answer.problems[0]).toBe("line 2: Length is not a number of bytes; the file is copied without it");
    expect(answer.problems[7]).toBe("line 9: ContentMD5 is not a base64 MD5; the file is copied without it");
  });

  it("are reported and rejected when they have another number of columns: their ids may have moved", async () => {
    const answer = await read(
      `JobId,WorkItemId,Uri,FileName\njob-1,1,${LINK},a.json\njob-1,1,${LINK},b,c.json\njob-1,1\njob-1,1,${LINK},d.json\n`,
    );
    expect(answer.files.map(({ fileName }) => fileName)).toEqual(["a.json", "d.json"]);
    expect(answer.problems).toEqual(["line 3: 5 columns, 4 expected", "line 4: 2 columns, 4 expected"]);
    expect(answer.rejected).toBe(2);
  });

  it("are counted and written down, without the query of any link, when they belong to no work item", async () => {
    const answer = await read(
      [
        "JobId,WorkItemId,Uri,FileName",
        `job-1,1,${LINK},a.json`,
        `,1,${LINK}?sv=1&sig=SECRET,a.json`,
        `job-1,"",${LINK}?sig=SECRET#x,a.json`,
        `,,"${LINK}?sig=SECRET","say ""hi"""`,
        `job-1,1,"${LINK}?sig=SECRET,a.json`,
        `job-1,1,${LINK}?sig=SECRET,a\0.json`,
        `job-1,1,${LINK},b.json`,
      ].join("\n"),
    );
    expect(answer.files.map(({ fileName }) => fileName)).toEqual(["a.json", "b.json"]);
    expect(answer.rejected).toBe(5);
    expect(answer.rejectedFile).toBe(
      [
        "Line,Reason,Row",
        `3,"JobId is empty",",1,${LINK}?***,a.json"`,
        `4,"WorkItemId is empty","job-1,"""",${LINK}?***,a.json"`,
        `5,"JobId and WorkItemId are empty",",,""${LINK}?***"",""say """"hi"""""""`,
        `6,"unclosed quote","job-1,1,""${LINK}?***,a.json"`,
        `7,"NUL byte","job-1,1,${LINK}?***,a\0.json"`,
        "",
      ].join("\n"),
    );
  });

  it("are rejected as NDJSON when they are not an object with two ids", async () => {
    const good = ndjsonOf([rowOf("1", "a.json")]);
    const bad = [
      `{"JobId":"job-1","WorkItemId":"1","Uri":"${LINK}?sv=1\\u0026sig=SECRET"`,
      `["job-1","1"]`,
      `{"JobId":"job-1","Uri":"${LINK}?sv=1\\u0026sig=SECRET"}`,
      `{"JobId":"job-1","WorkItemId":12345678901234567890}`,
      `{"JobId":"job-1","WorkItemId":["1"]}`,
      `{"JobId":"job-1","WorkItemId":"1\\u0000"}`,
    ];
    const answer = await read(good + bad.map((line) => `${line}\n`).join("") + good);
    expect(answer.files).toHaveLength(2);
    expect(answer.rejectedFile).not.toContain("SECRET");
    expect(answer.rejectedFile?.match(/^\d+,"[^"]*"/gm)).toEqual([
      `2,"not a JSON object"`,
      `3,"not a JSON object"`,
      `4,"WorkItemId is empty"`,
      `5,"WorkItemId is a number that cannot be read exactly: write it in quotes"`,
      `6,"WorkItemId is neither a text nor a number"`,
      `7,"WorkItemId has a NUL character"`,
    ]);
  });

  it("are reported when a value of an NDJSON object is not a text", async () => {
    const answer = await read(
      `{"JobId":"job-1","WorkItemId":"1","Uri":"${LINK}","FileName":["a"]}\n{"JobId":"job-1","WorkItemId":"1","Uri":"${LINK}","FileName":"b"}`,
    );
    expect(answer.problems).toEqual(["line 1: FileName is neither a text nor a number"]);
    expect(answer.files).toEqual([{ fileName: "b", uri: LINK }]);
  });

  it("are rejected when they are over 1 MiB or not UTF-8, and the next row is read", async () => {
    const long = "x".repeat(1024 * 1024);
    const csv = await read(
      Buffer.concat([
        Buffer.from(`JobId,WorkItemId,Uri,FileName\njob-1,1,${LINK},${long}\njob-1,1,${LINK},`),
        Buffer.from([0xff, 0x0a]),
        Buffer.from(`job-1,1,${LINK},a.json\n`),
      ]),
    );
    expect(csv.files).toEqual([{ fileName: "a.json", uri: LINK }]);
    expect(csv.rejectedFile?.match(/^\d+,"[^"]*"/gm)).toEqual([
      '2,"longer than 1 MiB"',
      '3,"not valid UTF-8"',
    ]);
    const object = (name: string): string =>
      JSON.stringify({ JobId: "job-1", WorkItemId: "1", Uri: LINK, FileName: name });
    const ndjson = await read(
      Buffer.concat([
        Buffer.from(`${object("b.json")}\n${object(long)}\n`),
        Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
        Buffer.from(object("a.json")),
      ]),
    );
    expect(ndjson.files.map(({ fileName }) => fileName)).toEqual(["a.json", "b.json"]);
    expect(ndjson.rejectedFile?.match(/^\d+,"[^"]*"/gm)).toEqual([
      '2,"longer than 1 MiB"',
      '3,"not valid UTF-8"',
    ]);
  });

  it("may be many for one work item, together or scattered", async () => {
    const together = Array.from({ length: 3000 }, (_, i) => rowOf("1", `${i}.json`));
    const scattered = together.flatMap((row, i) => [row, rowOf(`other-${i % 7}`, "x.json")]);
    for (const rows of [together, scattered]) {
      const { files } = await read(csvOf(rows));
      expect(new Set(files.map(({ fileName }) => fileName)).size).toBe(3000);
    }
  });

  it("are none when the listing has only a header", async () => {
    expect(await read("JobId,WorkItemId,Uri,FileName\n")).toMatchObject({ files: [], rejected: 0 });
  });

  it("are not read from a file that is no listing, which is reported before any lookup", async () => {
    await expectRefusal("", "listing-invalid", /files\.csv is empty\.$/);
    await expectRefusal(
      "JobId,WorkItemId,Link\n",
      "listing-invalid",
      /has no Uri and no FileName column; its header is: JobId/,
    );
    await expectRefusal(
      Buffer.from("\uFEFFJobId,WorkItemId", "utf16le"),
      "listing-invalid",
      /convert it to UTF-8/,
    );
    await expectRefusal(
      "JobId,WorkItemId,Uri,FileName\n,,,\n",
      "listing-invalid",
      /no usable row \(line 2: JobId/,
    );
    await expectRefusal('{"a": 1}\n{\n', "listing-invalid", /no usable row \(line 1: JobId and WorkItemId/);
    await expect(folder.open({ path: folder.folder })).rejects.toMatchObject({ code: "listing-unreadable" });
    const missing = folder.open({ path: `${folder.options.path}-missing` });
    await expect(missing).rejects.toMatchObject({
      code: "listing-unreadable",
      message: expect.stringMatching(/there is no such file\.$/) as unknown,
    });
  });
});
