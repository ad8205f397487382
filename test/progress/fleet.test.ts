import { describe, expect, it } from "vitest";
import { FleetWatch, type FleetView, WORST_FIRST } from "../../src/progress/fleet.ts";
import { EXIT, type ExitCode } from "../../src/core/exit-codes.ts";
import type { Writer } from "../../src/state/state-reader.ts";
import { beatOf, GONE, readingOf, type ReadingParts, RUNNING } from "./samples.ts";

/** The fleet after readings a second apart; each machine's parts by the second. */
function watch(seconds: number, ...machines: ((second: number) => ReadingParts)[]): FleetView {
  const at = (second: number) =>
    machines.map((parts, index) => ({
      stateDb: `machine${index + 1}_state.db`,
      reading: readingOf({ partition: index, totalPartitions: machines.length, ...parts(second) }),
    }));
  const fleet = new FleetWatch(0, at(0));
  for (let second = 1; second <= seconds; second++) fleet.add(second * 1_000, at(second));
  return fleet.view();
}

const ended = (exitCode: number): Writer => ({ kind: "ended", at: 0, ending: { exitCode, why: "finished" } });
const DIED: Writer = { kind: "died", at: 0, copy: undefined };

/** One open work item of `total` files, done at so many a second. */
const working =
  (total: number, rate: number, more: ReadingParts = {}) =>
  (second: number): ReadingParts => ({
    workItems: { in_progress: 1 },
    files: { total, copied: rate * second },
    bytes: rate * second * 100,
    ...more,
  });

describe("several states", () => {
  it("are added up: work items, files, bytes, speed, slots, retries", () => {
    const { total, machines, exitCode, isDone } = watch(5, working(100, 10), working(300, 2));
    expect(machines.map(({ progress }) => progress.filesPerSecond)).toEqual([10, 2]);
    expect(total).toMatchObject({
      workItems: { total: 2, left: 2, inProgress: 2 },
      files: { total: 400, totalIsKnown: true, done: 60, left: 340 },
      bytes: 6_000,
      filesPerSecond: 12,
      bytesPerSecond: 1_200,
      live: { slots: 400, retries: 8, throttles: 2, hedges: 4 },
    });
    expect({ exitCode, isDone }).toEqual({ exitCode: EXIT.running, isDone: false });
  });

  it("end when the slowest share ends, not when the sum of the rates would", () => {
    const { total, slowest } = watch(5, working(100, 10), working(300, 2));
    expect(slowest?.stateDb).toBe("machine2_state.db");
    expect(total?.eta).toEqual({ lowMs: 145_000, highMs: 145_000 });
  });

  it("have no end while nobody works on one that has something left", () => {
    const view = watch(5, working(100, 10), working(300, 2, { writer: DIED }));
    expect(view.total?.eta).toBeUndefined();
    expect(view.slowest).toBeUndefined();
    expect(view.machines[1]?.progress).toMatchObject({ filesPerSecond: undefined, eta: undefined });
    expect(view.total?.filesPerSecond).toBe(10);
  });

  it("treat one that is done as done", () => {
    const done = { workItems: { completed: 1 }, files: { total: 50, copied: 50 }, writer: ended(0) };
    const view = watch(5, working(100, 10), () => done);
    expect(view.slowest?.stateDb).toBe("machine1_state.db");
    expect(view.total?.eta).toEqual({ lowMs: 5_000, highMs: 5_000 });
  });

  it("estimate the files of a state that knows nothing yet from the others", () => {
    const fresh = { workItems: { pending: 3 }, notLookedUp: 3 };
    const { total, machines } = watch(1, working(100, 10), () => fresh);
    expect(machines[1]?.progress.files.total).toBeUndefined();
    expect(total?.files).toMatchObject({ total: 400, totalIsKnown: false, left: 390 });
  });

  it("name what each of them waits for", () => {
    const waits = { writer: { ...RUNNING, heartbeat: beatOf({ waiting: [GONE] }) } };
    const { total, machines } = watch(5, working(100, 10), working(100, 0, waits));
    expect(total?.live.waiting).toEqual([GONE]);
    expect(machines[1]?.progress.eta).toBeUndefined();
  });

  it("count a new start of a state anew", () => {
    const { machines } = watch(8, (second) => ({
      workItems: { in_progress: 1 },
      files: second < 4 ? { total: 100, copied: 10, failed: 90 } : { total: 100, copied: 10 + second },
      writer: { ...RUNNING, since: second < 4 ? 0 : 1 },
    }));
    expect(machines[0]?.progress.thisStart.files).toBe(4);
    expect(machines[0]?.progress.filesPerSecond).toBe(1);
  });
});

