import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { numberRanges } from "../../src/terminal/number-ranges.ts";
import { runMonitorScreen, runMonitorText } from "../../src/terminal/run-picture-text.ts";
import { runStatusText } from "../../src/terminal/run-status-text.ts";
import { subPartition } from "../../src/core/sub-partition.ts";
import type { TextStyle } from "../../src/terminal/style.ts";
import { donePart, LOOKED_AT, notStarted, partOf } from "../progress/run-samples.ts";
import { autoParts, runPictureOf } from "./run-pictures.ts";

const style = (width: number): TextStyle => ({ width, unicode: true, color: false });
const screen = (picture = runPictureOf(), width = 80, rows = 24) =>
  runMonitorScreen(picture, style(width), rows);

describe("the screen of a whole run", () => {
  it("shows everything on 80 x 24", () => {
    expect(screen()).toEqual([
      "Run         5972dbbb7b0c at 2026-07-01 12:12:10 UTC: failed_workitems.csv into",
      "            https://account.blob.core.windows.net/results",
      "█████████████████████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 40.0%",
      "Work items  151 of 400 done, 6 empty, 3 failed, 240 left",
      "Files       1,570 of about 4,000 done, 21 failed, 9 skipped, about 2,400 left",
      "Speed       10.0 files/s, 60.0 work items/min, 2.9 MiB in total",
      "Time left   unknown: nobody works on 2 partitions",
      "Throughput  ▂▄▇█ up to 10.0 files/s in 40 s",
      "Partitions  1 of 4 done, 1 held by 1 machine, 1 dead, 1 not started",
      "To do       resume partition 2 there, or start elsewhere with --take-over;",
      "            start partition 3: nobody has",
      "",
      "Machine   Part      Done  Items/min   Time left  State",
      "machine3  2 of 4   30.0%          -           -  dead, seen 1 min 05 s ago",
      "machine1  0 of 4   30.0%       60.0  1 min 05 s  alive",
      "machine2  1 of 4  100.0%          -           -  done",
      "",
      "Failed      source-not-found 21",
      "",
      "q or Ctrl+C closes the monitor; the runs continue",
    ]);
  });

  it("tells whose end the time left is, and that nothing is left", () => {
    const running = screen(runPictureOf([partOf(0), partOf(1, { etaMs: 90_000 })]));
    expect(running).toContain("Time left   1 min 25 s, until partition 1 on machine2, the last one, ends");
    const done = screen(runPictureOf([donePart(0), donePart(1)]));
    expect(done).toContain("Time left   nothing is left");
    expect(done.join("\n")).not.toContain("To do");
  });

  it("says which machine an operator has paused", () => {
    const paused = screen(runPictureOf([partOf(0, { isPaused: true }), partOf(1)])).join("\n");
    expect(paused).toMatch(/machine1 .* alive, paused$/m);
    expect(paused).toMatch(/machine2 .* alive$/m);
  });

  it("shows 256 partitions in few lines: their counts, and the machines", () => {
    const lines = screen(runPictureOf(autoParts(256), { mode: "auto" }));
    expect(lines).toContain("Partitions  128 of 256 done, 16 held by 6 machines, 2 dead, 110 free");
    expect(lines.filter((line) => line.startsWith("vm-worker-"))).toHaveLength(6);
    expect(lines.join("\n")).toMatch(/^Machine +Part +Done +.*Items\/min .*State/m);
    expect(lines.join("\n")).toContain("alive, lost 1");
    expect(lines.length).toBeLessThanOrEqual(24);
  });

  it("fits every terminal, and says how many machines are not shown", () => {
    const parts = Array.from({ length: 40 }, (_, at) =>
      at % 9 === 4 ? notStarted(at) : partOf(at, { life: at % 13 === 6 ? "dead" : "alive" }),
    );
    for (const [width, rows] of [
      [80, 24],
      [200, 50],
      [60, 20],
      [40, 14],
    ] as const) {
      const lines = screen(runPictureOf(parts), width, rows);
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(lines.filter((line) => stringWidth(line) > width)).toEqual([]);
      expect(lines.join("\n").replaceAll(/\s+/g, " ")).toContain("start partitions 4, 13, 22, 31");
    }
    expect(screen(runPictureOf(parts)).join("\n")).toMatch(/and \d+ more/);
  });

  it("leaves columns out before it cuts a name of a usual length", () => {
    const host = "worker-west-europe-1";
    const names = [partOf(0, { host }), partOf(1, { host, stateId: "b", life: "dead", toldAgo: 4_000 })];
    const lines = screen(runPictureOf(names)).filter((line) => line.includes("worker-"));
    expect(lines.map((line) => line.split("  ")[0])).toEqual([host, host]);
    const long = screen(runPictureOf([partOf(0, { host: "w".repeat(60) })]));
    expect(long.join("\n")).toContain("w…  0 of 1");
  });

  it("names a state that counts otherwise, and an account that does not answer", () => {
    const counts = { workItems: 29, files: 290 };
    const text = runMonitorText(
      runPictureOf([partOf(0)], {
        silent: { since: LOOKED_AT - 42_000, why: "no answer within 5000 ms" },
        differences: [
          {
            kind: "done-differs",
            stateDb: "m1.db",
            partition: 0,
            inState: { workItems: 1, files: 295 },
            inAccount: counts,
            otherHost: undefined,
          },
        ],
      }),
    );
    expect(text).toContain(
      "Differs     m1.db has 1 work item and 295 files done, the account's checkpoint of partition 0 29 work items and 290 files: resume it with this state",
    );
    expect(text).toContain(
      "Waiting     the account has not answered for 42 s: no answer within 5000 ms; all of this is as it was before",
    );
  });
});

