import * as fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { PLAIN } from "../../src/terminal/style.ts";
import { type Column, table } from "../../src/terminal/table.ts";

interface Row {
  readonly name: string;
  readonly left: string;
  readonly note: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "Name", align: "left", cell: ({ name }) => ({ text: name }), least: 6 },
  { title: "Left", align: "right", cell: ({ left }) => ({ text: left }) },
  { title: "Note", align: "left", cell: ({ note }) => ({ text: note }), least: 4 },
];
const ROWS: readonly Row[] = [
  { name: "machine1.db", left: "5", note: "pid 1" },
  { name: "m2", left: "12,345", note: "died 4 s ago" },
];
const at = (width: number) => table(COLUMNS, ROWS, ["Left"], { ...PLAIN, width });

describe("a table", () => {
  it("aligns its columns under their titles", () => {
    expect(at(Infinity)).toEqual([
      "Name           Left  Note",
      "machine1.db       5  pid 1",
      "m2           12,345  died 4 s ago",
    ]);
  });

  it("cuts the last column that may be cut first, then leaves columns out", () => {
    expect(at(30)).toEqual([
      "Name           Left  Note",
      "machine1.db       5  pid 1",
      "m2           12,345  died 4...",
    ]);
    expect(at(20)).toEqual(["Name      Left  Note", "mac...       5  p...", "m2      12,345  d..."]);
    expect(at(16)).toEqual(["Name        Note", "machine...  p...", "m2          d..."]);
    expect(at(8)).toEqual(["Name   .", "ma...  .", "m2     ."]);
  });

  it("counts wide characters as two columns", () => {
    const [, row = ""] = table(COLUMNS, [{ name: "機械一", left: "1", note: "x" }], [], {
      ...PLAIN,
      width: Infinity,
    });
    expect(row).toBe("機械一     1  x");
  });

  it("is never wider than it may be", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: text, left: text, note: text }), { maxLength: 5 }),
        fc.integer({ min: 12, max: 60 }),
        (rows, width) => {
          for (const line of table(COLUMNS, rows, ["Left"], { ...PLAIN, width })) {
            expect(stringWidth(line)).toBeLessThanOrEqual(width);
          }
        },
      ),
    );
  });
});
