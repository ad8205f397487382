import { parse } from "csv-parse/sync";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CsvMachine, type CsvOptions, type CsvSink, MAX_ROW_BYTES, parseCsv } from "../../src/core/csv.ts";

interface Found {
  readonly line: number;
  readonly offset: number;
  readonly fields?: readonly string[];
  readonly length?: number;
  readonly lineCount?: number;
  readonly problem?: string;
  readonly raw: string;
}

function collector(): { found: Found[]; sink: CsvSink } {
  const found: Found[] = [];
  const sink: CsvSink = {
    record(record) {
      const { line, offset, length, lineCount } = record;
      const fields = Array.from({ length: record.fieldCount }, (_, index) => record.field(index));
      found.push({ line, offset, length, lineCount, fields, raw: record.raw() });
    },
    rejected: (rejection) => found.push(rejection),
  };
  return { found, sink };
}

function read(input: string | Uint8Array, options: Partial<CsvOptions> = {}): Found[] {
  const { found, sink } = collector();
  parseCsv(Buffer.from(input), sink, { delimiter: ",", ...options });
  return found;
}

function readInPieces(input: Uint8Array, cuts: readonly number[], options: Partial<CsvOptions>): Found[] {
  const { found, sink } = collector();
  const machine = new CsvMachine(sink, { delimiter: ",", ...options });
  const places = [0, ...cuts.map((cut) => cut % (input.length + 1)).sort((a, b) => a - b), input.length];
  for (const [index, place] of places.slice(1).entries()) machine.push(input.subarray(places[index], place));
  machine.end();
  return found;
}

const fieldsOf = (found: readonly Found[]) => found.map(({ fields }) => fields);
const brief = (found: readonly Found[]) =>
  found.map(({ line, fields, problem, raw }) =>
    problem === undefined ? [line, ...(fields ?? [])] : [line, problem, raw],
  );

/** Bytes in which every second one means something. */
const trickyBytes = fc
  .array(
    fc.constantFrom("a", "b", " ", ",", ",", '"', '"', '""', "\n", "\r", "\r\n", "é", "€", "😀", "\0", "\t"),
    {
      maxLength: 60,
    },
  )
  .map((parts) => Buffer.from(parts.join("")));
/** The same with bytes that are not UTF-8. */
const spoiltBytes = fc
  .tuple(trickyBytes, fc.array(fc.tuple(fc.nat(200), fc.constantFrom(0xff, 0x80, 0xc3)), { maxLength: 2 }))
  .map(([bytes, spots]) => {
    for (const [at, byte] of spots) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  });

