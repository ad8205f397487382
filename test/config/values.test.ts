import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FAILURE_CODES } from "../../src/core/failure.ts";
import { suggest } from "../../src/config/suggest.ts";
import {
  bandwidth,
  concurrency,
  containerName,
  duration,
  headerText,
  maxFailures,
  nameTemplate,
  oneOf,
  queueNames,
  requestRate,
  retryFailed,
  text,
  wholeNumber,
  yesOrNo,
} from "../../src/config/values.ts";

describe("a whole number", () => {
  it("is every one of its range and nothing else", () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 250 }), (value) => {
        const isIn = value >= 1 && value <= 200;
        const parse = () => wholeNumber(1, 200)(String(value));
        if (isIn) expect(parse()).toBe(value);
        else expect(parse).toThrow("expected a whole number from 1 to 200");
      }),
    );
  });

  it.each(["", " 5", "5 ", "+5", "1e2", "0x10", "5.0", "٣", "five"])("is not %j", (given) => {
    expect(() => wholeNumber(0, 1000)(given)).toThrow(RangeError);
  });
});

describe("a duration", () => {
  const any = duration("0s", "365d");
  it.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["10m", 600_000],
    ["6h", 21_600_000],
    ["2d", 172_800_000],
    ["1h30m", 5_400_000],
    ["0.5s", 500],
  ])("%s is %i ms", (given, ms) => expect(any(given)).toBe(ms));

  it.each(["", "5", "s", "-5s", "5 s", "5s ", "5x", "1h,30m", "h1"])("%j is none", (given) => {
    expect(() => any(given)).toThrow("expected a duration such as 30s, 10m or 6h");
  });

  it("is not shorter than its least and not longer than its greatest value", () => {
    const ttl = duration("1m", "25d");
    expect([ttl("60s"), ttl("1m"), ttl("25d")]).toEqual([60_000, 60_000, 25 * 86_400_000]);
    for (const given of ["0s", "500ms", "59.9s", "25d1ms", "999999999999d"]) {
      expect(() => ttl(given), given).toThrow("expected a duration from 1m to 25d");
    }
    expect(ttl.range).toBe("1m to 25d");
  });
});

describe("numbers without an end", () => {
  const endless = "9".repeat(400);
  it.each([
    [maxFailures, endless, "from 0 to 1000000000"],
    [maxFailures, "1000000001", "from 0 to 1000000000"],
    [maxFailures, "100.1%", "0% to 100%"],
    [bandwidth, `${endless}MB/s`, "from 10kB/s to 1000GB/s"],
    [bandwidth, `08:00,${endless}B/s`, "from 10kB/s to 1000GB/s"],
    [requestRate, `${endless}/s`, "from 1/s to 1000000/s"],
    [requestRate, "0/s", "from 1/s to 1000000/s"],
    [wholeNumber(1, 10), endless, "from 1 to 10"],
    [concurrency, endless, "from 1 to 10000"],
  ] as const)("are none (%#)", (parse, given, message) => {
    expect(() => parse(given)).toThrow(message);
    expect(parse.range).toBeDefined();
  });
});

describe("an option's words", () => {
  it("are taken as they are, and a near one is suggested", () => {
    expect(oneOf("auto", "server", "stream")("stream")).toBe("stream");
    expect(() => oneOf("auto", "server", "stream")("steam")).toThrow(
      "expected auto, server or stream (did you mean stream?)",
    );
    expect(() => oneOf("auto", "server")("zzzzzz")).toThrow(/^expected auto or server$/);
  });

  it("are true and false for a switch", () => {
    expect([yesOrNo("true"), yesOrNo("false")]).toEqual([true, false]);
    expect(() => yesOrNo("yes")).toThrow("expected true or false");
  });

  it("a header's text is one line of ASCII, without the blanks around it", () => {
    expect(headerText(" text/plain; charset=utf-8 ")).toBe("text/plain; charset=utf-8");
    for (const given of ["a\r\nb", "a\nb", "a\0", "日本", "é", "a\tb", " ", ""]) {
      const message =
        given.trim() === ""
          ? "expected a text that is not empty"
          : "expected ASCII letters, digits and signs on one line";
      expect(() => headerText(given), given).toThrow(message);
    }
  });

  it("are refused when they are empty", () => {
    expect(text(" a ")).toBe(" a ");
    expect(() => text(" ")).toThrow("expected a text that is not empty");
  });
});

