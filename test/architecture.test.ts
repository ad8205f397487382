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
  emulator: ["core", "azure", "files"],
  import: ["core", "catalog", "state"],
  proof: ["core", "state", "input", "progress"],
};

/** Stage doors: what pipeline and progress may import of a stage is its door, nothing behind it. */
const DOORS = new Set([
  "catalog/catalog.ts",
  "transfer/transfer.ts",
  "announce/announcer.ts",
  "state/state-kind.ts",
  "state/work-queue.ts",
  "state/ledger.ts",
  "state/survey-book.ts",
  "state/run-presence.ts",
  "state/state-reader.ts",
  "state/run-record.ts",
  "state/announcements.ts",
  "state/original-states.ts",
  "progress/progress.ts",
]);

/** The state's doors, each with the file that it stands in. */
const DOORS_OF_STATE = [
  ["state/state-kind.ts", "StateKind"],
  ["state/work-queue.ts", "WorkQueue"],
  ["state/ledger.ts", "Ledger"],
  ["state/survey-book.ts", "SurveyBook"],
  ["state/run-presence.ts", "RunPresence"],
  ["state/state-reader.ts", "StateReader"],
] as const;

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

describe("the architecture test", () => {
  it("looks at the imports of the source", () => {
    expect(imports.length).toBeGreaterThan(20);
  });

  it("finds that imports flow one way", () => {
    const wrong = imports.filter(({ from, to }) => {
      if (room(from) === room(to) || room(from) === "cli") return false;
      return !(MAY_IMPORT[room(from)] ?? []).includes(room(to));
    });
    expect(wrong).toEqual([]);
  });

  it("finds that pipeline, progress and import see only the doors of the stages", () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        ["pipeline", "progress", "import"].includes(room(from)) &&
        room(to) !== room(from) &&
        room(to) !== "core" &&
        !DOORS.has(to),
    );
    expect(wrong).toEqual([]);
  });

  it("finds that nobody but the state's own wiring knows which kind of state there is", () => {
    const behind = /^state\/(?:sqlite|original|ledger)\//;
    const wrong = imports.filter(({ from, to }) => room(from) !== "state" && behind.test(to));
    expect(wrong).toEqual([]);
  });

  it("finds that what any engine needs does not know an engine", () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith("state/ledger/") && to.startsWith("state/sqlite/"),
    );
    expect(wrong).toEqual([]);
  });

  it("counts at most eight methods at each door of the state", () => {
    for (const [file, name] of DOORS_OF_STATE) {
      const text = readFileSync(join(root, file), "utf8");
      const body = new RegExp(`^export interface ${name} \\{\n([^]*?)^\\}`, "m").exec(text)?.[1] ?? "";
      const methods = body.match(/^ {2}\w+\(/gm) ?? [];
      expect(methods.length, name).toBeGreaterThan(0);
      expect(methods.length, name).toBeLessThanOrEqual(8);
    }
  });

  it("finds that core does no I/O and uses no library", () => {
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

  it("finds that only the command line exits, writes to the terminal and reads the environment", () => {
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

  it("finds that text for people reaches the streams only through the functions that make it printable", () => {
    const writers = sourceFiles().filter((file) =>
      /std(?:out|err)\.write\(/.test(readFileSync(join(root, file), "utf8")),
    );
    // Help and JSON; data and lines; messages; the monitor's last picture.
    expect(writers.toSorted()).toEqual([
      "terminal/io.ts",
      "cli/main.ts",
      "terminal/monitor-screen.ts",
      "terminal/reporter.ts",
    ]);
  });
});