describe("the status of a whole run", () => {
  it("is a line for each machine and one for all", () => {
    const { picture } = runPictureOf();
    const lines = runStatusText(picture, picture.exitCode);
    expect(lines.map((line) => line.split(" ")[0])).toEqual([
      "machine=machine3",
      "machine=machine1",
      "machine=machine2",
      "total",
    ]);
    expect(lines[1]).toBe(
      "machine=machine1 pid=4711 state=alive partition=0 partitions_held=1 partitions_done=0 work_items=100 work_items_left=70 files_per_second=10.00 work_items_per_minute=60.00 told_at=2026-07-01T12:12:05.000Z",
    );
    expect(lines[3]).toContain("exit_code=6 partitions=4 partitions_done=1 partitions_alive=1");
    expect(lines[3]).toContain("work_items=400 work_items_done=151");
  });
});

describe("a run whose machines have given work away", () => {
  const parts = [
    partOf(0),
    donePart(subPartition(0, 1), { host: "machine2", stateId: "b" }),
    notStarted(subPartition(0, 2)),
  ];
  const ofRun = runPictureOf(parts, { mode: "auto", totalPartitions: 1 });

  it("counts what was given away among the partitions", () => {
    expect(screen(ofRun)).toContain("Partitions  1 of 3 done, 1 held by 1 machine, 1 free");
    expect(runStatusText(ofRun.picture, 7).at(-1)).toContain(
      "partitions=3 partitions_done=1 partitions_alive=1 partitions_dead=0 partitions_left=0 partitions_not_started=1",
    );
  });

  it("names them as its machines do", () => {
    expect(runStatusText(ofRun.picture, 7).join("\n")).toContain(" partition=0-1 ");
  });
});

describe("a list of numbers", () => {
  it.each([
    [[3], "3"],
    [[3, 4, 7, 8, 9], "3, 4, 7-9"],
    [[1, 3, 5, 7, 8, 9], "1, 3 and 4 more"],
  ])("%j is %s", (numbers, text) => expect(numberRanges(numbers, text.includes("more") ? 2 : 9)).toBe(text));
});
