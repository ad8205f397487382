import * as fc from "fast-check";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { csvField, quotedCsvField } from "../../src/core/csv-field.ts";

describe("a CSV field", () => {
  it("is quoted where a delimiter, a quote, a line break or blanks at its ends could be read otherwise", () => {
    const values = ["plain 1", "a,b", "a;b", "a\tb", 'a"b', "a\nb", " a", "a "];
    expect(values.map(csvField)).toEqual([
      "plain 1",
      '"a,b"',
      '"a;b"',
      '"a\tb"',
      '"a""b"',
      '"a\nb"',
      '" a"',
      '"a "',
    ]);
  });

  it.each([",", ";", "\t"])("is read as the same value with the delimiter %j", (delimiter) => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 2, maxLength: 4 }), (values) => {
        for (const field of [csvField, quotedCsvField]) {
          const line = values.map(field).join(delimiter);
          expect(parse(`${line}\n`, { delimiter, record_delimiter: "\n" })).toEqual([values]);
        }
      }),
    );
  });
});
