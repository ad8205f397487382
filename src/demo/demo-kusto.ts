/** `demo --kusto`: find, then run with lookups, on a stand-in for Azure Data Explorer that holds the demo's input. */
import { readFile, rm } from "node:fs/promises";
import { type CsvRecord, parseCsv } from "../core/csv.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { DemoInput } from "./demo-input.ts";
import { type KustoServer, KustoTables, type Row, startKustoServer } from "../emulator/emulator.ts";
import { readWorkItems } from "../input/input.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

const DATABASE = "perf";
const FAILED_AT = "2026-06-30T21:04:00Z";
const SINCE = "2026-06-30";

/** A stand-in that answers for the demo's work items and files. */
export interface DemoKusto {
  /** Arguments of `reupload find` but for the query and `--out`. */
  readonly cluster: string;
  readonly database: string;
  /** What the shipped query `failed-since` is asked with. */
  readonly parameter: string;
  /** Queries that came so far. */
  readonly queries: () => number;
  stop(): Promise<void>;
}

/**
 * Fills the stand-in from the demo's CSV and listing, and takes the CSV away: `find` writes it anew.
 *
 * @throws the signal's reason
 */
export async function startDemoKusto(
  surroundings: Surroundings,
  input: DemoInput,
  signal: AbortSignal,
): Promise<DemoKusto> {
  const tables = new KustoTables();
  const workItems = await readAll(input.csvFile, signal);
  tables.add("WorkItems", [...workItems.map(failedRow), ...succeededRows()]);
  tables.add("Files", readFileRows(await readFile(input.listingFile)));
  await rm(input.csvFile);
  return serve(surroundings, tables);
}

async function serve(surroundings: Surroundings, tables: KustoTables): Promise<DemoKusto> {
  const server: KustoServer = await startKustoServer({ surroundings, tables, database: DATABASE });
  return {
    cluster: server.url,
    database: DATABASE,
    parameter: `since=${SINCE}`,
    queries: () => server.queries,
    async stop() {
      await server.stop();
      tables.close();
    },
  };
}

/** The listing's rows as the table of files has them; the demo has written the listing itself. */
function readFileRows(listing: Buffer): Row[] {
  const rows: Row[] = [];
  const sink = {
    record: (record: CsvRecord): void => {
      const [JobId = "", WorkItemId = "", WorkItemName = "", Uri = "", FileName = ""] = Array.from(
        { length: 5 },
        (_, at) => record.field(at),
      );
      if (record.line > 1) rows.push({ JobId, WorkItemId, WorkItemName, Uri, FileName });
    },
    rejected: (): never => {
      throw new TypeError("the demo wrote a listing that is no CSV");
    },
  };
  parseCsv(listing, sink, { delimiter: "," });
  return rows;
}

async function readAll(csv: string, signal: AbortSignal): Promise<WorkItem[]> {
  const found = new Map<string, WorkItem>();
  for await (const rows of readWorkItems({ path: csv }, { signal })) {
    for (const row of rows) {
      if (row.kind === "row") found.set(`${row.workItem.jobId} ${row.workItem.workItemId}`, row.workItem);
    }
  }
  return [...found.values()];
}

function failedRow({ jobId, workItemId, workItemName }: WorkItem): Row {
  return {
    JobId: jobId,
    WorkItemId: workItemId,
    WorkItemName: workItemName,
    MachineName: "M-17",
    QueueName: "nightly",
    State: "Failed",
    FinishedAt: FAILED_AT,
  };
}

/** Work items that are none of the demo's business: a query must leave them out. */
function succeededRows(): Row[] {
  return Array.from({ length: 50 }, (_, n) => ({
    ...failedRow({ jobId: "70999", workItemId: String(1_700_000_000 + n), workItemName: "" }),
    State: "Succeeded",
  }));
}
