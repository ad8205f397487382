/**
 * Writes the tables of the documentation from the registries that the code uses: `node scripts/docs.ts`. Each stands
 * between `<!-- table: NAME -->` and `<!-- end -->`; a test fails when one differs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  environmentName,
  type OnResume,
  type OptionSpec,
  RUN_OPTION_NAMES,
  RUN_OPTIONS,
} from "../src/config/run-options.ts";
import { ERRORS } from "../src/core/errors.ts";
import { EXIT_MEANINGS } from "../src/core/exit-codes.ts";
import { FAILURES } from "../src/core/failure.ts";
import { type Becomes, SERVICE_CODES } from "../src/core/service-codes.ts";
import { BAD_CATALOGS } from "../test/cli/bad-catalogs.ts";
import { BAD_COMMANDS } from "../test/cli/bad-commands.ts";
import { BAD_FILES } from "../test/cli/bad-files.ts";
import type { BadInput } from "../test/cli/bad-input.ts";
import { BAD_STATES } from "../test/cli/bad-states.ts";

export const GENERATED_DOCS = ["docs/errors.md", "docs/options.md"];

const root = join(import.meta.dirname, "..");

const ON_RESUME: Readonly<Record<OnResume, string>> = { same: "same", new: "may change", start: "" };

const TABLES: Readonly<Record<string, () => string>> = {
  "exit codes": () =>
    table(
      ["code", "meaning", "again with `--resume`?"],
      EXIT_MEANINGS.map(({ code, meaning, again }) => [String(code), meaning, again]),
    ),
  errors: () =>
    table(
      ["code", "exit code", "what to do"],
      Object.entries(ERRORS).map(([code, { exitCode, advice }]) => [`\`${code}\``, String(exitCode), advice]),
    ),
  failures: () =>
    table(
      ["code", "meaning", "what to do"],
      Object.entries(FAILURES).map(([code, { meaning, advice }]) => [`\`${code}\``, meaning, advice]),
    ),
  "service codes": () =>
    table(
      ["the service's code", "status", "at the target or its queue", "at a source"],
      Object.entries(SERVICE_CODES).map(([code, [status, target, source]]) => [
        `\`${code}\``,
        String(status),
        becomes(target),
        becomes(source),
      ]),
    ),
  "wrong input": () =>
    table(
      ["what is wrong", "exit code", "code", "what it says", "what it advises"],
      [...BAD_COMMANDS, ...BAD_FILES, ...BAD_CATALOGS, ...BAD_STATES].map(badInputRow),
    ),
  options: () => {
    const groups = new Map<string, string[][]>();
    for (const name of RUN_OPTION_NAMES) {
      const { flag, help, group, default: fallback, onResume, parse }: OptionSpec = RUN_OPTIONS[name];
      const isSwitch = !/[<[]/.test(flag);
      const row = [
        `\`${flag}\``,
        `\`${environmentName(name)}\``,
        isSwitch || fallback === undefined ? "" : `\`${fallback}\``,
        parse.range ?? "",
        ON_RESUME[onResume],
        help,
      ];
      groups.set(group, [...(groups.get(group) ?? []), row]);
    }
    return [...groups]
      .map(([group, rows]) => {
        const columns = ["flag", "environment", "default", "from, to", "resume", "meaning"];
        return `### ${group.replace(/:$/, "")}\n\n${table(columns, rows)}`;
      })
      .join("\n\n");
  },
};

/** The document with its tables as they should be. @throws Error for a table that nobody makes */
export function withTables(text: string): string {
  return text.replace(
    /(<!-- table: ([a-z ]+) -->\n)[^]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end) => {
      const make = TABLES[name];
      if (make === undefined) throw new Error(`there is no table "${name}"`);
      return `${begin}\n${make()}\n\n${String(end)}`;
    },
  );
}

/** What happens, and the failure code in code style. */
function becomes(what: Becomes): string {
  return BECOMES[what as keyof typeof BECOMES] ?? `\`${what}\``;
}

const BECOMES = {
  retry: "tried again, then `network`",
  throttled: "slowed down for and tried again, then `throttled`",
  renew: "a new token once, then as rights",
  exists: "the blob that is there is compared",
  rights: "waited for: rights",
  gone: "waited for: container or queue",
} as const;

function badInputRow({ title, exit, code, says, advises }: BadInput): string[] {
  return [title, String(exit), `\`${code}\``, `\`${says}\``, `\`${advises}\``];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  for (const name of GENERATED_DOCS) {
    const path = join(root, name);
    writeFileSync(path, withTables(readFileSync(path, "utf8")));
  }
}