describe("the CSV machine", () => {
  it("gives the same for every way to cut the bytes into chunks", () => {
    fc.assert(
      fc.property(
        spoiltBytes,
        fc.array(fc.nat(400), { maxLength: 12 }),
        fc.boolean(),
        fc.constantFrom(4, 9, 20, 1000),
        (bytes, cuts, trim, maxRowBytes) => {
          const options = { trim, maxRowBytes };
          expect(readInPieces(bytes, cuts, options)).toEqual(read(bytes, options));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("gives the same byte by byte", () => {
    fc.assert(
      fc.property(spoiltBytes, fc.constantFrom(5, 1000), (bytes, maxRowBytes) => {
        const cuts = Array.from(bytes.keys());
        expect(readInPieces(bytes, cuts, { maxRowBytes })).toEqual(read(bytes, { maxRowBytes }));
      }),
    );
  });

  it("reads valid CSV as csv-parse does, with the line, place and bytes of each record", () => {
    const text = fc
      .array(fc.constantFrom("a", "7", " ", ",", ";", '"', "\n", "\r\n", "\r", "é", "😀"), { maxLength: 6 })
      .map((parts) => parts.join(""));
    const field = fc.record({ text, quote: fc.boolean() }).map(({ text: value, quote }) => ({
      value,
      written: quote || /[,"\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value,
    }));
    const record = fc.record({
      fields: fc.array(field, { minLength: 1, maxLength: 4 }),
      end: fc.constantFrom("\n", "\r\n", "\r"),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), fc.boolean(), (records, cutLastEnd) => {
        const rows = records.map(({ fields, end }) => fields.map(({ written }) => written).join(",") + end);
        const whole = rows.join("");
        const csv = Buffer.from(cutLastEnd ? whole.replace(/(?:\r\n|\r|\n)$/, "") : whole);
        const found = read(csv);
        const expected: string[][] = parse(csv, {
          record_delimiter: ["\r\n", "\n", "\r"],
          relax_column_count: true,
          skip_empty_lines: true,
        });
        expect(fieldsOf(found)).toEqual(expected);
        for (const { offset, length, raw, line, fields } of found) {
          const bytes = csv.subarray(offset, offset + (length ?? 0));
          expect(bytes.toString()).toBe(raw);
          expect(fieldsOf(read(bytes))).toEqual([fields]);
          expect(line).toBe(1 + linesIn(csv.subarray(0, offset)));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("agrees with csv-parse on whatever csv-parse takes", () => {
    let compared = 0;
    fc.assert(
      fc.property(trickyBytes, (bytes) => {
        let expected: string[][];
        try {
          expected = parse(bytes, {
            record_delimiter: ["\r\n", "\n", "\r"],
            relax_column_count: true,
            skip_empty_lines: true,
          });
        } catch {
          return;
        }
        if (bytes.includes(0)) return;
        compared++;
        expect(fieldsOf(read(bytes))).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
    expect(compared).toBeGreaterThan(300);
  });

  it("leaves out nothing but line ends and blank lines", () => {
    fc.assert(
      fc.property(trickyBytes, fc.boolean(), (bytes, trim) => {
        let end = 0;
        for (const { offset, raw } of read(bytes, { trim })) {
          expect(offset).toBeGreaterThanOrEqual(end);
          expect(bytes.subarray(end, offset).toString().trim()).toBe("");
          end = offset + Buffer.byteLength(raw);
          expect(bytes.subarray(offset, end).toString()).toBe(raw);
        }
        expect(bytes.subarray(end).toString().trim()).toBe("");
      }),
      { numRuns: 2000 },
    );
  });

  it("counts CRLF, LF and lone CR as one line each, inside quotes too", () => {
    const found = read('a,b\r\n"1\r\n2","3\r4\n5"\rc,d\n\n\r\ne,f');
    expect(brief(found)).toEqual([
      [1, "a", "b"],
      [2, "1\r\n2", "3\r4\n5"],
      [6, "c", "d"],
      [9, "e", "f"],
    ]);
    expect(found[1]?.lineCount).toBe(4);
  });

  it("starts counting where it is told", () => {
    expect(read("a\nb", { line: 10, offset: 100 })).toMatchObject([
      { line: 10, offset: 100 },
      { line: 11, offset: 102 },
    ]);
  });

  it("passes over blank lines, but not over a quoted nothing or empty fields", () => {
    expect(fieldsOf(read('\n\r\n""\n,\n'))).toEqual([[""], ["", ""]]);
    expect(fieldsOf(read("  \n\t\na"))).toEqual([["  "], ["\t"], ["a"]]);
    expect(fieldsOf(read("  \n\t\na", { trim: true }))).toEqual([["a"]]);
  });

  it("trims white space outside quotes only", () => {
    const csv = ' a b ,\t" c " , d\u00a0,e"e"\n';
    expect(fieldsOf(read(csv, { trim: true }))).toEqual([["a b", " c ", "d", 'e"e"']]);
    expect(fieldsOf(read(csv))).toEqual([[" a b ", '\t" c " ', " d\u00a0", 'e"e"']]);
  });

  it("keeps empty fields between tabs when tab is the delimiter", () => {
    expect(fieldsOf(read('a\t\t "b" \t\n', { delimiter: "\t", trim: true }))).toEqual([["a", "", "b", ""]]);
  });

  it("gives an empty text for a field that is not there", () => {
    parseCsv(
      Buffer.from("a,b,c\nd"),
      {
        record: (record) => expect(record.field(2)).toBe(record.fieldCount === 3 ? "c" : ""),
        rejected: () => expect.unreachable(),
      },
      { delimiter: "," },
    );
  });

  it("rejects a row with text after a closing quote, and goes on", () => {
    expect(brief(read('1,"2"3\n4,"5" \n6,7'))).toEqual([
      [1, "text-after-quote", '1,"2"3'],
      [2, "text-after-quote", '4,"5" '],
      [3, "6", "7"],
    ]);
  });

  it("rejects rows with NUL bytes or bytes that are not UTF-8, and goes on", () => {
    const csv = Buffer.concat([
      Buffer.from('a\0,b\n"\0"\nc,'),
      Buffer.from([0xc3]),
      Buffer.from("\né,d\n\u00fc"),
    ]);
    expect(brief(read(csv))).toEqual([
      [1, "nul", "a\0,b"],
      [2, "nul", '"\0"'],
      [3, "invalid-utf8", "c,\uFFFD"],
      [4, "é", "d"],
      [5, "ü"],
    ]);
  });

  it("rejects a last row that ends within a character", () => {
    expect(brief(read(Buffer.from("é\né").subarray(0, 4)))).toEqual([
      [1, "é"],
      [2, "invalid-utf8", "\uFFFD"],
    ]);
  });

  it("rejects the row whose quote is open at the end of the file, and reads the rows after it", () => {
    expect(brief(read('a,b\n1,"2\n3,4\n5,6'))).toEqual([
      [1, "a", "b"],
      [2, "unclosed-quote", '1,"2'],
      [3, "3", "4"],
      [4, "5", "6"],
    ]);
  });

  it("rejects the row whose quote meets text on a later line, and reads the rows after it", () => {
    expect(brief(read('1,"2\n3,"4"\n5,6\n'))).toEqual([
      [1, "unclosed-quote", '1,"2'],
      [2, "3", "4"],
      [3, "5", "6"],
    ]);
  });

  it("ends a rejected row with the line on which the quote opened, not the one the row began on", () => {
    expect(brief(read('"1\n2","3\n4,5\n'))).toEqual([
      [1, "unclosed-quote", '"1\n2","3'],
      [3, "4", "5"],
    ]);
  });

  it("does not let an unclosed quote swallow a large file", () => {
    const rows = Array.from({ length: 100_000 }, (_, index) => `5000000,${1889211721 + index}`);
    rows[10] = '5000000,"1889211731';
    const bytes = Buffer.from(rows.join("\n"));
    expect(bytes.length).toBeGreaterThan(1.5 * MAX_ROW_BYTES);
    const found = readInPieces(
      bytes,
      Array.from({ length: 40 }, (_, index) => index * 65_536),
      {},
    );
    expect(found.length).toBe(100_000);
    expect(found.filter(({ problem }) => problem !== undefined)).toEqual([
      { line: 11, offset: 190, problem: "unclosed-quote", raw: '5000000,"1889211731' },
    ]);
    expect(found.at(-1)).toMatchObject({ line: 100_000, fields: ["5000000", "1889311720"] });
  });

  it("takes a row of exactly the limit and rejects one that is a byte longer, cut at the limit", () => {
    expect(brief(read("abcd\r\nabcde\nf", { maxRowBytes: 4 }))).toEqual([
      [1, "abcd"],
      [2, "too-long", "abcd"],
      [3, "f"],
    ]);
    expect(brief(read("abcd", { maxRowBytes: 4 }))).toEqual([[1, "abcd"]]);
    expect(brief(read('"abcdefgh\nij"\nk', { maxRowBytes: 4 }))).toEqual([
      [1, "too-long", '"abc'],
      [2, 'ij"'],
      [3, "k"],
    ]);
  });

  it("counts the lines of a row over the limit", () => {
    expect(brief(read('"a\nb",cccccccc\nd', { maxRowBytes: 8 }))).toEqual([
      [1, "too-long", '"a\nb",cc'],
      [3, "d"],
    ]);
  });

  it("refuses what cannot be a delimiter", () => {
    for (const delimiter of ["", "ab", '"', "\n", "é", " "]) {
      expect(() => new CsvMachine(collector().sink, { delimiter })).toThrow(RangeError);
    }
  });
});

function linesIn(bytes: Uint8Array): number {
  return (
    Buffer.from(bytes)
      .toString("latin1")
      .split(/\r\n|\r|\n/).length - 1
  );
}
