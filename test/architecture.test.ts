import { describe, expect, it } from "vitest";
import {
  exportedInterfaces,
  functionsIn,
  importsOf,
  readSource,
  room,
  sourceFiles,
} from "./support/source-tree.ts";

/** Which rooms each room may import besides itself; the reason stands in docs/design/001-rooms.md. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  surroundings: [],
  config: ["core"],
  files: ["core"],
  azure: ["core", "surroundings"],
  kusto: ["core", "surroundings", "azure"],
  input: ["core", "files"],
  catalog: ["core", "surroundings", "files", "azure", "kusto"],
  transfer: ["core", "surroundings", "azure"],
  announce: ["core", "azure"],
  state: ["core", "surroundings", "files"],
  machines: ["core", "surroundings", "azure"],
  find: ["core", "kusto"],
  import: ["core", "catalog", "state"],
  delivery: ["core", "transfer", "announce"],
  workers: ["core", "surroundings", "azure", "transfer", "delivery"],
  pipeline: ["core", "surroundings", "catalog", "transfer", "announce", "delivery", "state"],
  progress: ["core", "state"],
  proof: ["core", "input", "catalog", "transfer", "state", "progress"],
  report: ["core", "state", "progress"],
  terminal: ["core", "surroundings", "files", "state", "progress", "report"],
  emulator: ["core", "surroundings", "files", "azure"],
  demo: ["core", "surroundings", "files", "input", "emulator"],
  // It wires kinds to doors.
  job: (
    "core surroundings config files azure kusto input catalog transfer announce state machines " +
    "find import delivery workers pipeline progress proof report emulator demo"
  ).split(" "),
  cli: ["core", "job", "report", "terminal", "config"],
};

/** What others see of a room. `core` has none: each of its files is a noun of its own. Only `cli` sees `terminal`. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  surroundings: ["surroundings/surroundings.ts", "surroundings/program-files.ts"],
  config: ["config/config.ts"],
  files: ["files/files.ts"],
  azure: ["azure/azure.ts"],
  kusto: ["kusto/kusto.ts"],
  input: ["input/input.ts"],
  catalog: ["catalog/catalog.ts"],
  transfer: ["transfer/transfer.ts"],
  announce: ["announce/announcer.ts"],
  state: [
    "state/state-kind.ts",
    "state/work-queue.ts",
    "state/ledger.ts",
    "state/survey-book.ts",
    "state/run-presence.ts",
    "state/operator-desk.ts",
    "state/state-reader.ts",
    "state/past.ts",
    "state/run-record.ts",
    "state/announcements.ts",
    "state/original-states.ts",
  ],
  machines: ["machines/machines.ts"],
  find: ["find/find.ts"],
  import: ["import/import.ts"],
  delivery: ["delivery/delivery.ts"],
  workers: ["workers/workers.ts"],
  pipeline: ["pipeline/pipeline.ts"],
  progress: ["progress/progress.ts"],
  proof: ["proof/proof.ts"],
  report: ["report/report.ts"],
  emulator: ["emulator/emulator.ts"],
  demo: ["demo/demo.ts"],
};

/** Rooms that work on one step of a file's way. They meet in `pipeline` and `job` alone. */
const STAGES = ["input", "catalog", "transfer", "announce", "state", "machines"];

const imports = sourceFiles().flatMap(importsOf);
const arrows = imports.filter(({ from, to }) => room(from) !== room(to));

describe("the imports of the source", () => {
  it("are found", () => {
    expect(imports.length).toBeGreaterThan(500);
  });

  it("flow one way", () => {
    const wrong = arrows.filter(({ from, to }) => !(MAY_IMPORT[room(from)] ?? []).includes(room(to)));
    expect(wrong).toEqual([]);
  });

  it("never lead from one room to another and back", () => {
    const pairs = new Set(arrows.map(({ from, to }) => `${room(from)} -> ${room(to)}`));
    const mutual = [...pairs].filter((pair) => {
      const [from, to] = pair.split(" -> ");
      return pairs.has(`${to} -> ${from}`);
    });
    expect(mutual).toEqual([]);
  });

  it("never lead from one stage to another", () => {
    const wrong = arrows.filter(({ from, to }) => STAGES.includes(room(from)) && STAGES.includes(room(to)));
    expect(wrong).toEqual([]);
  });

  it("lead through the doors, but for those of job, which wires, and of cli to options and terminal texts", () => {
    // The options are declared at every start, which config's door would slow down.
    const freeOfCli = ["job", "terminal", "config"];
    const wrong = arrows.filter(({ from, to }) => {
      if (room(from) === "job" || room(to) === "core") return false;
      if (room(from) === "cli" && freeOfCli.includes(room(to))) return false;
      return !(DOORS[room(to)] ?? []).includes(to);
    });
    expect(wrong).toEqual([]);
  });

  it("tell nobody but the state's own wiring which kind of state there is", () => {
    const behind = /^state\/(?:sqlite|original|ledger)\//;
    const wrong = imports.filter(({ from, to }) => room(from) !== "state" && behind.test(to));
    expect(wrong).toEqual([]);
  });

  it("tell what any engine of the state needs nothing of an engine", () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith("state/ledger/") && to.startsWith("state/sqlite/"),
    );
    expect(wrong).toEqual([]);
  });

  it("bring core no I/O and no library", () => {
    const allowed = new Set(["node:crypto", "node:util"]);
    const wrong = sourceFiles()
      .filter((file) => room(file) === "core")
      .flatMap((file) => [...readSource(file).matchAll(/from "([^".][^"]*)"/g)].map((match) => match[1]))
      .filter((name) => name !== undefined && !allowed.has(name));
    expect(wrong).toEqual([]);
  });
});

