import * as fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { monitorScreen, monitorText, sparkline } from "../../src/terminal/monitor-text.ts";
import { PLAIN, type TextStyle } from "../../src/terminal/style.ts";
import { beatOf, GONE, RUNNING } from "../progress/samples.ts";
import { DIED, ended, pictureOf, TIME } from "./pictures.ts";

const at = (width: number): TextStyle => ({ width, unicode: true, color: false });

describe("the monitor's screen", () => {
  it("shows everything on 80 x 24", () => {
    expect(monitorScreen(pictureOf(), at(80), 24)).toEqual([
      "2026-07-01 12:12:10 UTC: 2 states, 2 running",
      `${"█".repeat(32)}${"░".repeat(42)} 43.6%`,
      "Work items  60 of 196 done, 4 empty, 2 failed, 130 left",
      "Files       1,120 of 2,600 done, 14 failed, 1,466 left",
      "Speed       12.0 files/s, 0 work items/min, 11.4 MiB/s, 114.4 MiB in total",
      "Time left   2 min 19 s, until machine1_state.db, the last one, ends",
      "Throughput  ▂▃▆█ up to 12.0 files/s in 40 s",
      "Retries     8, throttled 2 times",
      "",
      "State              Part     Done   Left         Speed   Time left  Process",
      "machine1_state.db  0 of 2  30.4%  1,393  10.0 files/s  2 min 19 s  pid 4711",
      "machine2_state.db  1 of 2  87.8%     73   2.0 files/s        37 s  pid 4712",
      "",
      "Failed      source-not-found 7 files",
      "Skipped     conflict 3 files",
      "Slowest     1 min 01 s, 3 of 800 files: job-1/1889211721",
      "",
      "q or Ctrl+C closes the monitor; the runs continue",
    ]);
  });

  it("says more of the processes where there is room", () => {
    const screen = monitorScreen(pictureOf({}, { writer: ended(130, "Ctrl+C") }), at(200), 50).join("\n");
    expect(screen).toContain("2 min 19 s  pid 4711 on machine1 for 12 min 05 s");
    expect(screen).toMatch(/ - +- {2}Ctrl\+C, 1 h 00 min ago \(exit code 130\)$/m);
  });

  it("leaves out what matters least first, and the bar last", () => {
    const screen = (rows: number) =>
      monitorScreen(pictureOf(), at(80), rows).map((line) => line.slice(0, 10).trim());
    expect(screen(12)).not.toContain("Slowest");
    expect(screen(12)).toContain("machine1_s");
    expect(screen(8)).toEqual(
      ["", "Work items", "Files", "Speed", "Time left", "State", "machine1_s", "machine2_s"].with(
        0,
        "██████████",
      ),
    );
    expect(screen(3)).toEqual(["██████████", "Files", "Time left"]);
    expect(monitorScreen(pictureOf(), at(80), 1)).toEqual([expect.stringMatching(/43\.6%$/)]);
  });

  it("keeps within any size, whatever the names are", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        fc.integer({ min: 30, max: 200 }),
        fc.integer({ min: 1, max: 60 }),
        text,
        fc.boolean(),
        (width, rows, name, unicode) => {
          const waiting = [{ ...GONE, what: name, advice: name }];
          const writer = { ...RUNNING, heartbeat: beatOf({ waiting }) };
          const picture = pictureOf({ writer }, { writer: ended(6, name) });
          const lines = monitorScreen(picture, { width, unicode, color: false }, rows);
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("cannot be garbled by names, and shows no secret", () => {
    const waiting = [{ ...GONE, what: "x\r\u001b[31m https://a/b?sv=1&sig=TopSecret" }];
    const text = monitorText(pictureOf({ writer: { ...RUNNING, heartbeat: beatOf({ waiting }) } })).join(
      "\n",
    );
    expect(text).toContain("x\\u{d}\\u{1b}[31m");
    expect(text).not.toContain("TopSecret");
  });
});

describe("the monitor's text", () => {
  const text = (...parts: Parameters<typeof pictureOf>) => monitorText(pictureOf(...parts)).join("\n");

  it("is the same without a terminal, in ASCII", () => {
    const lines = text();
    expect(lines).toContain("#".repeat(13));
    expect(lines).toContain("Throughput  .:+# up to 12.0 files/s in 40 s");
    expect(lines).not.toContain("Ctrl+C leaves");
    // oxlint-disable-next-line no-control-regex -- what is not ASCII is looked for
    expect(lines).not.toMatch(/[^\n\x20-\x7e]/);
  });

  it("says of a process that was killed since when, and that the end is unknown", () => {
    const lines = text({}, { writer: DIED });
    expect(lines).toContain("2 states, 1 running, 1 died");
    expect(lines).toContain("died 2 min 05 s ago");
    expect(lines).toContain("Time left   unknown: no process works on machine2_state.db");
  });

  it("says of a process that reports nothing any more for how long", () => {
    const writer = { ...RUNNING, heartbeat: beatOf({ at: TIME - 95_000 }) };
    expect(text({ writer })).toContain("pid 4711, silent for 1 min 35 s");
  });

  it("names a service that is waited for once", () => {
    const writer = { ...RUNNING, heartbeat: beatOf({ at: TIME, waiting: [GONE] }) };
    const lines = text({ writer }, { writer });
    expect(lines.match(/^Waiting/gm)).toHaveLength(1);
    expect(lines).toContain(
      "Waiting     for target account.blob.core.windows.net since 2026-07-01 12:00:05 UTC: run `az login`",
    );
    expect(lines).toContain("Time left   unknown while waiting");
    expect(lines).toContain("waits");
  });

  it("says that the total is estimated, and for what", () => {
    const lines = text({ notLookedUp: 20, notSurveyed: 15 });
    expect(lines).toContain("of about ");
    expect(lines).toContain("15 work items not counted yet");
    expect(lines).toMatch(/machine1_state\.db .* ~1,/);
  });

  it("adds up no states that do not belong together, and says why", () => {
    const lines = text({}, { csvDigest: "other" });
    expect(lines).toContain(
      "Not added up: data/machine2_state.db has another CSV than data/machine1_state.db",
    );
    expect(lines).toContain("machine1_state.db");
    expect(lines).not.toContain("Work items");
  });

  it("names the partitions that are not in it", () => {
    const share = { totalPartitions: 4 };
    expect(text(share, share)).toContain("Missing     partitions 2, 3 of 4: their states are not given");
  });

  it("says when nothing is left", () => {
    const done = {
      workItems: { completed: 3 },
      files: { total: 9, copied: 9 },
      writer: ended(0, "finished"),
    };
    const lines = text(done, done);
    expect(lines).toContain("Time left   nothing is left");
    expect(lines).toContain("finished, 1 h 00 min ago (exit code 0)");
    expect(lines).not.toContain("Retries");
  });
});

describe("a sparkline", () => {
  it("spans from 0 to the largest", () => {
    expect(sparkline([0, 1, 2, 7], { ...PLAIN, unicode: true })).toBe("▁▂▃█");
    expect(sparkline([0, 0], PLAIN)).toBe("__");
  });
});
