import { describe, expect, it } from "vitest";
import type { JoinedMachine } from "../../src/progress/run-machines.ts";
import { donePart, LOOKED_AT, notStarted, partOf, pictureOfRun, WITHOUT_FAILURES } from "./run-samples.ts";

describe("the picture of a whole run", () => {
  it("adds up all partitions, those that nobody has begun by the CSV's count", () => {
    const { total, counts, failures } = pictureOfRun([
      partOf(0, { filesLeftOut: 20 }),
      donePart(1, { filesLeftOut: 4 }),
      notStarted(2),
    ]);
    expect(total.workItems).toMatchObject({ total: 300, done: 124, empty: 4, failed: 2, left: 170 });
    expect(total.files).toEqual({
      total: 3_000,
      totalIsKnown: false,
      done: 1_280,
      failed: 14,
      skipped: 6,
      left: 1_700,
      leftOut: 24,
    });
    expect(counts).toEqual({ alive: 1, dead: 0, left: 0, done: 1, "not-started": 1 });
    expect(failures).toEqual([{ code: "source-not-found", count: 14 }]);
  });

  it("counts the speed of machines that are alive alone, each once", () => {
    const dead = partOf(1, { life: "dead", filesPerSecond: 99, workItemsPerMinute: 99 });
    const { total } = pictureOfRun([partOf(0), dead, partOf(2, { filesPerSecond: 2 })]);
    expect([total.filesPerSecond, total.workItemsPerMinute]).toEqual([12, 120]);
    // A machine tells its whole speed in each record of a partition that it holds.
    const two = [0, 1].map((partition) => partOf(partition, { stateId: "one", filesPerSecond: 8 }));
    expect(pictureOfRun(two, { mode: "auto" }).total.filesPerSecond).toBe(8);
  });

  it("tells the time left of the slowest fixed partition, less what has passed since it was told", () => {
    const slow = partOf(1, { etaMs: 100_000, toldAgo: 12 });
    const { total, lastToEnd } = pictureOfRun([partOf(0), slow, donePart(2)]);
    expect(total.eta).toEqual({ lowMs: 88_000, highMs: 88_000 });
    expect(lastToEnd?.partition).toBe(1);
  });

  it.each([
    ["dead", partOf(1, { life: "dead" })],
    ["left", partOf(1, { life: "left" })],
    ["not started", notStarted(1)],
    ["alive without a speed", partOf(1, { etaMs: undefined })],
  ])("tells no time left while a fixed partition is %s", (_what, other) => {
    expect(pictureOfRun([partOf(0), other]).total.eta).toBeUndefined();
  });

  it("tells the time left of all files over all speeds where any machine takes any partition", () => {
    const { total } = pictureOfRun([partOf(0), partOf(1), notStarted(2)], { mode: "auto" });
    expect(total.eta?.highMs).toBeCloseTo((2_400 / 20) * 1_000, 5);
  });

  it("takes the files of the whole run from the machine that told them last, where machines take any partition", () => {
    const told = (count: number) => ({ runFiles: { count, isKnown: true }, files: { total: undefined } });
    const parts = [partOf(0, { ...told(2_000), toldAgo: 9 }), partOf(1, told(2_100)), notStarted(2)];
    expect(pictureOfRun(parts, { mode: "auto" }).total.files).toMatchObject({
      total: 2_100,
      totalIsKnown: true,
    });
  });

  it("does not call all files done while work items are left, whatever a machine guessed before", () => {
    const guessed = partOf(0, { runFiles: { count: 250, isKnown: false } });
    // 300 files of 30 work items.
    expect(pictureOfRun([guessed], { mode: "auto" }).total.files).toMatchObject({
      total: 1_000,
      totalIsKnown: false,
      left: 700,
    });
  });

  it("estimates files by partitions that are counted, else by work items that are done with", () => {
    const uncounted = { files: { total: undefined, isKnown: false } };
    const some = pictureOfRun([donePart(0), partOf(1, uncounted)], { mode: "auto" });
    expect(some.total.files).toMatchObject({ total: 2_000, totalIsKnown: false });
    // 400 files of 30 work items.
    expect(pictureOfRun([partOf(0, uncounted)]).total.files.total).toBe(1_333);
    const nothing = partOf(0, { files: { total: undefined, lookedUp: 0, done: 0, failed: 0, skipped: 0 } });
    expect(pictureOfRun([nothing]).total.files).toMatchObject({ total: undefined, left: undefined });
  });

  it.each([
    ["0 when all is done", [donePart(0, WITHOUT_FAILURES), donePart(1, WITHOUT_FAILURES)], "fixed", 0],
    ["1 when all is done and something failed", [donePart(0), donePart(1, WITHOUT_FAILURES)], "fixed", 1],
    ["7 while machines work", [partOf(0), donePart(1)], "fixed", 7],
    ["7 while others may still begin", [partOf(0), notStarted(1)], "fixed", 7],
    ["6 when a machine died", [partOf(0), partOf(1, { life: "dead" })], "fixed", 6],
    ["6 when a machine left its partition", [partOf(0), partOf(1, { life: "left" })], "fixed", 6],
    ["6 when nobody works on what is left", [donePart(0), notStarted(1)], "fixed", 6],
    [
      "7 when the machines that work take over a dead one's",
      [partOf(0), partOf(1, { life: "dead" })],
      "auto",
      7,
    ],
    ["6 when all machines died", [partOf(0, { life: "dead" }), notStarted(1)], "auto", 6],
  ] as const)("has the exit code %s", (_what, parts, mode, code) => {
    expect(pictureOfRun(parts, { mode }).exitCode).toBe(code);
  });

  it("has the exit code 1 for rows that were rejected and files that vanished", () => {
    const done = donePart(0, WITHOUT_FAILURES);
    const csv = { digest: "d", fileName: "f.csv", rows: 101, workItems: 100, rejected: 1 };
    expect(pictureOfRun([done], { csv }).exitCode).toBe(1);
    expect(pictureOfRun([donePart(0, { ...WITHOUT_FAILURES, filesVanished: 1 })]).exitCode).toBe(1);
  });

  it("is not done while a record says so little: its machine died before its last word", () => {
    const ended = donePart(0, { ...WITHOUT_FAILURES, life: "dead" });
    expect(pictureOfRun([ended])).toMatchObject({ isDone: false, exitCode: 6 });
  });

  it("has a row for each machine, those that need a look first", () => {
    const parts = [partOf(0), donePart(1), partOf(2, { life: "dead" }), notStarted(3)];
    const { machines } = pictureOfRun(parts);
    expect(machines.map(({ host, life }) => `${host} ${life}`)).toEqual([
      "machine3 dead",
      "machine1 alive",
      "machine2 done",
    ]);
  });
});