describe("a room's door", () => {
  it("begins with a comment that tells what is behind it", () => {
    const wrong = Object.values(DOORS)
      .flat()
      .filter((door) => !/^(?:import [^;]+;\n)*\s*\/\*\*/.test(readSource(door)));
    expect(wrong).toEqual([]);
  });

  it("has no interface of more than eight methods", () => {
    const all = Object.values(DOORS).flat().flatMap(exportedInterfaces);
    expect(all.filter(({ name }) => name === "StateKind")).toMatchObject([{ methods: 8 }]);
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter(({ methods }) => methods > 8)).toEqual([]);
  });
});

describe("time and chance", () => {
  const GLOBALS = [
    /\bDate\.now\b/,
    /(?<![.\w])Date\(\)/,
    /\bperformance\.(?:now|timeOrigin)\b/,
    /\bprocess\.(?:hrtime|uptime)\b/,
    /(?<![.\w#])set(?:Timeout|Interval)\b/,
    /\bAbortSignal\.timeout\b/,
    /\bMath\.random\b/,
    /\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/,
  ];
  /** The thread of hashes is handed nothing but bytes. */
  const FREE = new Set(["transfer/hash-thread.ts"]);

  /** Comments may name them. */
  const codeOf = (file: string): string => readSource(file).replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");

  it("come from the surroundings that are handed in, never from the globals", () => {
    const wrong = sourceFiles()
      .filter((file) => room(file) !== "surroundings" && !FREE.has(file))
      .flatMap((file) =>
        GLOBALS.filter((global) => global.test(codeOf(file))).map((global) => `${file}: ${global}`),
      );
    expect(wrong).toEqual([]);
  });

  it("are looked for by patterns that know them", () => {
    const text = codeOf("surroundings/surroundings.ts");
    for (const global of [GLOBALS[0], GLOBALS[2], GLOBALS[4], GLOBALS[6], GLOBALS[7]])
      expect(text).toMatch(global ?? "");
  });
});

describe("the sizes", () => {
  const MOST_LINES_OF_A_FILE = 300;
  const MOST_LINES_OF_A_FUNCTION = 60;
  it("of files stay under 300 lines", () => {
    const wrong = sourceFiles()
      .map((file) => ({ file, lines: readSource(file).split("\n").length - 1 }))
      .filter(({ lines }) => lines > MOST_LINES_OF_A_FILE);
    expect(wrong).toEqual([]);
  });

  it("of functions stay within 60 lines", () => {
    const all = sourceFiles().flatMap((file) => functionsIn(file).map((one) => ({ file, ...one })));
    expect(all.length).toBeGreaterThan(1_500);
    const wrong = all.filter(({ lines }) => lines > MOST_LINES_OF_A_FUNCTION);
    expect(wrong).toEqual([]);
  });
});

describe("the process", () => {
  it("only the room of files opens a file for writing", () => {
    const opens = [
      /\bopen(?:Sync)?\([^)]*"(?:w|wx|a|ax|w\+|wx\+|a\+|ax\+)"/,
      /\b(?:createWriteStream|writeFile|writeFileSync|appendFile|appendFileSync)\b[^;]*from "node:fs/,
    ];
    const found = sourceFiles().filter((file) => {
      const text = readSource(file);
      return opens.some((pattern) => pattern.test(text));
    });
    expect(found).toEqual(["files/new-file.ts"]);
  });

  it("is ended, written from and asked for its environment by the command line only", () => {
    const rules: [RegExp, readonly string[]][] = [
      [/process\.exit\(/, ["cli"]],
      [/process\.env\b/, ["cli", "config"]],
      [/process\.std(?:out|err)\b/, ["cli"]],
    ];
    const wrong = sourceFiles().flatMap((file) => {
      const text = readSource(file);
      return rules
        .filter(([pattern, rooms]) => pattern.test(text) && !rooms.includes(room(file)))
        .map(([pattern]) => `${file}: ${pattern}`);
    });
    expect(wrong).toEqual([]);
  });

  it("writes text for people only through the functions that make it printable", () => {
    const writers = sourceFiles().filter((file) => /std(?:out|err)\.write\(/.test(readSource(file)));
    // Help and JSON; data and lines; messages; the monitor's last picture.
    expect(writers.toSorted()).toEqual([
      "cli/command.ts",
      "terminal/io.ts",
      "terminal/monitor-screen.ts",
      "terminal/reporter.ts",
    ]);
  });
});
