/** `reupload find`: a query's work items as the CSV that `run` reads. */
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ATTEMPT_DEFAULTS, Attempts } from "../azure/attempts/attempt.ts";
import { GATE_DEFAULTS, type GateWaiting, ServiceGate } from "../azure/gate/service-gate.ts";
import { resolveOne } from "../config/config.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { type FindReport, findWorkItems } from "../find/find.ts";
import type { Kusto } from "../kusto/kusto.ts";
import { readParameters } from "../kusto/parameters.ts";
import { declaredParameters, readQueryText } from "../kusto/query-text.ts";
import { quantity } from "../terminal/format.ts";
import { type JsonFields, jsonText } from "../report/json-forms.ts";
import { SCHEMA_VERSION, waitingMessages } from "../report/messages.ts";
import type { UsedFiles } from "../files/overlap.ts";
import { commandFiles } from "../job/command-files.ts";
import { connectKusto } from "../job/kusto.ts";
import { type Io, writeLines } from "../terminal/io.ts";
import { STATE_COMPANION_ENDINGS } from "../state/wiring.ts";
import { ResultFile } from "../terminal/result-file.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";
import { every, REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

export interface FindArguments {
  /** A file, or the name of a shipped query. */
  readonly query: string | undefined;
  /** `--query` */
  readonly text: string | undefined;
  /** `--param` */
  readonly parameters: readonly string[];
  /** `--out`; `-` for stdout. */
  readonly out: string;
  /** The options that it shares with `run`, as commander gives them. */
  readonly flags: Readonly<Record<string, string | boolean | string[] | undefined>>;
}

/** The shipped queries: beside `src` and `dist`. */
const SHIPPED = join(import.meta.dirname, "..", "..", "queries");

/** @returns the exit code; errors are told */
export async function find(given: FindArguments, io: Io): Promise<ExitCode> {
  const written = given.out === "-" ? "the CSV is not whole" : `${given.out} is not written`;
  const words = { stops: "the query is given up", left: `stopped: ${written}` };
  return inSession(toRunFlags(given.flags), io, (session) => findInSession(given, session), {
    words,
    files: (options, path) => usedFiles(given, resolveOne(options, "config"), path),
  });
}

function usedFiles(
  { query, out }: FindArguments,
  config: string | undefined,
  path: Session["path"],
): UsedFiles[] {
  return [
    ...commandFiles({ config }, path),
    ...(query === undefined ? [] : [{ option: "the query", paths: [path(query)], use: "read" } as const]),
    ...(out === "-" ? [] : [{ option: "--out", paths: [path(out)], use: "written" } as const]),
  ];
}

function toRunFlags(options: FindArguments["flags"]): RunFlags {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

async function findInSession(given: FindArguments, session: Session): Promise<ExitCode> {
  const isJson = resolveOne(session.given, "output") === "json";
  if (given.out === "-" && isJson) {
    throw new ReuploadError("usage", "Both the CSV and what is told about it are to go to stdout.", {
      advice: "Leave out --output json, or give --out a file.",
    });
  }
  const text = await queryText(given, session);
  const parameters = readParameters(given.parameters, declaredParameters(text));
  // Looked at before the service is asked.
  await using output = await ResultFile.create(given.out, session.io, STATE_COMPANION_ENDINGS);
  const { kusto, gate } = await openKusto(session);
  const stopWatching = tellWaiting(gate, session);
  try {
    const { signal } = session;
    const onSlices = (slices: number): void =>
      session.notice("info", `the result is too much for one answer: it is asked for in ${slices} slices`);
    const report = await findWorkItems({ kusto, query: { text, parameters }, output, signal, onSlices });
    await output.publish();
    if (isJson) await writeLines(session.io, [jsonText(reportJson(report, session.path(given.out)))]);
    else tell(report, given.out, session);
    return report.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
  } finally {
    stopWatching();
    kusto.close();
  }
}

/** The query, from the command line or a file. @throws ReuploadError */
async function queryText(given: FindArguments, session: Session): Promise<string> {
  const text = await givenText(given, session);
  if (text.trim() !== "") return text;
  throw new ReuploadError("usage", `The query ${given.query ?? "given with --query"} is empty.`, {
    advice: "Write one that gives JobId and WorkItemId; see docs/kusto.md.",
  });
}

async function givenText({ query, text }: FindArguments, session: Session): Promise<string> {
  if (query !== undefined && text !== undefined) {
    throw new ReuploadError("usage", `The query is given twice: ${query} and --query.`, {
      advice: "Leave one of them out.",
    });
  }
  if (text !== undefined) return text;
  const names = (await readdir(SHIPPED)).map((name) => name.replace(/\.kql$/, ""));
  const shipped = names.filter((name) => name !== "lookup").join(", ");
  if (query === undefined) {
    throw new ReuploadError("usage", "No query says which work items are wanted.", {
      advice: `Give a file with it, --query TEXT, or the name of a shipped one: ${shipped}. See docs/kusto.md.`,
    });
  }
  const path = session.path(query);
  const isShipped = names.includes(query) && !(await isThere(path));
  try {
    return readQueryText(await readFile(isShipped ? join(SHIPPED, `${query}.kql`) : path));
  } catch (thrown) {
    throw new ReuploadError("usage", `The query ${query} cannot be read: ${errorMessageText(thrown)}`, {
      advice: `Give a file, or the name of a shipped query: ${shipped}.`,
      cause: thrown,
    });
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function openKusto(session: Session): Promise<{ kusto: Kusto; gate: () => ServiceGate | undefined }> {
  const { given, io } = session;
  const cluster = resolveOne(given, "kustoCluster");
  const database = resolveOne(given, "kustoDatabase");
  if (cluster === undefined || database === undefined) {
    const missing = cluster === undefined ? "--kusto-cluster" : "--kusto-database";
    throw new ReuploadError("usage", `${missing} is not given.`, {
      advice: "Give --kusto-cluster https://CLUSTER.REGION.kusto.windows.net and --kusto-database NAME.",
    });
  }
  const maxWaitMs = resolveOne(given, "maxWait");
  let gate: ServiceGate | undefined;
  const kusto = await connectKusto({
    cluster,
    database,
    settings: {
      auth: resolveOne(given, "auth"),
      tenant: resolveOne(given, "tenant"),
      quiet: resolveOne(given, "quiet"),
      output: resolveOne(given, "output"),
      kustoQueries: 1,
    },
    env: io.env,
    prompt: session,
    attempts: new Attempts(REAL_SURROUNDINGS, {
      ...ATTEMPT_DEFAULTS,
      idleMs: resolveOne(given, "requestTimeout"),
    }),
    gate: (place, signIn) =>
      (gate = new ServiceGate(REAL_SURROUNDINGS, place, {
        ...GATE_DEFAULTS,
        fewRequests: true,
        maxWaitMs,
        signIn,
      })),
  });
  return { kusto, gate: () => gate };
}

/** Tells when the service is waited for, and when it is back. @returns ends it */
function tellWaiting(gate: () => ServiceGate | undefined, { reporter, surroundings }: Session): () => void {
  let before: GateWaiting[] = [];
  return every(surroundings, 1_000, () => {
    const waiting = gate()?.waiting;
    const now = waiting === undefined ? [] : [waiting];
    for (const message of waitingMessages(before, now, surroundings.wall())) reporter.tell(message);
    before = now;
  });
}

function tell(report: FindReport, out: string, session: Session): void {
  const { workItems, rows, duplicates, rejected, firstRejected } = report;
  const place = out === "-" ? "" : ` in ${out}`;
  const repeated = duplicates > 0 ? `, ${quantity(duplicates, "of them repeated", "of them repeated")}` : "";
  session.notice("info", `${quantity(workItems, "work item")}${place} (${quantity(rows, "row")}${repeated})`);
  if (rejected === 0) return;
  session.notice("warning", `${quantity(rejected, "row")} left out: no CSV can hold their ids`);
  for (const { workItem, reason } of firstRejected) {
    const ids = `JobId ${JSON.stringify(workItem.jobId)}, WorkItemId ${JSON.stringify(workItem.workItemId)}`;
    session.notice("warning", `${ids}: ${reason}`);
  }
}

function reportJson({ firstRejected, ...counts }: FindReport, path: string): JsonFields {
  return {
    schemaVersion: SCHEMA_VERSION,
    type: "found",
    out: path,
    ...counts,
    firstRejected: firstRejected.map(({ workItem, reason }) => ({
      jobId: workItem.jobId,
      workItemId: workItem.workItemId,
      reason,
    })),
  };
}