describe("the machines of a run with free partitions", () => {
  const machine = (stateId: string, life: JoinedMachine["life"], filesFound = 0): JoinedMachine => ({
    host: `host of ${stateId}`,
    pid: 7,
    stateId,
    since: LOOKED_AT - 60_000,
    life,
    toldAt: LOOKED_AT - 20_000,
    takenOver: { partitions: filesFound > 0 ? 1 : 0, filesFound },
  });
  const joined = [machine("state-0", "alive", 3), machine("state-1", "dead", 2), machine("new", "alive")];

  it("are counted by their joins, and what they took over is added up", () => {
    const picture = pictureOfRun([partOf(0), donePart(1)], { mode: "auto", joined });
    expect(picture.joined).toEqual({ joined: 3, alive: 2, left: 0, dead: 1 });
    expect(picture.takenOver).toEqual({ partitions: 2, filesFound: 5 });
    expect(pictureOfRun([partOf(0)]).joined).toBeUndefined();
  });

  it("have a row when they hold nothing, without the speed that they had", () => {
    const { machines, total } = pictureOfRun([donePart(0), partOf(1)], { mode: "auto", joined });
    expect(machines.map(({ stateId, life, held }) => [stateId, life, held])).toEqual(
      expect.arrayContaining([
        ["state-0", "alive", 0],
        ["state-1", "alive", 1],
        ["new", "alive", 0],
      ]),
    );
    expect(total.filesPerSecond).toBe(10);
  });

  it("work on the run as long as one waits for a dead one's partitions", () => {
    const dead = [partOf(0, { life: "dead" })];
    expect(pictureOfRun(dead, { mode: "auto", joined }).exitCode).toBe(7);
    expect(pictureOfRun(dead, { mode: "auto", joined: [machine("state-1", "dead")] }).exitCode).toBe(6);
  });
});
