import { parse } from "csv-parse/sync";
import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { FILE_ROWS_CSV, FILE_ROWS_JSON, type ToldFile } from "../../src/report/file-rows.ts";
import { FILE_ROWS_TEXT } from "../../src/terminal/file-rows-text.ts";

const ROW: ToldFile = {
  workItem: { jobId: "job", workItemId: "007", workItemName: "WI" },
  fileName: "a/b.json",
  blobName: "WI-b.json",
  outcome: "copied",
  code: undefined,
  message: undefined,
  requestId: undefined,
  attempts: 1,
  bytes: 12,
  contentMd5: "1B2M2Y8AsgTpgAmY7PhCfg==",
  announcedAt: Date.UTC(2026, 6, 1),
};

/** As a spreadsheet reads it. */
function readBack(...rows: ToldFile[]): Record<string, string>[] {
  const text = [FILE_ROWS_CSV.header ?? "", ...rows.map((row) => FILE_ROWS_CSV.line(row))].join("\n");
  return parse(text, { columns: true });
}

describe("the CSV of files", () => {
  it("is read back by another parser, whatever the names hold", () => {
    expect(readBack(ROW)).toEqual([
      {
        JobId: "job",
        WorkItemId: "007",
        WorkItemName: "WI",
        FileName: "a/b.json",
        BlobName: "WI-b.json",
        Outcome: "copied",
        Code: "",
        Message: "",
        RequestId: "",
        Attempts: "1",
        Bytes: "12",
        ContentMD5: "1B2M2Y8AsgTpgAmY7PhCfg==",
        AnnouncedAt: "2026-07-01T00:00:00.000Z",
      },
    ]);
    assert(
      property(string({ unit: "binary" }), (name) => {
        const [row] = readBack({ ...ROW, fileName: `n${name}`, message: `${name}x` });
        // One of its secrets was a secret by chance.
        if (row?.["FileName"]?.includes("***") === true) return;
        expect(row?.["FileName"]).toBe(`n${name}`);
      }),
    );
  });

  it.each(["=1+1", "+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1", "＋1", "－1", "＠a"])(
    "makes no formula of %j",
    (name) => {
      const [row] = readBack({ ...ROW, fileName: name, blobName: name, message: name });
      expect([row?.["FileName"], row?.["BlobName"], row?.["Message"]]).toEqual([
        `'${name}`,
        `'${name}`,
        `'${name}`,
      ]);
    },
  );

  it("has an empty field for what is not known, and for a work item without files", () => {
    const whole = {
      ...ROW,
      fileName: undefined,
      blobName: undefined,
      bytes: undefined,
      announcedAt: undefined,
    };
    expect(readBack({ ...whole, outcome: "failed", code: "catalog-error", attempts: 0 })).toMatchObject([
      { FileName: "", BlobName: "", Bytes: "", AnnouncedAt: "", Code: "catalog-error", Attempts: "0" },
    ]);
  });
});

describe("no form of a file's row", () => {
  const SECRET = "c2VjcmV0LXNpZ25hdHVyZS1vZi1hLXNhcw%3D%3D";
  const row = {
    ...ROW,
    fileName: `x?sv=1&sig=${SECRET}`,
    blobName: `x?sig=${SECRET}`,
    message: `GET ?sig=${SECRET}`,
  };

  it("has a signature in it", () => {
    for (const format of [FILE_ROWS_CSV, FILE_ROWS_JSON, FILE_ROWS_TEXT]) {
      expect(format.line(row)).not.toContain(SECRET);
      expect(format.line(row)).toContain("sig=***");
    }
  });

  it("has more than one line, or what moves the cursor, but for quoted fields of the CSV", () => {
    const odd = { ...ROW, fileName: "a\nb\u001b[2Jc\u202e" };
    expect(FILE_ROWS_TEXT.line(odd)).toContain("a\\u{a}b\\u{1b}[2Jc\\u{202e}");
    for (const char of ["\n", "\u001b", "\u202e"]) expect(FILE_ROWS_JSON.line(odd)).not.toContain(char);
    expect(readBack(odd)[0]?.["FileName"]).toBe(odd.fileName);
  });
});

describe("the text of a file's row", () => {
  it("says what became of it and why", () => {
    expect(FILE_ROWS_TEXT.line(ROW)).toBe(
      "copied         job/007 a/b.json -> WI-b.json (12 B, announced 2026-07-01 00:00:00 UTC)",
    );
    const failed = {
      ...ROW,
      outcome: "failed",
      code: "timeout",
      message: "late",
      requestId: "r",
      attempts: 8,
    } as const;
    expect(FILE_ROWS_TEXT.line({ ...failed, bytes: undefined, announcedAt: undefined })).toBe(
      "failed         job/007 a/b.json -> WI-b.json (8 attempts): timeout: late (request id r)",
    );
  });
});
