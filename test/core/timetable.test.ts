import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTimetable } from "../../src/core/timetable.ts";

const at = (hour: number, minute: number): number => new Date(2026, 0, 15, hour, minute, 30).getTime();

describe("a timetable", () => {
  it("holds one rate all day when it has one", () => {
    expect(parseTimetable("7", Number).at(at(3, 0))).toBe(7);
    expect(parseTimetable("off", Number).at(at(3, 0))).toBeUndefined();
  });

  it("tells the lowest of its rates", () => {
    expect(parseTimetable("08:00,10 12:00,5 20:00,off", Number).lowest).toBe(5);
    expect(parseTimetable("off", Number).lowest).toBeUndefined();
    expect(parseTimetable("7", Number).lowest).toBe(7);
  });

  it("gives the rate of the last time that has passed, after midnight that of the day before", () => {
    const table = parseTimetable("20:00,off 08:00,10 12:30,5", Number);
    const rates = [at(0, 0), at(7, 59), at(8, 0), at(12, 29), at(12, 30), at(19, 59), at(20, 0), at(23, 59)];
    expect(rates.map((time) => table.at(time))).toEqual([
      undefined,
      undefined,
      10,
      10,
      5,
      5,
      undefined,
      undefined,
    ]);
  });

  it("holds each rate from its own time on, whatever the times are", () => {
    const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 1_439 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(minutes, (times) => {
        const clock = (minute: number) =>
          `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;
        const table = parseTimetable(
          times.map((minute) => `${clock(minute)},${minute + 1}`).join(" "),
          Number,
        );
        for (const minute of times) {
          expect(table.at(at(Math.floor(minute / 60), minute % 60))).toBe(minute + 1);
        }
      }),
    );
  });

  it.each([
    ["08:00,", 'expected TIME,RATE such as 08:00,10MB/s, but "08:00," is not'],
    ["24:00,5", 'but "24:00,5" is not'],
    ["8:60,5", 'but "8:60,5" is not'],
    ["08:00,5 9", 'but "9" is not'],
    ["08:00,5 8:00,6", "expected each time of day only once"],
  ])("is not %j", (text, message) => expect(() => parseTimetable(text, Number)).toThrow(message));
});
