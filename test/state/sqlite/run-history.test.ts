import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { newCounters } from "../../../src/state/ledger/counters.ts";
import { MOST_POINTS, MOST_STARTS, POINT_MS } from "../../../src/state/past.ts";
import { migrate } from "../../../src/state/sqlite/migrations/migrations.ts";
import { readPast } from "../../../src/state/sqlite/read-past.ts";
import { RunHistory } from "../../../src/state/sqlite/run-history.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const T0 = 1_800_000_000_000;

/** A state's database, and a clock that the test moves. */
function newState() {
  const db = new DatabaseSync(":memory:");
  onTestFinished(() => db.close());
  migrate(db, 0);
  let now = T0;
  const surroundings = { ...REAL_SURROUNDINGS, wall: () => now };
  const counters = newCounters();
  return {
    past: readPast((question) => question(db)),
    counters,
    advance: (ms: number) => void (now += ms),
    begin: (number: number) => new RunHistory(surroundings, db, { number, startedAt: now }, counters),
  };
}

describe("the history of a start", () => {
  it("has a point every 15 s, counted from the begin of the start, however often is committed", async () => {
    const { past, counters, advance, begin } = newState();
    counters.files_copied = 1_000;
    const history = begin(2);
    for (let second = 1; second <= 60; second++) {
      advance(1_000);
      counters.files_copied += 10;
      counters.files_failed += 1;
      counters.bytes += 100;
      history.note();
    }
    expect(await past.history()).toEqual(
      [15, 30, 45, 60].map((seconds) => ({
        start: 2,
        at: T0 + seconds * 1_000,
        files: seconds * 11,
        failed: seconds,
        bytes: seconds * 100,
      })),
    );
    expect(await past.starts()).toMatchObject([{ number: 2, lastAt: T0 + 60_000, files: 660, failed: 60 }]);
  });

  it("stays within its bound over a run of months, evenly, with its first and last points", async () => {
    const { past, counters, advance, begin } = newState();
    const history = begin(1);
    const steps = 40_000;
    for (let step = 0; step < steps; step++) {
      advance(POINT_MS);
      counters.files_copied += 1;
      history.note();
    }
    const points = await past.history();
    expect(points.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(points.length).toBeGreaterThan(MOST_POINTS / 2);
    expect(points[0]).toMatchObject({ at: T0 + POINT_MS, files: 1 });
    const gaps = points.slice(1).map(({ at }, index) => at - (points[index]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(POINT_MS * 64 * 2);
    expect(T0 + steps * POINT_MS - (points.at(-1)?.at ?? 0)).toBeLessThan(POINT_MS * 64 * 2);
  });

  it("goes on with the step of the start before, so that a later start is not finer than the whole", async () => {
    const { past, advance, begin } = newState();
    const first = begin(1);
    for (let step = 0; step < 1_500; step++) {
      advance(POINT_MS);
      first.note();
    }
    const before = (await past.history()).length;
    const second = begin(2);
    for (let step = 0; step < 10; step++) {
      advance(POINT_MS);
      second.note();
    }
    expect((await past.history()).length - before).toBe(5);
  });

  it("goes on when the clock is set back", async () => {
    const { past, advance, begin } = newState();
    const history = begin(1);
    advance(-3_600_000);
    history.note();
    advance(POINT_MS);
    history.note();
    expect(await past.history()).toHaveLength(1);
  });

  it("keeps the newest starts alone", async () => {
    const { past, begin } = newState();
    for (let number = 1; number <= MOST_STARTS + 5; number++)
      begin(number).end({ exitCode: 0, why: "finished" });
    const starts = await past.starts();
    expect(starts).toHaveLength(MOST_STARTS);
    expect(starts[0]).toMatchObject({ number: 6, exitCode: 0, why: "finished", endedAt: T0 });
  });
});

describe("the files of a large state", () => {
  it("come in batches that lose none and repeat none", async () => {
    const db = new DatabaseSync(":memory:");
    onTestFinished(() => db.close());
    migrate(db, 0);
    const addItem = db.prepare(
      "INSERT INTO work_item (id, job_id, work_item_id, name, status) VALUES (?, 'j', ?, '', 2)",
    );
    const addFile = db.prepare("INSERT INTO file (work_item, name, facts, at) VALUES (?, ?, ?, 1)");
    db.exec("BEGIN");
    for (let item = 1; item <= 1_300; item++) {
      addItem.run(item, `w${item}`);
      // One has exactly as many as a batch, one more than two batches, some have none.
      const files = item === 7 ? 2_000 : item === 600 ? 4_500 : item % 3;
      for (let file = 0; file < files; file++) addFile.run(item, `f${file}`, file % 2 === 0 ? 7 : 8);
    }
    db.exec("COMMIT");
    const past = readPast((question) => question(db));
    const keys: string[] = [];
    for await (const batch of past.files({}, { signal: new AbortController().signal })) {
      expect(batch.length).toBeLessThanOrEqual(4_000);
      for (const { workItem, fileName } of batch) keys.push(`${workItem.workItemId}/${fileName ?? ""}`);
    }
    const stored = db.prepare("SELECT count(*) AS files FROM file").get()?.["files"];
    const withoutFiles =
      1_300 - Number(db.prepare("SELECT count(DISTINCT work_item) AS n FROM file").get()?.["n"]);
    expect(keys).toHaveLength(Number(stored) + withoutFiles);
    expect(new Set(keys).size).toBe(keys.length);
    let failed = 0;
    const filter = { outcomes: new Set(["failed"] as const) };
    for await (const batch of past.files(filter, { signal: new AbortController().signal }))
      failed += batch.length;
    expect(failed).toBe(Number(db.prepare("SELECT count(*) AS n FROM file WHERE facts = 8").get()?.["n"]));
  });
});
