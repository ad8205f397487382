import { describe, expect, it } from "vitest";
import { findHeader, MAX_HEADER_BYTES } from "../../src/core/csv-header.ts";

const COLUMNS = { required: ["JobId", "WorkItemId"], optional: ["WorkItemName"] } as const;

function find(head: string | Uint8Array, atEnd = true) {
  return findHeader(Buffer.from(head), atEnd, COLUMNS);
}

function problemOf(head: string | Uint8Array): string {
  const answer = find(head);
  return answer.kind === "problem" ? answer.message : expect.unreachable(answer.kind);
}

describe("the header of a CSV", () => {
  it("is found in any case, spelling and column order", () => {
    const spellings = [
      "JobId,WorkItemId",
      "job_id,work_item_id",
      "JOBID,WORKITEMID",
      '"Job Id", work-item-id ',
    ];
    for (const spelling of spellings) {
      expect(find(`${spelling}\n1,2\n`)).toEqual({
        kind: "header",
        header: { delimiter: ",", columnCount: 2, at: { JobId: 0, WorkItemId: 1, WorkItemName: -1 } },
        start: { offset: 0, line: 1 },
      });
    }
    expect(find("x,work_item_name,WorkItemId,y,job_id\n")).toMatchObject({
      header: { columnCount: 5, at: { JobId: 4, WorkItemId: 2, WorkItemName: 1 } },
    });
  });

  it("tells the delimiter: comma, semicolon or tab", () => {
    for (const delimiter of [",", ";", "\t"]) {
      expect(find(`"JobId"${delimiter}WorkItemId${delimiter}a b\n`)).toMatchObject({
        header: { delimiter, columnCount: 3 },
      });
    }
  });

  it("takes the delimiter that makes the columns appear, whatever else stands in a name", () => {
    expect(find('JobId;"a,b,c";WorkItemId\n')).toMatchObject({ header: { delimiter: ";", columnCount: 3 } });
  });

  it.each([
    ["sep=;\n", ";", 6],
    ["SEP=;\r\n", ";", 7],
    ["sep=\t\n", "\t", 6],
    ['"sep=|"\r', "|", 8],
    // What it says is not so.
    ["sep=|\n", ",", 6],
  ])("may follow a line by which a spreadsheet names the delimiter: %j", (line, delimiter, offset) => {
    const columns = ["JobId", "WorkItemId", "x"].join(delimiter);
    const found = { kind: "header", start: { offset, line: 2 }, header: { delimiter, columnCount: 3 } };
    expect(find(`${line}${columns}\n1\n`)).toMatchObject(found);
    const text = `${line}${columns}\n`;
    for (let end = 0; end < text.length; end++) {
      expect(find(text.slice(0, end), false), text.slice(0, end)).toEqual({ kind: "need-more" });
    }
    expect(find(text, false)).toMatchObject(found);
  });

  it("is not given by a line that names the delimiter alone", () => {
    expect(problemOf("sep=;")).toBe("is empty");
    expect(problemOf("sep=;\nJobId;Name\n")).toBe("has no WorkItemId column; its header is: JobId;Name");
    expect(problemOf("sep=\nJobId;WorkItemId\n")).toContain("its header is: sep=");
    expect(problemOf("sep=x\nJobIdxWorkItemId\n")).toContain("its header is: sep=x");
  });

  it("may follow blank lines, and end with the file", () => {
    expect(find("\r\n  \nJobId,WorkItemId")).toMatchObject({ kind: "header" });
  });

  it("is waited for until its line ends", () => {
    expect(find("", false)).toEqual({ kind: "need-more" });
    expect(find("JobId,WorkItemId", false)).toEqual({ kind: "need-more" });
    expect(find("JobId,WorkItemId\n", false)).toMatchObject({ kind: "header" });
  });

  it("is reported as missing, with what was found instead", () => {
    expect(problemOf("")).toBe("is empty");
    expect(problemOf("\n \n")).toBe("is empty");
    expect(problemOf("a,b\n1,2")).toBe("has no JobId and no WorkItemId column; its header is: a,b");
    expect(problemOf("JobId\tName\n")).toBe("has no WorkItemId column; its header is: JobId\\tName");
    expect(problemOf("JobId,job_id,WorkItemId\n")).toBe(
      "has more than one JobId column; its header is: JobId,job_id,WorkItemId",
    );
    expect(problemOf('"JobId,WorkItemId\n1,2\n')).toBe(
      'has a header with an error (unclosed quote): "JobId,WorkItemId',
    );
  });

  it("is shown in one printable line without secrets, cut to 100 characters", () => {
    expect(problemOf("https://a/b?sv=1&sig=c2VjcmV0,\u001b[31mx\n")).toBe(
      "has no JobId and no WorkItemId column; its header is: https://a/b?sv=1&sig=***,?[31mx",
    );
    expect(problemOf(`${"😀".repeat(101)}\n`)).toMatch(/: (?:😀){100}\.\.\.$/u);
  });

  it("is not looked for in what is not text", () => {
    expect(problemOf(Buffer.from([0x50, 0x4b, 3, 4, 20, 0, 6]))).toBe(
      "is a zip file or Excel workbook, not CSV",
    );
    expect(problemOf(Buffer.from("SQLite format 3\0\u0010\0\u0001"))).toBe("is a binary file, not CSV");
    expect(problemOf(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a]))).toBe(
      "is not UTF-8 text; its header is: ?PNG",
    );
    const utf16 = Buffer.from("JobId,WorkItemId\r\n1,2\r\n", "utf16le");
    const message = "looks like UTF-16 without a byte order mark: save it as UTF-8";
    expect(problemOf(utf16)).toBe(message);
    expect(problemOf(Buffer.from(utf16).swap16())).toBe(message);
  });

  it("is given up when the first line does not end, or does not come", () => {
    expect(find("\n".repeat(MAX_HEADER_BYTES + 1), false)).toEqual({
      kind: "problem",
      message: "has no header in its first 64 KiB",
    });
    const answer = find("x".repeat(MAX_HEADER_BYTES + 1), false);
    expect(answer).toEqual({
      kind: "problem",
      message: "has a first line of more than 64 KiB: it is not CSV with a header",
    });
  });
});