describe("codes to retry", () => {
  it("are all, none, or a list of known ones", () => {
    expect([retryFailed("all"), retryFailed("true")]).toEqual(["all", "all"]);
    expect([retryFailed("none"), retryFailed("false")]).toEqual(["none", "none"]);
    expect(retryFailed(FAILURE_CODES.join(", "))).toEqual(FAILURE_CODES);
    expect(() => retryFailed("conflict,timeuot")).toThrow("did you mean timeout?");
    expect(() => retryFailed("conflict,")).toThrow("expected failure codes");
    expect(() => retryFailed("zzzzzzzzzzzzzzzz")).toThrow("the codes are source-not-found");
  });
});

describe("names of containers and queues", () => {
  it.each(["abc", "results-2", "0a0", "a".repeat(63)])("%s is one", (name) => {
    expect([containerName(name), queueNames(name)]).toEqual([name, name]);
  });

  it.each(["ab", "a".repeat(64), "Results", "a--b", "-ab", "ab-", "a_b", "a.b", ""])("%j is none", (name) => {
    expect(() => containerName(name)).toThrow("expected a container name: 3 to 63 lower-case letters");
    expect(() => queueNames(name)).toThrow("expected a queue name");
  });

  it("several queues are a list of different ones", () => {
    expect(queueNames("one, two,three")).toBe("one,two,three");
    expect(() => queueNames("one,two,one")).toThrow("one is given twice");
    expect(() => queueNames("one,")).toThrow("expected a queue name");
  });
});

it("a name template is checked when it is given", () => {
  expect(nameTemplate("{workItemId}/{fileName}")).toBe("{workItemId}/{fileName}");
  expect(() => nameTemplate("{workItem}")).toThrow("{workItem}");
});

describe("a suggestion", () => {
  const known = ["file-workers", "queue", "target", "target-container"];

  it.each([
    ["file-wokers", "file-workers"],
    ["QUEUE", "queue"],
    ["quuee", "queue"],
    ["targets", "target"],
    ["zzzzzzzz", undefined],
  ])("is made for %s: %s", (given, near) => expect(suggest(given, known)).toBe(near));

  it("is the word itself when it is known, and always one of the known words", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (given, words) => {
        const near = suggest(given, words);
        if (words.includes(given)) expect(near?.toLowerCase()).toBe(given.toLowerCase());
        if (near !== undefined) expect(words).toContain(near);
      }),
    );
  });
});

describe("the value of a brake", () => {
  it.each([
    ["10MB/s", 10_000_000],
    ["80Mbit/s", 10_000_000],
    ["1.5GB/s", 1_500_000_000],
    ["512KiB/s", 524_288],
    ["2MiB/s", 2_097_152],
    ["off", undefined],
  ])("is read from a bandwidth: %s is %d bytes a second", (given, bytes) => {
    expect(bandwidth(given).at(0)).toBe(bytes);
  });

  it.each(["", "10", "10MB", "MB/s", "10mb/s", "-1MB/s", "0MB/s", "1kB/s", "10 MB/s", "10MB/h", "1e3MB/s"])(
    "%j is no bandwidth",
    (given) =>
      expect(() => bandwidth(given)).toThrow("expected a rate from 10kB/s to 1000GB/s such as 10MB/s"),
  );

  it("may be a timetable of several rates", () => {
    const noon = new Date(2026, 0, 15, 12, 0).getTime();
    expect(bandwidth("08:00,10MB/s 20:00,off").at(noon)).toBe(10_000_000);
    expect(requestRate("08:00,500/s 20:00,off").at(noon)).toBe(500);
  });

  it.each(["", "500", "0/s", "1.5/s", "-1/s", "500/min"])("is no request rate: %j", (given) => {
    expect(() => requestRate(given)).toThrow("expected a rate from 1/s to 1000000/s such as 500/s");
  });

  it.each([
    ["auto", "auto"],
    ["1", 1],
    ["10000", 10_000],
  ])("may be a concurrency of %s", (given, value) => expect(concurrency(given)).toBe(value));

  it.each(["", "0", "10001", "automatic", "2x", "1.5"])("is no concurrency: %j", (given) => {
    expect(() => concurrency(given)).toThrow("expected auto, or a whole number from 1 to 10000");
  });
});
