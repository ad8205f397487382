import { MAX_ROW_BYTES } from "../core/csv.ts";
import { csvField } from "../core/csv-field.ts";
import { type WorkItem, workItemKey } from "../core/work-item.ts";
import { type KustoTable, requireColumns } from "../kusto/kusto.ts";

/** A row that is left out of the CSV, because its reader would not take it. */
export interface RejectedWorkItem {
  readonly workItem: WorkItem;
  /** Such as `WorkItemId is empty`. */
  readonly reason: string;
}

const HEADER = "JobId,WorkItemId,WorkItemName\n";
/** Rejected rows that are kept to be shown. */
const SHOWN = 5;
/** Characters that are written at once. */
const CHUNK = 256 * 1024;

/** Where the CSV is written to; nothing is seen of it before it is whole. */
export interface CsvOutput {
  write(text: string): Promise<void>;
  /** Drops what was written so far. */
  restart(): Promise<void>;
}

/** The CSV of the work items found; each answer's repetitions are left out. */
export class WorkItemCsv {
  readonly #output: CsvOutput;
  #counts = noCounts();

  private constructor(output: CsvOutput) {
    this.#output = output;
  }

  /** Begins it, with the header. */
  static async begin(output: CsvOutput): Promise<WorkItemCsv> {
    const csv = new WorkItemCsv(output);
    await csv.restart();
    return csv;
  }

  /**
   * Adds the rows of an answer (columns JobId, WorkItemId and perhaps WorkItemName, as texts).
   *
   * @throws ReuploadError `kusto-invalid` when it has other columns; what the output throws
   */
  async add(table: KustoTable): Promise<void> {
    requireColumns(table, ["JobId", "WorkItemId"], "query");
    const [job, item, name] = ["JobId", "WorkItemId", "WorkItemName"].map((wanted) =>
      table.columns.findIndex((column) => column.name === wanted),
    );
    const seen = new Set<string>();
    let text = "";
    for (const row of table.rows) {
      const cell = (at: number | undefined): string => cellText(row[at ?? -1]);
      const workItem = { jobId: cell(job), workItemId: cell(item), workItemName: cell(name) };
      const line = this.#toLine(workItem, seen);
      if (line === undefined) continue;
      text += line;
      if (text.length < CHUNK) continue;
      await this.#output.write(text);
      text = "";
    }
    await this.#output.write(text);
  }

  /** Begins anew, with nothing but the header. */
  async restart(): Promise<void> {
    await this.#output.restart();
    await this.#output.write(HEADER);
    this.#counts = noCounts();
  }

  counts(): Readonly<Counts> {
    return this.#counts;
  }

  /** The row's line; undefined for one that is not written. */
  #toLine(workItem: WorkItem, seen: Set<string>): string | undefined {
    const counts = this.#counts;
    counts.rows++;
    const line = `${csvField(workItem.jobId)},${csvField(workItem.workItemId)},${csvField(workItem.workItemName)}\n`;
    const reason = describeProblem(workItem, line);
    if (reason !== undefined) {
      counts.rejected++;
      if (counts.firstRejected.length < SHOWN) counts.firstRejected.push({ workItem, reason });
      return undefined;
    }
    const key = workItemKey(workItem);
    if (seen.has(key)) {
      counts.duplicates++;
      return undefined;
    }
    seen.add(key);
    counts.workItems++;
    return line;
  }
}

interface Counts {
  rows: number;
  workItems: number;
  duplicates: number;
  rejected: number;
  firstRejected: RejectedWorkItem[];
}

function noCounts(): Counts {
  return { rows: 0, workItems: 0, duplicates: 0, rejected: 0, firstRejected: [] };
}

function cellText(cell: unknown): string {
  return typeof cell === "string" ? cell : "";
}

/** Why the CSV's reader would not take this row, or would read another; undefined when it takes it. */
function describeProblem({ jobId, workItemId, workItemName }: WorkItem, line: string): string | undefined {
  if (jobId.trim() === "")
    return workItemId.trim() === "" ? "JobId and WorkItemId are empty" : "JobId is empty";
  if (workItemId.trim() === "") return "WorkItemId is empty";
  if (/[\r\n]/.test(jobId + workItemId)) return "an id has a line break";
  if (line.includes("\0")) return "NUL character";
  if (![jobId, workItemId, workItemName].every((text) => text.isWellFormed())) return "not valid Unicode";
  return Buffer.byteLength(line) > MAX_ROW_BYTES ? "longer than 1 MiB" : undefined;
}
