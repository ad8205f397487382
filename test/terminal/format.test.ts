import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  byteRate,
  bytes,
  count,
  dateTime,
  duration,
  durationRange,
  fileRate,
  percent,
  quantity,
  workItemRate,
} from "../../src/terminal/format.ts";
import { isoTime } from "../../src/report/json-forms.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe("formatted counts", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [12_345, "12,345"],
    [1_234_567.4, "1,234,567"],
  ])("%d is %s", (value, text) => expect(count(value)).toBe(text));

  it("are what Intl gives, without loading it", () => {
    const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
    const oneDecimal = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    const upTo = (max: number) => fc.double({ min: 0, max, noNaN: true });
    fc.assert(
      fc.property(upTo(2 ** 53), (value) => {
        expect(count(value)).toBe(whole.format(Math.abs(value)));
      }),
    );
    // Not just between two decimals: Intl rounds 0.35 up, which is a little less in binary.
    const tenths = fc.integer({ min: 11, max: 998 }).map((tenth) => tenth / 10 + 0.02);
    fc.assert(
      fc.property(tenths, (value) => {
        expect(fileRate(value)).toBe(`${oneDecimal.format(value)} files/s`);
      }),
    );
  });

  it("have the singular for 1 alone", () => {
    expect([0, 1, 2].map((value) => quantity(value, "file"))).toEqual(["0 files", "1 file", "2 files"]);
    expect(quantity(1_000, "retry", "retries")).toBe("1,000 retries");
  });
});

describe("formatted rates of work items", () => {
  it.each([
    [0, "0 work items/min"],
    [0.2, "12.0 work items/h"],
    [8.31, "8.3 work items/min"],
    [1_234.4, "1,234 work items/min"],
  ])("%d a minute is %s", (value, text) => expect(workItemRate(value)).toBe(text));
});

describe("formatted sizes", () => {
  it.each([
    [0, "0 B"],
    [1_023, "1,023 B"],
    [1_023.6, "1.0 KiB"],
    [1_024, "1.0 KiB"],
    [1_572_864, "1.5 MiB"],
    [1_048_575, "1.0 MiB"],
    [1_000 * 1_024 ** 2, "1,000.0 MiB"],
    [5 * 1_024 ** 4, "5.0 TiB"],
    [3_000 * 1_024 ** 5, "3,000.0 PiB"],
  ])("%d bytes are %s", (value, text) => expect(bytes(value)).toBe(text));

  it("never show 1,024 of a unit that has a larger one", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1_024 ** 5, noNaN: true }), (value) => {
        expect(bytes(value)).not.toMatch(/^1,024/);
      }),
    );
  });
});

describe("formatted rates", () => {
  it.each([
    [0, "0 files/s"],
    [0.05, "3.0 files/min"],
    [0.999, "59.9 files/min"],
    [1, "1.0 files/s"],
    [85.312, "85.3 files/s"],
    [99.96, "100 files/s"],
    [1_234.5, "1,235 files/s"],
  ])("%d files a second are %s", (value, text) => expect(fileRate(value)).toBe(text));

  it("have the size's unit for bytes", () => expect(byteRate(1_572_864)).toBe("1.5 MiB/s"));
});

describe("formatted durations", () => {
  it.each([
    [0, "0 s"],
    [0.3, "0 s"],
    [850, "850 ms"],
    [999.7, "1 s"],
    [38 * SECOND, "38 s"],
    [59.6 * SECOND, "1 min 00 s"],
    [5 * MINUTE + 9 * SECOND, "5 min 09 s"],
    [HOUR - 300, "1 h 00 min"],
    [2 * HOUR + 5 * MINUTE, "2 h 05 min"],
    [2 * HOUR + 59.8 * MINUTE, "3 h 00 min"],
    [24 * HOUR - SECOND, "1 d 00 h"],
    [76 * HOUR, "3 d 04 h"],
    [48_000 * HOUR, "2,000 d 00 h"],
  ])("%d ms are %s", (value, text) => expect(duration(value)).toBe(text));

  it("never show 60 of a unit that has a larger one", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1_000 * HOUR, noNaN: true }), (value) => {
        expect(duration(value)).not.toMatch(/\b60 (s|min)|\b24 h|\b1000 ms/);
      }),
    );
  });

  it("are a range, or one time when both ends read the same", () => {
    expect(durationRange(28_000, 65_000)).toBe("28 s to 1 min 05 s");
    expect(durationRange(38_100, 38_400)).toBe("38 s");
    expect(durationRange(0, 400)).toBe("0 s");
  });
});

describe("formatted percentages", () => {
  it.each([
    [10_523, 21_000, "50.1%"],
    [10_477, 21_000, "49.9%"],
    [0, 7, "0.0%"],
    [99_999, 100_000, "99.9%"],
    [7, 7, "100.0%"],
    [0, 0, "0.0%"],
  ])("%d of %d are %s", (part, whole, text) => expect(percent(part, whole)).toBe(text));
});

describe("formatted dates", () => {
  const time = Date.UTC(2026, 6, 1, 12, 0, 5, 250);

  it("are UTC, to the second for people and whole for programs", () => {
    expect(dateTime(time)).toBe("2026-07-01 12:00:05 UTC");
    expect(isoTime(time)).toBe("2026-07-01T12:00:05.250Z");
  });
});
