/** Notes how a start goes on, with the commits: every 15 s at first, and half as often whenever the table is full. */
import { hostname } from "node:os";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Surroundings } from "../../surroundings/surroundings.ts";
import type { Counters } from "../ledger/counters.ts";
import { MOST_POINTS, MOST_STARTS, POINT_MS, type Progressed } from "../past.ts";
import type { StartEnding } from "../run-presence.ts";
import type { RunStart } from "../run-record.ts";
import { PAST_SQL } from "./past-statements.ts";
import { firstRow } from "./statements.ts";

type Verb = "noteStart" | "endStart" | "addPoint" | "countPoints" | "dropEverySecondPoint";

/** The history of one start of an open state. Its statements run in the caller's transaction. */
export class RunHistory {
  readonly #surroundings: Surroundings;
  readonly #start: number;
  readonly #counters: Counters;
  readonly #before: Progressed;
  readonly #statements: Readonly<Record<Verb, StatementSync>>;
  #points: number;
  #step: number;
  /** Wall clock, ms. */
  #lastAt: number;

  /** @param counters those that the events change */
  constructor(
    surroundings: Surroundings,
    db: DatabaseSync,
    { number, startedAt }: RunStart,
    counters: Counters,
  ) {
    this.#surroundings = surroundings;
    this.#start = number;
    this.#counters = counters;
    this.#before = countFinished(counters);
    this.#lastAt = startedAt;
    this.#statements = {
      noteStart: db.prepare(PAST_SQL.noteStart),
      endStart: db.prepare(PAST_SQL.endStart),
      addPoint: db.prepare(PAST_SQL.addPoint),
      countPoints: db.prepare(PAST_SQL.countPoints),
      dropEverySecondPoint: db.prepare(PAST_SQL.dropEverySecondPoint),
    };
    db.prepare(PAST_SQL.beginStart).run(number, hostname(), startedAt);
    db.prepare(PAST_SQL.dropOldStarts).run(number - MOST_STARTS);
    const kept = firstRow<{ points: number; step: number }>(this.#statements.countPoints);
    this.#points = kept?.points ?? 0;
    this.#step = Math.max(POINT_MS, kept?.step ?? 0);
  }

  /** Called with each commit; writes a point when one is due. */
  note(): void {
    const now = this.#surroundings.wall();
    const isDue = now - this.#lastAt >= this.#step;
    // A clock that was set back must not stop the history.
    if (!isDue && now >= this.#lastAt) return;
    if (isDue) this.#addPoint(now);
    this.#lastAt = now;
  }

  /** The last word of this start. @param ending undefined: it did not say */
  end(ending: StartEnding | undefined): void {
    const now = this.#surroundings.wall();
    this.#noteStart(now);
    this.#statements.endStart.run(this.#start, now, ending?.exitCode ?? null, ending?.why ?? null);
  }

  #noteStart(now: number): Progressed {
    const finished = countFinished(this.#counters);
    // A work item that drifted, or files that another machine did, may take some back.
    const progressed = {
      files: Math.max(0, finished.files - this.#before.files),
      failed: Math.max(0, finished.failed - this.#before.failed),
      bytes: Math.max(0, finished.bytes - this.#before.bytes),
    };
    this.#statements.noteStart.run(this.#start, now, progressed.files, progressed.failed, progressed.bytes);
    return progressed;
  }

  #addPoint(now: number): void {
    const { files, failed, bytes } = this.#noteStart(now);
    this.#statements.addPoint.run(this.#start, now, this.#step, files, failed, bytes);
    this.#points++;
    if (this.#points <= MOST_POINTS) return;
    this.#statements.dropEverySecondPoint.run();
    this.#points = firstRow<{ points: number }>(this.#statements.countPoints)?.points ?? 0;
    this.#step *= 2;
  }
}

/** Finished by this machine. */
function countFinished(counters: Counters): Progressed {
  const { files_copied: copied, files_already_there: alreadyThere, files_skipped: skipped } = counters;
  const { files_failed: failed, bytes } = counters;
  return { files: copied + alreadyThere + failed + skipped, failed, bytes };
}
