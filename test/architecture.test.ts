import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

/** Which rooms each room may import besides itself; the reason stands in docs/design/001-rooms.md. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  azure: ["core"],
  files: ["core"],
  input: ["core", "files"],
  kusto: ["core", "azure"],
  catalog: ["core", "azure", "kusto", "files"],
  find: ["core", "kusto"],
  transfer: ["core", "azure"],
  announce: ["core", "azure"],
  state: ["core", "files"],
  pipeline: ["core", "catalog", "transfer", "announce", "state", "progress"],
  progress: ["core", "state"],
  terminal: ["core", "progress", "state"],
  config: ["core"],
  emulator: ["core", "files"],
  import: ["core", "catalog", "state"],
  proof: ["core", "state", "input", "progress"],
};

/** Stage doors: what pipeline and progress may import of a stage is its door, nothing behind it. */
const DOORS = new Set([
  "catalog/catalog.ts",
  "transfer/transfer.ts",
  "announce/announcer.ts",
  "state/state-store.ts",
  "state/read-state.ts",
  "state/original-states.ts",
  "state/announcements.ts",
  "progress/progress.ts",
]);

const root = join(import.meta.dirname, "..", "src");

interface Import {
  readonly from: string;
  readonly to: string;
}

function sourceFiles(): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) => ({
    from: file,
    to: normalize(join(dirname(file), match[1] ?? "")),
  }));
}

const room = (path: string): string => path.split("/")[0] ?? "";
const imports = sourceFiles().flatMap(importsOf);

describe("the layout", () => {
  it("is really looked at", () => {
    expect(imports.length).toBeGreaterThan(20);
  });

  it("imports flow one way", () => {
    const wrong = imports.filter(({ from, to }) => {
      if (room(from) === room(to) || room(from) === "cli") return false;
      return !(MAY_IMPORT[room(from)] ?? []).includes(room(to));
    });
    expect(wrong).toEqual([]);
  });

  it("pipeline, progress and import see the stages' doors only", () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        ["pipeline", "progress", "import"].includes(room(from)) &&
        room(to) !== room(from) &&
        room(to) !== "core" &&
        !DOORS.has(to),
    );
    expect(wrong).toEqual([]);
  });

  it("core does no I/O and knows no library", () => {
    const allowed = new Set(["node:crypto", "node:util"]);
    const wrong = sourceFiles()
      .filter((file) => room(file) === "core")
      .flatMap((file) =>
        [...readFileSync(join(root, file), "utf8").matchAll(/from "([^".][^"]*)"/g)].map((match) => match[1]),
      )
      .filter((name) => name !== undefined && !allowed.has(name));
    expect(wrong).toEqual([]);
  });

  it("only the room of files opens a file for writing", () => {
    const opens = [
      /\bopen(?:Sync)?\([^)]*"(?:w|wx|a|ax|w\+|wx\+|a\+|ax\+)"/,
      /\b(?:createWriteStream|writeFile|writeFileSync|appendFile|appendFileSync)\b[^;]*from "node:fs/,
    ];
    const found = sourceFiles().filter((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return opens.some((pattern) => pattern.test(text));
    });
    expect(found).toEqual(["files/new-file.ts"]);
  });

  it("only the command line exits, writes to the terminal and reads the environment", () => {
    const rules: [RegExp, readonly string[]][] = [
      [/process\.exit\(/, ["cli"]],
      [/process\.env\b/, ["cli", "config"]],
      [/process\.std(?:out|err)\b/, ["cli"]],
    ];
    const wrong = sourceFiles().flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return rules
        .filter(([pattern, rooms]) => pattern.test(text) && !rooms.includes(room(file)))
        .map(([pattern]) => `${file}: ${pattern}`);
    });
    expect(wrong).toEqual([]);
  });
});