describe("states that do not fit together", () => {
  const fitting = (parts: ReadingParts[]) =>
    new FleetWatch(
      0,
      parts.map((part, index) => ({
        stateDb: `${"abc"[index]}.db`,
        reading: readingOf({ partition: index, totalPartitions: 2, runId: `run-${index}`, ...part }),
      })),
    ).view();

  it.each<[string, ReadingParts[], string]>([
    [
      "another CSV, twice",
      [{}, { csvDigest: "other" }, { csvDigest: "other" }],
      "b.db and c.db have another CSV than a.db",
    ],
    ["another CSV", [{}, { csvDigest: "other" }], "b.db has another CSV than a.db"],
    ["another target", [{}, { target: "https://b/c" }], "b.db has another target (https://b/c) than a.db"],
    ["another division", [{}, { totalPartitions: 3 }], "b.db divides the CSV into 3 partitions, a.db into 2"],
    ["the same share twice", [{}, { partition: 0 }], "a.db and b.db hold the same share: partition 0 of 2"],
    ["a copy", [{}, { partition: 0, runId: "run-0" }], "a.db and b.db hold the same run: partition 0 of 2"],
    [
      "the whole CSV twice",
      [{ totalPartitions: 1 }, { partition: 0, totalPartitions: 1 }],
      "a.db and b.db hold the whole CSV each",
    ],
    [
      "two machines that take free partitions",
      [{ partition: "auto" }, { partition: "auto" }],
      "a.db and b.db each tell the whole run (--partition auto): give one of them",
    ],
  ])("are shown and reported but not added up: %s", (_what, parts, sentence) => {
    const view = fitting(parts);
    expect(view.mismatches).toEqual([sentence]);
    expect(view.total).toBeUndefined();
    expect(view.machines).toHaveLength(parts.length);
    expect(view.exitCode).toBe(EXIT.refused);
  });

  it("do not include states of which some are missing, which is reported", () => {
    const view = fitting([{ totalPartitions: 4 }, { totalPartitions: 4 }]);
    expect(view.mismatches).toEqual([]);
    expect(view.missingPartitions).toEqual([2, 3]);
  });

  it("are not those of a machine that takes free partitions: its state has all work items", () => {
    expect(fitting([{ partition: "auto" }])).toMatchObject({ mismatches: [], missingPartitions: [] });
  });
});

describe("the exit code", () => {
  const codeOf = (...writers: Writer[]) => watch(1, ...writers.map((writer) => () => ({ writer }))).exitCode;

  it("is the code of the last start for one state, 7 while it runs and 6 when it died", () => {
    for (const code of Object.values(EXIT)) expect(codeOf(ended(code))).toBe(code);
    expect(codeOf(RUNNING)).toBe(EXIT.running);
    expect(codeOf(DIED)).toBe(EXIT.unavailable);
    expect(codeOf(ended(99))).toBe(EXIT.unavailable);
  });

  it.each<[SummaryKind, ExitCode]>([
    ["left", EXIT.unavailable],
    ["failed", EXIT.finishedWithFailures],
    ["completed", EXIT.done],
  ])("is judged by what is in a state that does not say how it ended: %s", (kind, code) => {
    const workItems = { completed: 3, [kind === "left" ? "pending" : kind]: 1 };
    const writer: Writer = { kind: "ended", at: 0, ending: undefined };
    expect(watch(1, () => ({ workItems, writer })).exitCode).toBe(code);
  });

  it("is the worst of several states: first what needs somebody, then what runs, then what is finished", () => {
    expect(codeOf(ended(0), ended(1))).toBe(1);
    expect(codeOf(ended(1), RUNNING)).toBe(7);
    expect(codeOf(RUNNING, ended(130))).toBe(130);
    expect(codeOf(ended(4), DIED, RUNNING)).toBe(6);
    expect(new Set(WORST_FIRST)).toEqual(new Set(Object.values(EXIT)));
  });
});

type SummaryKind = "left" | "failed" | "completed";
