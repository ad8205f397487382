/** Kusto from end to end: work items found, their files looked up, copied and announced; the stand-in is the cluster. */
import { hash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forbidden } from "../../src/emulator/kusto-server/service-refusal.ts";
import type { Row } from "../../src/emulator/kusto-server/tables.ts";
import type { CliResult } from "../support/run-cli.ts";
import { type FaultyKusto, startFaultyKusto } from "../support/kusto-server.ts";
import { announcementsOf, expectAnnouncedOnce, expectInTarget, summaryIn } from "./expectations.ts";
import { putBlob, sourceSas } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const WORK_ITEMS = 30;
const FILES_EACH = 3;
const SUFFIX = "perf-lab-report.json";
/** Ids that would end a text or begin another query. */
const ODD_IDS = ['a" | take 1 //', "'); drop", "dynamic([1])"];

interface SourceFile {
  readonly workItemId: string;
  readonly name: string;
  readonly content: string;
  readonly sourceName: string;
}

let scene: Scene;
let server: FaultyKusto;
let refused = false;
let isSignedIn = true;
/** Called with the work items of each lookup, before it is answered. */
let onLookup: (workItemIds: readonly string[]) => void = () => {};

beforeAll(async () => {
  scene = await startScene();
  server = await startFaultyKusto({
    database: "perf",
    takesToken: () => isSignedIn,
    fault: ({ text, parameters }) => {
      if (text.includes("order by")) onLookup(idsIn(parameters["workItemIds"]));
      return refused ? { refuse: forbidden("perf") } : undefined;
    },
  });
  server.tables.add("WorkItems", workItemRows());
  server.tables.add("Files", await fileRows(3600));
  await Promise.all(
    files.map(({ sourceName, content }) => putBlob(scene, scene.source, sourceName, content)),
  );
  await scene.write("mine.kql", MINE);
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
  await server.stop();
  server.tables.close();
});

const ids = [...ODD_IDS, ...Array.from({ length: WORK_ITEMS - ODD_IDS.length }, (_, at) => `w${at}`)];
const nameOf = (workItemId: string) => `item-${ids.indexOf(workItemId)}`;
const files: SourceFile[] = ids.flatMap((workItemId, item) =>
  Array.from({ length: FILES_EACH }, (_, at) => ({
    workItemId,
    name: `run/${at}-${SUFFIX}`,
    content: JSON.stringify({ item, at }),
    sourceName: `${item}/${at}.json`,
  })),
);
const wanted = files.map(({ workItemId, name, content }) => ({
  blobName: `${nameOf(workItemId)}-${name.replace("run/", "")}`,
  md5: hash("md5", content, "base64"),
}));

const MINE = `declare query_parameters(queue:string, states:dynamic);
WorkItems
| where QueueName == queue and State in (states)
| project JobId, WorkItemId, WorkItemName; // that is all
`;

function* workItemRows(): Generator<Row> {
  for (const WorkItemId of ids) {
    const row = { JobId: "70431", WorkItemId, WorkItemName: nameOf(WorkItemId), QueueName: "nightly" };
    yield { ...row, MachineName: "M1", State: "Failed", FinishedAt: "2026-02-01T00:00:00Z" };
  }
  yield { JobId: "70431", WorkItemId: "fine", QueueName: "nightly", State: "Passed" };
  // Found twice.
  yield {
    JobId: "70431",
    WorkItemId: "w0",
    WorkItemName: nameOf("w0"),
    QueueName: "nightly",
    State: "Failed",
  };
}

/** @param seconds how long the links last */
async function fileRows(seconds: number): Promise<Row[]> {
  const sas = await sourceSas(scene, seconds);
  return files.flatMap(({ workItemId, name, sourceName }) => {
    const row = { JobId: "70431", WorkItemId: workItemId, WorkItemName: nameOf(workItemId) };
    const Uri = `${scene.proxy.blobEndpoint}/${scene.source}/${sourceName}${sas}`;
    return [
      { ...row, FileName: name, Uri },
      { ...row, FileName: name.replace(SUFFIX, "console.log"), Uri: `${Uri}&other` },
    ];
  });
}

/** The list in `dynamic([...])`. */
function idsIn(literal = ""): string[] {
  return JSON.parse(/^dynamic\((.*)\)$/s.exec(literal)?.[1] ?? "[]") as string[];
}

const cluster = () => ["--kusto-cluster", server.url, "--kusto-database", "perf"];

function find(...args: string[]): Promise<CliResult> {
  return scene.cli(["find", ...args, ...cluster()]);
}

function run(state: string, ...args: string[]): Promise<CliResult> {
  const target = ["--target-container", scene.container, "--queue", scene.queue];
  const csv = ["--csv", "found.csv", "--state-db", state, "--file-workers", "4"];
  return scene.cli(["run", ...csv, ...cluster(), ...target, "--output", "json", ...args]);
}

