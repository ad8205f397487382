import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GENERATED_DOCS, withTables } from "../../scripts/docs.ts";
import { RUN_OPTION_NAMES, RUN_OPTIONS } from "../../src/config/run-options.ts";
import { ERRORS } from "../../src/core/errors.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { FAILURES } from "../../src/core/failure.ts";

const read = (name: string) => readFileSync(join(import.meta.dirname, "..", "..", name), "utf8");

/** First cells of the table's rows, without their backquotes. */
function keysOf(document: string, table: string): string[] {
  const [, text = ""] = new RegExp(`<!-- table: ${table} -->([^]*?)<!-- end -->`).exec(document) ?? [];
  const cells = [...text.matchAll(/^\| (.*?) \|/gm)].map((match) => (match[1] ?? "").replaceAll("`", ""));
  return cells.filter((cell) => cell !== "code" && cell !== "flag");
}

describe("the documentation", () => {
  it.each(GENERATED_DOCS)("%s has its tables as the code has them (else: node scripts/docs.ts)", (name) => {
    expect(read(name)).toBe(withTables(read(name)));
  });

  it("lists every exit code, error, failure and option, and none that does not exist", () => {
    const errors = read("docs/errors.md");
    expect(keysOf(errors, "exit codes").sort()).toEqual(Object.values(EXIT).map(String).sort());
    expect(keysOf(errors, "errors").sort()).toEqual(Object.keys(ERRORS).sort());
    expect(keysOf(errors, "failures").sort()).toEqual(Object.keys(FAILURES).sort());
    const flags: string[] = RUN_OPTION_NAMES.map((name) => RUN_OPTIONS[name].flag);
    expect(keysOf(read("docs/options.md"), "options").sort()).toEqual(flags.sort());
  });
});
