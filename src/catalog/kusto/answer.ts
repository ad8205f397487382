import type { CatalogFile } from "../../core/file.ts";
import { sortFiles } from "../../core/file-plan.ts";
import { type WorkItem, workItemKey } from "../../core/work-item.ts";
import type { KustoTable } from "../../kusto/kusto.ts";
import type { Lookup } from "../catalog.ts";
import { fileOfRow } from "../listing/file-of-row.ts";

/** The rows of a table, each cell a text by the name of its column. One object for all rows. */
export class TableRows {
  readonly problem = undefined;
  readonly #table: KustoTable;
  readonly #at: ReadonlyMap<string, number>;
  #row: readonly unknown[] = [];

  constructor(table: KustoTable) {
    this.#table = table;
    this.#at = new Map(table.columns.map(({ name }, at) => [name, at]));
  }

  *[Symbol.iterator](): Generator<this> {
    for (const row of this.#table.rows) {
      this.#row = row;
      yield this;
    }
  }

  /** The cell's text; empty when there is none. */
  field(column: string): string {
    const cell = this.#row[this.#at.get(column) ?? -1];
    if (typeof cell === "string") return cell;
    return cell === undefined || cell === null ? "" : JSON.stringify(cell);
  }

  /** The key of the row's work item. */
  key(): string {
    return workItemKey({ jobId: this.field("JobId"), workItemId: this.field("WorkItemId") });
  }
}

/** An answer, work item by work item. */
export interface DividedAnswer {
  /** In the order in which they were asked for. */
  readonly lookups: readonly Lookup[];
  /** Rows of work items that were not asked for: the query does not keep to its parameters. */
  readonly strayRows: number;
}

/**
 * Divides the rows of an answer among the work items that were asked for.
 *
 * @param filtersByJob false when the query takes no job ids, and may give rows of other jobs
 */
export function divideAnswer(
  workItems: readonly WorkItem[],
  table: KustoTable,
  filtersByJob: boolean,
): DividedAnswer {
  const gathered = new Map(workItems.map((workItem) => [workItemKey(workItem), new Gathered(workItem)]));
  const strays = new Strays(workItems, filtersByJob);
  let own: Gathered | undefined;
  for (const row of new TableRows(table)) {
    // The rows of a work item mostly follow each other.
    if (own?.owns(row) !== true) own = gathered.get(row.key());
    if (own !== undefined) own.take(row);
    else strays.take(row, gathered);
  }
  return { lookups: Array.from(gathered.values(), (one) => one.lookup()), strayRows: strays.count };
}

/** What the rows of a work item say. */
class Gathered {
  readonly #workItem: WorkItem;
  readonly #files: CatalogFile[] = [];
  readonly problems: string[] = [];
  #name = "";

  constructor(workItem: WorkItem) {
    this.#workItem = workItem;
  }

  owns(row: TableRows): boolean {
    const { jobId, workItemId } = this.#workItem;
    return row.field("WorkItemId") === workItemId && row.field("JobId") === jobId;
  }

  take(row: TableRows): void {
    const { file, problems } = fileOfRow(row);
    for (const problem of problems) this.problems.push(`${shown(row.field("FileName"))}: ${problem}`);
    if (file !== undefined) this.#files.push(file);
    // Of several names the least, so that the order of the rows does not decide how blobs are named.
    const name = row.field("WorkItemName");
    if (name.trim() !== "" && (this.#name === "" || name < this.#name)) this.#name = name;
  }

  lookup(): Lookup {
    return {
      workItem: this.#workItem,
      workItemName: this.#name,
      files: sortFiles(this.#files),
      problems: this.problems,
    };
  }
}

/** Rows that belong to none of the work items asked for. */
class Strays {
  count = 0;
  readonly #jobIds: ReadonlySet<string> | undefined;
  readonly #workItemIds: ReadonlySet<string>;
  /** By ids in one case and without white space: so a query that compares loosely finds them. */
  readonly #alike: ReadonlyMap<string, string>;
  readonly #told = new Set<string>();

  constructor(workItems: readonly WorkItem[], filtersByJob: boolean) {
    this.#jobIds = filtersByJob ? new Set(workItems.map(({ jobId }) => jobId)) : undefined;
    this.#workItemIds = new Set(workItems.map(({ workItemId }) => workItemId));
    this.#alike = new Map(workItems.map((workItem) => [looseKey(workItem), workItemKey(workItem)]));
  }

  take(row: TableRows, gathered: ReadonlyMap<string, Gathered>): void {
    const ids = { jobId: row.field("JobId"), workItemId: row.field("WorkItemId") };
    // Both lists are asked for at once: a pair of them that nobody asked for comes by right.
    const isJobAsked = this.#jobIds === undefined || this.#jobIds.has(ids.jobId);
    if (isJobAsked && this.#workItemIds.has(ids.workItemId)) return;
    this.count++;
    const alike = this.#alike.get(looseKey(ids));
    if (alike === undefined || this.#told.has(alike)) return;
    this.#told.add(alike);
    // Without a word it would count as a work item without files.
    gathered
      .get(alike)
      ?.problems.push(
        `the catalog has files for JobId ${shown(ids.jobId)}, WorkItemId ${shown(ids.workItemId)}, which differs from the ids in the CSV`,
      );
  }
}

function looseKey({ jobId, workItemId }: Pick<WorkItem, "jobId" | "workItemId">): string {
  return workItemKey({ jobId: jobId.trim().toLowerCase(), workItemId: workItemId.trim().toLowerCase() });
}

const SHOWN_CHARACTERS = 100;

/** A name or id from outside, quoted and not too long. */
function shown(text: string): string {
  return JSON.stringify(text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`);
}
