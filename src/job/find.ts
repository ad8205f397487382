/** Finds the work items of a query in Azure Data Explorer and writes them as the CSV that a run reads. */
import { access, readFile } from "node:fs/promises";
import { ATTEMPT_DEFAULTS, Attempts } from "../azure/attempts/attempt.ts";
import { GATE_DEFAULTS, type GateWaiting, ServiceGate } from "../azure/gate/service-gate.ts";
import { type Given, resolveOne } from "../config/config.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import type { UsedFiles } from "../files/overlap.ts";
import { type CsvOutput, type FindReport, findWorkItems } from "../find/find.ts";
import type { Kusto } from "../kusto/kusto.ts";
import { readParameters } from "../kusto/parameters.ts";
import { declaredParameters, readQueryText } from "../kusto/query-text.ts";
import { waitingMessages } from "../report/messages.ts";
import { STATE_COMPANION_ENDINGS } from "../state/wiring.ts";
import { listProgramFiles, readProgramFile } from "../surroundings/program-files.ts";
import { every } from "../surroundings/surroundings.ts";
import { commandFiles } from "./command-files.ts";
import type { JobContext } from "./context.ts";
import { connectKusto } from "./kusto.ts";

export type { FindReport };

/** Where the CSV goes. Nothing is seen of it before it is published. */
export interface FindOutput extends CsvOutput, AsyncDisposable {
  /** Puts what was written into its place as a whole. */
  publish(): Promise<void>;
}

/** What is looked for, and where the CSV of it goes. */
export interface FindRequest {
  /** A file, or the name of a shipped query. */
  readonly query: string | undefined;
  /** The query itself, in place of a file. */
  readonly text: string | undefined;
  /** Values of the query's parameters, each as `name=value`. */
  readonly parameters: readonly string[];
  /** Cluster, database, sign-in and waiting. */
  readonly given: Given;
  /**
   * Opens the place of the CSV.
   *
   * @param companions what may follow the path of a state in the names of files that belong to it
   */
  readonly openOutput: (companions: readonly string[]) => Promise<FindOutput>;
}

/** How often it is looked whether the service is waited for, ms. */
const WATCH_MS = 1_000;

/**
 * Writes the CSV as a whole, or nothing of it.
 *
 * @returns what was found
 * @throws ReuploadError `usage`, `bad-option`, `kusto-invalid`, `sign-in`, `permission`, `unavailable`,
 * `output-unwritable`, `disk-full`; the reason of the context's signal
 */
export async function find(context: JobContext, request: FindRequest): Promise<FindReport> {
  const text = await queryText(request, context.path);
  const parameters = readParameters(request.parameters, declaredParameters(text));
  // Looked at before the service is asked.
  await using output = await request.openOutput(STATE_COMPANION_ENDINGS);
  const { kusto, gate } = await openKusto(context, request.given);
  const stopWatching = tellWaiting(gate, context);
  try {
    const { signal } = context;
    const onSlices = (slices: number): void =>
      context.notice(
        "info",
        `the result is too large for one answer: reupload asks for it in ${slices} parts`,
      );
    const report = await findWorkItems({ kusto, query: { text, parameters }, output, signal, onSlices });
    await output.publish();
    return report;
  } finally {
    stopWatching();
    kusto.close();
  }
}

/**
 * The files that the options of `find` name; see `refuseOverlap`.
 *
 * @param named `out` is `-` for stdout
 * @param path makes a path whole
 */
export function findFiles(
  { query, out, config }: Readonly<Record<"query" | "config", string | undefined>> & { readonly out: string },
  path: (path: string) => string,
): UsedFiles[] {
  return [
    ...commandFiles({ config }, path),
    ...(query === undefined ? [] : [{ option: "the query", paths: [path(query)], use: "read" } as const]),
    ...(out === "-" ? [] : [{ option: "--out", paths: [path(out)], use: "written" } as const]),
  ];
}

/** The query, from the command line or a file. @throws ReuploadError */
async function queryText(request: FindRequest, path: JobContext["path"]): Promise<string> {
  const text = await givenText(request, path);
  if (text.trim() !== "") return text;
  throw new ReuploadError("usage", `The query ${request.query ?? "given with --query"} is empty.`, {
    advice: "Write a query that returns JobId and WorkItemId; see docs/kusto.md.",
  });
}

async function givenText({ query, text }: FindRequest, path: JobContext["path"]): Promise<string> {
  if (query !== undefined && text !== undefined) {
    throw new ReuploadError("usage", `The query is given twice: ${query} and --query.`, {
      advice: "Omit one of them.",
    });
  }
  if (text !== undefined) return text;
  const names = listProgramFiles("queries").map((name) => name.replace(/\.kql$/, ""));
  const shipped = names.filter((name) => name !== "lookup").join(", ");
  if (query === undefined) {
    throw new ReuploadError("usage", "No query is given.", {
      advice: `Give a file with the query, --query TEXT, or the name of a query that comes with reupload: ${shipped}. See docs/kusto.md.`,
    });
  }
  const file = path(query);
  const isShipped = names.includes(query) && !(await isThere(file));
  try {
    return readQueryText(
      isShipped ? Buffer.from(readProgramFile(`queries/${query}.kql`)) : await readFile(file),
    );
  } catch (thrown) {
    throw new ReuploadError("usage", `The query ${query} cannot be read: ${errorMessageText(thrown)}`, {
      advice: `Give a file, or the name of a query that comes with reupload: ${shipped}.`,
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

async function openKusto(
  context: JobContext,
  given: Given,
): Promise<{ kusto: Kusto; gate: () => ServiceGate | undefined }> {
  const { surroundings } = context;
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
    env: context.env,
    prompt: context,
    attempts: new Attempts(surroundings, {
      ...ATTEMPT_DEFAULTS,
      idleMs: resolveOne(given, "requestTimeout"),
    }),
    gate: (place, signIn) =>
      (gate = new ServiceGate(surroundings, `cluster ${place}`, {
        ...GATE_DEFAULTS,
        fewRequests: true,
        maxWaitMs,
        signIn,
      })),
  });
  return { kusto, gate: () => gate };
}

/** Tells when the service is waited for, and when it is back. @returns ends it */
function tellWaiting(
  gate: () => ServiceGate | undefined,
  { reporter, surroundings }: JobContext,
): () => void {
  let before: GateWaiting[] = [];
  return every(surroundings, WATCH_MS, () => {
    const waiting = gate()?.waiting;
    const now = waiting === undefined ? [] : [waiting];
    for (const message of waitingMessages(before, now, surroundings.wall())) reporter.tell(message);
    before = now;
  });
}
