import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { StateEvent } from "../../../src/state/ledger.ts";
import type { OpenState } from "../../../src/state/state-kind.ts";
import {
  claimSome,
  csvOf,
  DESCRIPTION,
  eventsOf,
  failure,
  file,
  noSignal,
  recordAll,
  workItem,
  workItems,
} from "../samples.ts";
import { temporaryFolder } from "../state-support.ts";
import { openRun } from "../../../src/state/sqlite/open-run.ts";
import {
  applyToFile,
  claim,
  FILES,
  finish,
  type Model,
  type ModelItem,
  newModel,
  open,
  resume,
  shown,
  summaryOf,
  survey,
} from "./state-model.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const ITEMS = 4;

const FILE_ACTIONS = ["upload", "complete", "fail", "skip"] as const;
const anyStep = fc.record({
  action: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...FILE_ACTIONS, "upload", "complete") },
    { weight: 5, arbitrary: fc.constantFrom("claim", "open", "survey") },
    { weight: 2, arbitrary: fc.constantFrom("finish", "release") },
    { weight: 1, arbitrary: fc.constantFrom("commit", "kill") },
  ),
  item: fc.nat(ITEMS - 1),
  file: fc.nat(FILES - 1),
  ending: fc.constantFrom("completed", "empty", "failed", "failed as a whole"),
  retry: fc.boolean(),
  /** The lookup no longer lists the file, if it is known. */
  vanishes: fc.boolean(),
  surveyed: fc.integer({ min: FILES - 1, max: FILES + 1 }),
});
type Opened = Extract<StateEvent, { kind: "work-item-opened" }>;
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

/** The store and the model side by side, and the model as it was since the last commit that was waited for. */
class Comparison {
  readonly #folder: string;
  #kills = 0;
  #store: OpenState;
  #model: Model = newModel(ITEMS);
  #sinceCommit: Model[] = [newModel(ITEMS)];
  /** Work items claimed in this start and not ended; the store's ids are 1, 2, ... */
  #claimed = new Set<number>();
  /** Given back in this start. */
  readonly #released = new Set<number>();

  constructor(folder: string, store: OpenState) {
    this.#folder = folder;
    this.#store = store;
  }

  async take(step: Step): Promise<void> {
    if (step.action === "claim") await this.#claim();
    else if (step.action === "commit") await this.#commit();
    else if (step.action === "survey") this.#survey(step);
    else if (step.action === "kill") await this.#kill(step.retry);
    else this.#event(step);
    expect(this.#store.ledger.tally()).toMatchObject(summaryOf(this.#model));
    this.#sinceCommit.push(structuredClone(this.#model));
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #claim(): Promise<void> {
    const [claimed] = await claimSome(this.#store, 1);
    if (claimed === undefined) return;
    const index = claimed.id - 1;
    const item = this.#itemAt(index);
    expect(item.status).toBe("pending");
    const isSurveyed = (one: ModelItem): boolean => one.status === "pending" && one.surveyed !== undefined;
    const waiting = this.#model.items.filter((one, at) => isSurveyed(one) && !this.#released.has(at));
    if (waiting.length > 0) {
      expect(item.surveyed).toBe(Math.max(...waiting.map((one) => one.surveyed ?? 0)));
    }
    expect(this.#released).not.toContain(index);
    const known = item.files.filter((status) => status !== "untouched");
    expect(claimed.knownFiles.size).toBe(known.length);
    const inTarget = [...claimed.knownFiles.values()].filter((one) => one.inTarget).length;
    expect(inTarget).toBe(known.filter((status) => /uploaded|completed/.test(status)).length);
    claim(item);
    this.#claimed.add(index);
  }

  #itemAt(index: number): ModelItem {
    return this.#model.items[index] as ModelItem;
  }

  /** It commits what came before it. */
  #survey({ item: index, surveyed: files }: Step): void {
    const broughtBack = this.#store.surveys.note([
      { workItem: workItem(index), files, linksEndAt: undefined },
    ]);
    expect(broughtBack).toBe(survey(this.#itemAt(index), files) ? 1 : 0);
    this.#sinceCommit = [];
  }

  async #commit(): Promise<void> {
    await this.#store.ledger.committed();
    this.#sinceCommit = [];
  }

