import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { accountJson } from "../../src/report/account-json.ts";
import { jsonText } from "../../src/report/json-forms.ts";
import { donePart, LOOKED_AT, notStarted, partOf } from "../progress/run-samples.ts";
import { runPictureOf } from "../terminal/run-pictures.ts";

const DOCS = readFileSync(join(import.meta.dirname, "..", "..", "docs", "monitor.md"), "utf8");

/** A partition of each kind, and both kinds of states that the account knows otherwise. */
const PICTURE = runPictureOf([partOf(0), partOf(1, { life: "dead", toldAgo: 65 }), notStarted(2)], {
  silent: { since: LOOKED_AT - 42_000, why: "no answer within 5000 ms" },
  differences: [
    { kind: "other-run", stateDb: "old.db", what: "CSV" },
    {
      kind: "done-differs",
      stateDb: "machine2_state.db",
      partition: 1,
      inState: { workItems: 31, files: 310 },
      inAccount: { workItems: 29, files: 290 },
      otherHost: undefined,
    },
  ],
});

function keysIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, part]) => (key === "failures" ? [] : keysIn(part))),
  ];
}

describe("the JSON of a whole run", () => {
  const json: unknown = JSON.parse(jsonText(accountJson("monitor", PICTURE, 6)));

  it("is as docs/monitor.md shows it", () => {
    const example = [...DOCS.matchAll(/```json\n([^]+?)\n```/g)][1]?.[1] ?? "{}";
    expect(JSON.parse(example)).toEqual(json);
  });

  it("has no field that docs/monitor.md does not name", () => {
    for (const key of new Set(keysIn(json))) expect(DOCS).toContain(`\`${key}\``);
  });

  it("tells an age of the dead alone", () => {
    const all = accountJson("status", runPictureOf([partOf(0), donePart(1)]), 7);
    expect(all["partitions"]).toMatchObject([{ deadForMs: null }, { deadForMs: null, filesPerSecond: null }]);
  });
});