describe("find and run in Kusto", () => {
  it("find the work items with a query of one's own, whatever their ids are", async () => {
    const { code, stdout, stderr } = await find(
      "mine.kql",
      "--param",
      "queue=nightly",
      "--param",
      "states=Failed",
      "--out",
      "found.csv",
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("30 work items in found.csv (31 rows, 1 of them repeated)");
    const csv = await scene.read("found.csv");
    expect(csv.split("\n")[0]).toBe("JobId,WorkItemId,WorkItemName");
    expect(csv).toContain('70431,"a"" | take 1 //",item-0\n');
  });

  it("find the same work items with a shipped query, write them to stdout and report as JSON", async () => {
    const query = ["failed-since", "--param", "since=2000-01-01"];
    const printed = await find(...query, "--out", "-");
    expect(printed.stdout.trimEnd().split("\n")).toHaveLength(31);
    const told = await find(...query, "--out", "shipped.csv", "--output", "json");
    expect(JSON.parse(told.stdout)).toMatchObject({ type: "found", workItems: 30, rows: 30, rejected: 0 });
    expect(await scene.read("shipped.csv")).toBe(printed.stdout);
  });

  it("copy and announce every file of these work items with few lookup queries", async () => {
    const before = server.queries;
    const result = await run("state.db");
    expect(result.code).toBe(0);
    expect(summaryIn(result)).toMatchObject({
      verdict: "completed",
      rows: { total: 30, completed: 30, rejected: 0 },
      files: { total: 90, copied: 90, failed: 0 },
      announced: 90,
    });
    await expectInTarget(scene, wanted);
    await expectAnnouncedOnce(scene, wanted);
    expect(server.queries - before).toBeLessThanOrEqual(6);
  });

  it("resume with the same query alone", async () => {
    expect((await run("state.db", "--resume")).code).toBe(0);
    const other = await run("state.db", "--resume", "--file-suffix", "console.log");
    expect(other.code).toBe(3);
    expect(other.stdout).toContain("identity-mismatch");
    expect(await announcementsOf(scene)).toEqual(new Map());
  });

  it("look up links again that have ended, so that no file fails", async () => {
    const ended = await fileRows(-60);
    const renewed = await fileRows(3600);
    const put = (rows: readonly Row[]): void => {
      server.tables.clear("Files");
      server.tables.add("Files", rows);
    };
    put(ended);
    const asked = new Set<string>();
    // Whoever asks for a work item again gets links that last.
    onLookup = (workItemIds) => {
      if (workItemIds.some((id) => asked.has(id))) put(renewed);
      for (const id of workItemIds) asked.add(id);
    };
    const { containerName } = await scene.behind.newContainer();
    const result = await run("ended.db", "--target-container", containerName, "--no-queue");
    expect(result.code).toBe(0);
    expect(summaryIn(result)).toMatchObject({ files: { total: 90, copied: 90, failed: 0 } });
    expect(asked).toEqual(new Set(ids));
  });
});

describe("a query that is wrong", () => {
  it("is reported as the sign-in's problem, not a key's, when nobody is signed in", async () => {
    isSignedIn = false;
    try {
      const result = await find("of-jobs", "--param", "jobs=1", "--out", "wrong.csv", "--max-wait", "1s");
      expect(result.code).toBe(4);
      expect(result.stderr).toContain(
        "Give --auth (over http, reupload signs in only with it), then run the command again.",
      );
      expect(result.stderr).not.toContain("SAS");
    } finally {
      isSignedIn = true;
    }
  });

  it("is reported in one line by find, and no CSV is made", async () => {
    const wrong: readonly (readonly [RegExp, ...string[]])[] = [
      [/Failed to resolve table expression named 'Workitems'/, "--query", "Workitems"],
      [/no column WorkItemId; its columns are: JobId\n/, "--query", "Files | project JobId"],
      [/parameter states \(dynamic\) has no value/, "mine.kql", "--param", "queue=x"],
      [/The query given with --query is empty/, "--query", " "],
      [/--param jobs is empty/, "of-jobs", "--param", "jobs="],
      [/failed-on-machines, failed-since, of-jobs/],
    ];
    const results = await Promise.all(wrong.map(([, ...args]) => find(...args, "--out", "wrong.csv")));
    for (const [at, { code, stderr }] of results.entries()) {
      expect(stderr).toMatch(wrong[at]?.[0] ?? /^$/);
      expect(code).toBe(2);
    }
    await expect(scene.read("wrong.csv")).rejects.toThrow("ENOENT");
  });

  it("is reported by run before anything is copied", async () => {
    await scene.write(
      "lookup.kql",
      "declare query_parameters(workItemIds:dynamic); Files | project JobId, WorkItemId, Uri",
    );
    const result = await run("wrong.db", "--kusto-query", "lookup.kql");
    expect(result.code).toBe(2);
    expect(result.stdout).toContain("has no column FileName; its columns are: JobId (string)");
  });

  it("ends find with exit code 4 when the sign-in may not query", async () => {
    refused = true;
    try {
      const { code, stderr } = await find(
        "of-jobs",
        "--param",
        "jobs=1",
        "--out",
        "wrong.csv",
        "--max-wait",
        "1s",
      );
      expect(code).toBe(4);
      expect(stderr).not.toMatch(/\bat .*\.js:/);
    } finally {
      refused = false;
    }
  });
});