  /** What stands on the disk at this moment is one of the moments since the last commit that was waited for. */
  async #kill(retry: boolean): Promise<void> {
    const path = join(this.#folder, `state-${this.#kills}.db`);
    const killed = join(this.#folder, `state-${++this.#kills}.db`);
    copyFileSync(path, killed);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${killed}-wal`);
    await this.#store.close();
    const found = readViews(killed);
    const moment = this.#sinceCommit.findLast((model) => shown(model) === found);
    expect(moment, `not a moment since the last commit:\n${found}`).toBeDefined();
    const model = structuredClone(moment as Model);
    resume(model, retry);
    this.#store = await openAt(killed, retry);
    this.#model = model;
    this.#claimed.clear();
    this.#released.clear();
    this.#sinceCommit = [];
  }

  #event(step: Step): void {
    const claimed = [...this.#claimed];
    const index = claimed[step.item % claimed.length];
    if (index === undefined) return;
    const item = this.#itemAt(index);
    const before = structuredClone(item);
    const isKnown = step.vanishes && item.files[step.file] !== "untouched";
    const vanished = isKnown ? step.file : undefined;
    const event = eventOf(step, index, vanished);
    if (applyToModel(step, this.#model, item, vanished)) {
      recordAll(this.#store, event);
      if (item.status !== "in_progress") this.#claimed.delete(index);
      if (item.status === "pending") this.#released.add(index);
    } else {
      expect(item).toEqual(before);
      expect(() => recordAll(this.#store, event)).toThrow(expect.objectContaining({ code: "internal" }));
    }
  }
}

function applyToModel(
  { action, file: number, ending }: Step,
  model: Model,
  item: ModelItem,
  vanished: number | undefined,
): boolean {
  if (action === "open") return open(model, item, vanished);
  if (action === "release") {
    item.status = "pending";
    return true;
  }
  if (action !== "finish") return applyToFile(item, number, action);
  if (ending === "failed as a whole") return finish(item, "failed", "catalog-error");
  return finish(item, ending, undefined);
}

function eventOf(
  { action, file: number, ending }: Step,
  index: number,
  vanished: number | undefined,
): Parameters<typeof recordAll>[1] {
  const events = eventsOf(index + 1);
  const of = file(number, index);
  if (action === "open") {
    if (vanished === undefined) return events.opened(FILES);
    const receipt = { count: FILES - 1, digest: `without ${vanished}` };
    return { ...(events.opened(FILES) as Opened), receipt, vanished: [of] };
  }
  if (action === "release") return events.released();
  if (action === "upload") return events.uploaded(of, { attempts: 1 + number });
  if (action === "complete") return events.completed(of);
  if (action === "fail") return events.failed(of);
  if (action === "skip") return events.skipped(of);
  if (ending === "failed as a whole") return events.finished("failed", failure("catalog-error"));
  return events.finished(ending);
}

function readViews(path: string): string {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db
      .prepare(
        `SELECT workitem_id || ' ' || status || ' ' || files_total AS line FROM workitems
        UNION ALL SELECT workitem_id || ' ' || substr(filename, 14, 1) || ' ' || status FROM files
        UNION ALL SELECT 'drift ' || drift_work_items || ' ' || drift_files_added || ' ' || drift_files_vanished
          FROM counters`,
      )
      .all();
    return rows
      .map((row) => String(row["line"]))
      .sort()
      .join("\n");
  } finally {
    db.close();
  }
}

function openAt(path: string, retry: boolean): Promise<OpenState> {
  const retryFailed = retry ? "all" : "none";
  return openRun(
    REAL_SURROUNDINGS,
    { location: path, resume: true, updateCsv: false, retryFailed },
    DESCRIPTION,
    csvOf(workItems(ITEMS)),
    noSignal,
  );
}

it("a state holds what the model says after any sequence of events and kills, and loses nothing that was committed", async () => {
  const folder = await temporaryFolder();
  const first = join(folder, "first.db");
  await (await openAt(first, true)).close();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 120, size: "max" }), async (steps) => {
      const here = join(folder, String(run++));
      mkdirSync(here);
      copyFileSync(first, join(here, "state-0.db"));
      const comparison = new Comparison(here, await openAt(join(here, "state-0.db"), true));
      try {
        for (const one of steps) await comparison.take(one);
      } finally {
        await comparison.close();
      }
    }),
    { numRuns: 20 },
  );
});
