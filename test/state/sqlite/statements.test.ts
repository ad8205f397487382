import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHOSEN_SQL, CHOSEN_TABLE } from "../../../src/state/sqlite/chosen-work-items.ts";
import { migrate } from "../../../src/state/sqlite/migrations/migrations.ts";
import { SQL } from "../../../src/state/sqlite/statements.ts";

const STATEMENTS = { ...SQL, ...CHOSEN_SQL };
type Verb = keyof typeof STATEMENTS;

/** How SQLite goes about each statement: a line a step. */
function plans(): Record<Verb, string> {
  const db = new DatabaseSync(":memory:");
  onTestFinished(() => db.close());
  migrate(db, 0);
  db.exec(CHOSEN_TABLE);
  const planOf = (sql: string): string =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row["detail"]))
      .join("\n");
  return Object.fromEntries(Object.entries(STATEMENTS).map(([verb, sql]) => [verb, planOf(sql)])) as Record<
    Verb,
    string
  >;
}

/** Those with a line that matches. */
const matching = (pattern: RegExp): string[] =>
  Object.entries(plans())
    .filter(([, plan]) => plan.split("\n").some((line) => pattern.test(line)))
    .map(([verb]) => verb);

describe("the statements", () => {
  it("claim by partial indexes in their order, without sorting", () => {
    const { surveyedWorkItems, otherWorkItems, nextChosen } = plans();
    expect(surveyedWorkItems).toBe("SCAN work_item USING INDEX work_item_surveyed");
    expect(otherWorkItems).toBe(
      "SEARCH work_item USING INDEX work_item_not_completed (status=? AND rowid>?)",
    );
    expect(nextChosen.split("\n")).toEqual([
      "SCAN c USING COVERING INDEX chosen_order",
      "SEARCH w USING INTEGER PRIMARY KEY (rowid=?)",
    ]);
  });

  it("never read all files, and all their details only at a resume", () => {
    expect(matching(/^SCAN (?:f|file)$/)).toEqual([]);
    expect(matching(/^SCAN (?:d|file_detail)$/)).toEqual([
      "countFilesToRetry",
      "retryFiles",
      // The inner query, of at most 1,000.
      "sampleFileFailures",
    ]);
  });

  it("read all work items only at a start", () => {
    expect(matching(/^SCAN (?:w|work_item)\b(?! USING INDEX work_item_surveyed)/)).toEqual([
      "countWorkItems",
      // Of `--partition auto`, once a start.
      "sizesOfPartitions",
      // Of a state that is one whole; asked for by nothing but the doors' tests.
      "leftInWhole",
      // The inner query, of those that were asked for.
      "slowestWorkItems",
    ]);
  });

  it("of readers find rows by indexes, and sort only what is in progress; a canary sorts once", () => {
    const found = plans();
    expect(found.findCounters).toBe("SCAN counters");
    expect(found.findFailureCounts).toBe("SCAN failure_count");
    expect(found.sampleFileFailures).toMatch(/file_detail USING INDEX file_detail_by_code \(code=\?\)/);
    expect(found.sampleWorkItemFailures).toBe(
      "SEARCH work_item USING INDEX work_item_by_failure (failure_code=?)",
    );
    expect(found.slowestWorkItems).toMatch(
      /SEARCH work_item USING INDEX work_item_not_completed \(status=\?\)/,
    );
    expect(found.slowestWorkItems).toMatch(/SEARCH f USING INDEX file_by_work_item \(work_item=\?\)/);
    expect(found.remainingWorkItems).toBe("SEARCH work_item USING INTEGER PRIMARY KEY (rowid>?)");
    expect(found.failureCodesOf).toMatch(/SEARCH f USING INDEX file_by_work_item \(work_item=\?\)/);
    expect(matching(/TEMP B-TREE FOR ORDER BY/)).toEqual([
      "pendingBySize",
      "familyInKeyOrder",
      "offerable",
      "slowestWorkItems",
    ]);
  });
});
