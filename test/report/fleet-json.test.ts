import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fleetJson } from "../../src/report/fleet-json.ts";
import { jsonText } from "../../src/report/json-forms.ts";
import { DIED, ended, pictureOf } from "../terminal/pictures.ts";

const DOCS = readFileSync(join(import.meta.dirname, "..", "..", "docs", "monitor.md"), "utf8");
const json = (...parts: Parameters<typeof pictureOf>): unknown =>
  JSON.parse(jsonText(fleetJson("monitor", pictureOf(...parts))));

/** The keys of an object and of all within it. */
function keysIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap((part) => keysIn(part))];
}

describe("the JSON of several states", () => {
  it("is as docs/monitor.md shows it", () => {
    const example = /```json\n([^]+?)\n```/.exec(DOCS)?.[1] ?? "";
    expect(JSON.parse(example)).toEqual(json({}, { writer: DIED }));
  });

  it("has no field that docs/monitor.md does not name", () => {
    const keys = [
      ...keysIn(json({}, { writer: DIED })),
      ...keysIn(json({}, { writer: ended(0, "finished") })),
    ];
    for (const key of new Set(keys)) expect(DOCS).toContain(`\`${key}\``);
  });

  it("has no total when the states do not belong together", () => {
    expect(json({}, { csvDigest: "other" })).toMatchObject({ total: null, lastToEnd: null, exitCode: 3 });
  });
});
