import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "src");

/** Every exported function as `file: name`, and whether a doc comment ends on the line before it. */
function exportedFunctions(file: string): { readonly name: string; readonly hasComment: boolean }[] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  return lines.flatMap((line, at) => {
    const name = /^export (?:async )?function\*? ?(\w+)/.exec(line)?.[1];
    if (name === undefined) return [];
    const isLint = lines[at - 1]?.startsWith("// oxlint-") === true;
    const before = lines[at - (isLint ? 2 : 1)] ?? "";
    return [{ name: `${file}: ${name}`, hasComment: before.trim().endsWith("*/") }];
  });
}

describe("every exported function", () => {
  const all = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap(exportedFunctions);

  it("is found", () => {
    expect(all.length).toBeGreaterThan(400);
  });

  it("has a doc comment that says what it takes and gives", () => {
    expect(all.filter(({ hasComment }) => !hasComment).map(({ name }) => name)).toEqual([]);
  });
});
