/**
 * Runs a query for failed work items and writes the CSV that `run` reads: `JobId,WorkItemId,WorkItemName`.
 *
 * A result that is too much for one answer is asked for again in slices by a hash of the work item id, so that memory
 * holds one slice at a time; a work item's rows are all in one slice, so that repetitions are found there.
 */
import { ReuploadError } from "../core/errors.ts";
import {
  type Kusto,
  type KustoColumn,
  type KustoQuery,
  type KustoTable,
  KustoTooMuch,
  piped,
} from "../kusto/kusto.ts";
import { type CsvOutput, type RejectedWorkItem, WorkItemCsv } from "./work-item-csv.ts";

export type { CsvOutput, RejectedWorkItem };

export interface FindOptions {
  readonly kusto: Kusto;
  /** Gives JobId, WorkItemId and, when known, WorkItemName. */
  readonly query: KustoQuery;
  /** Gets the CSV; what is in it when this throws is not whole. */
  readonly output: CsvOutput;
  readonly signal: AbortSignal;
  /** Told when the result has to be asked for in slices. */
  readonly onSlices?: (slices: number) => void;
}

export interface FindReport {
  /** Work items in the CSV. */
  readonly workItems: number;
  /** Rows of the result: those in the CSV, repetitions, and those rejected. */
  readonly rows: number;
  readonly duplicates: number;
  /** Rows whose ids no CSV can bring to `run`. */
  readonly rejected: number;
  readonly firstRejected: readonly RejectedWorkItem[];
  /** Queries that the result came in. */
  readonly slices: number;
}

const COLUMNS = { required: ["JobId", "WorkItemId"], optional: ["WorkItemName"] } as const;
const isId = (name: string): boolean => COLUMNS.required.some((id) => id === name);
const ROWS_IN_SLICE = 100_000;
const SLICES_WITHOUT_COUNT = 16;
const MOST_SLICES = 4096;

/**
 * @throws ReuploadError `kusto-invalid`, `permission`, `sign-in`, `unavailable`; what the output throws; the signal's
 * reason
 */
export async function findWorkItems(options: FindOptions): Promise<FindReport> {
  const ask = async (tail: string): Promise<KustoTable> =>
    options.kusto.query({ ...options.query, text: piped(options.query.text, tail) }, options);
  const asTexts = textColumns((await ask("| take 0")).columns);
  const csv = await WorkItemCsv.begin(options.output);
  const slices = await gather(ask, asTexts, csv, options);
  return { ...csv.counts(), slices };
}

type Ask = (tail: string) => Promise<KustoTable>;

/** Writes the whole result; gives the number of answers that it came in. */
async function gather(ask: Ask, asTexts: string, csv: WorkItemCsv, options: FindOptions): Promise<number> {
  const whole = await unlessTooMuch(ask(asTexts));
  if (whole !== undefined) {
    await csv.add(whole);
    return 1;
  }
  const rows = (await unlessTooMuch(ask("| count")))?.rows[0]?.[0];
  let slices = Math.max(2, typeof rows === "number" ? Math.ceil(rows / ROWS_IN_SLICE) : SLICES_WITHOUT_COUNT);
  for (; slices <= MOST_SLICES; slices *= 4) {
    options.onSlices?.(slices);
    if (await gatherSlices(ask, asTexts, csv, slices)) return slices;
    await csv.restart();
  }
  throw new ReuploadError(
    "kusto-invalid",
    `The result is too large for the service, even in ${slices / 4} slices by WorkItemId.`,
    { advice: "Narrow the query, for example by time, and write several CSVs." },
  );
}

/** False when one of the slices is still too much. */
async function gatherSlices(ask: Ask, asTexts: string, csv: WorkItemCsv, slices: number): Promise<boolean> {
  for (let slice = 0; slice < slices; slice++) {
    const answer = await unlessTooMuch(ask(`${asTexts}\n${resultSlice(slices, slice)}`));
    if (answer === undefined) return false;
    await csv.add(answer);
  }
  return true;
}

/** The operator that leaves one slice. `hash` itself may change from one query to the next, say its docs. */
export function resultSlice(slices: number, slice: number): string {
  return `| where hash_xxhash64(WorkItemId, ${slices}) == ${slice}`;
}

async function unlessTooMuch(answer: Promise<KustoTable>): Promise<KustoTable | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof KustoTooMuch) return undefined;
    throw thrown;
  }
}

/**
 * The operator that leaves the wanted columns alone, as texts: a long beyond 2^53 would lose digits on its way.
 *
 * @throws ReuploadError `kusto-invalid` when one is missing, or an id is a real: it has lost its digits already
 */
export function textColumns(found: readonly KustoColumn[]): string {
  const names = new Set(found.map(({ name }) => name));
  const missing = COLUMNS.required.filter((name) => !names.has(name));
  if (missing.length > 0) {
    const shown = found.map(({ name }) => name).join(", ");
    throw new ReuploadError(
      "kusto-invalid",
      `The query has no column ${missing.join(", ")}; its columns are: ${shown}`,
      { advice: "End it with: | project JobId, WorkItemId, WorkItemName (WorkItemName is optional)." },
    );
  }
  const real = found.find(({ name, type }) => type === "real" && isId(name));
  if (real !== undefined) {
    throw new ReuploadError("kusto-invalid", `The query gives ${real.name} as real, wanted is string`, {
      advice:
        "A real keeps about 16 digits of an id. Take the ids from where they are texts or whole numbers.",
    });
  }
  const known = [...COLUMNS.required, ...COLUMNS.optional].filter((name) => names.has(name));
  return `| project ${known.map((name) => `${name}=tostring(${name})`).join(", ")}`;
}
