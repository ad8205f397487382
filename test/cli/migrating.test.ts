import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeProgram } from "../../src/cli/program.ts";
import { processIo } from "../../src/cli/process-io.ts";

const text = readFileSync(join(import.meta.dirname, "..", "..", "docs", "migrating.md"), "utf8");
const program = makeProgram("0.0.0", processIo(), () => {});

/** The commands that the page shows, each with the flags that it is given there. */
const shown = [...text.replaceAll("\\\n", " ").matchAll(/\breupload ([a-z][a-z-]*)([^`\n]*)/g)].map(
  ([, command = "", rest = ""]) => ({ command, flags: rest.match(/--[a-z-]+/g) ?? [] }),
);

describe("docs/migrating.md", () => {
  it("shows only commands and flags that exist", () => {
    expect(shown.length).toBeGreaterThan(15);
    for (const { command, flags } of shown) {
      const found = program.commands.find((known) => known.name() === command);
      expect(found, command).toBeDefined();
      const known = found?.options.map(({ long }) => long);
      for (const flag of flags) expect(known, `${command} ${flag}`).toContain(flag);
    }
  });
});
