/** The stand-in's tables, kept in SQLite. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

export type TableName = "WorkItems" | "Files";

export interface Column {
  readonly name: string;
  /** Kusto's name of the type. */
  readonly type: string;
}

export type Row = Readonly<Record<string, string | number | null>>;

const text = (name: string): Column => ({ name, type: "string" });

/** The schema that the example queries expect. */
export const COLUMNS: Readonly<Record<TableName, readonly Column[]>> = {
  WorkItems: [
    text("JobId"),
    text("WorkItemId"),
    text("WorkItemName"),
    text("MachineName"),
    text("QueueName"),
    text("State"),
    { name: "FinishedAt", type: "datetime" },
  ],
  Files: [text("JobId"), text("WorkItemId"), text("WorkItemName"), text("Uri"), text("FileName")],
};

export interface TablesOptions {
  /** SQLite file; in memory when not given. */
  readonly file?: string;
  /** Tables with other columns than `COLUMNS`. */
  readonly columns?: Partial<Record<TableName, readonly Column[]>>;
}

export class KustoTables {
  readonly columns: Readonly<Record<TableName, readonly Column[]>>;
  readonly #database: DatabaseSync;

  /** Opens the tables, making them when they are not there yet. */
  constructor(options: TablesOptions = {}) {
    this.columns = { ...COLUMNS, ...options.columns };
    this.#database = new DatabaseSync(options.file ?? ":memory:");
    // What a crash would lose can be made again.
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    for (const [table, columns] of Object.entries(this.columns)) {
      const list = columns.map((column) => `"${column.name}"`).join(", ");
      this.#database.exec(`CREATE TABLE IF NOT EXISTS ${table} (${list})`);
      if (["JobId", "WorkItemId"].every((name) => columns.some((column) => column.name === name))) {
        this.#database.exec(`CREATE INDEX IF NOT EXISTS ${table}ById ON ${table} (WorkItemId, JobId)`);
      }
    }
    this.#database.function("kusto_hash", { deterministic: true }, (value, modulus) =>
      hashValue(String(value), Number(modulus)),
    );
    this.#database.function("link_end", { deterministic: true }, (link) => linkEnd(String(link)));
  }

  /** Adds rows in one transaction; columns that a row lacks are empty. */
  add(table: TableName, rows: Iterable<Row>): void {
    const columns = this.columns[table];
    const insert = this.#database.prepare(
      `INSERT INTO ${table} VALUES (${columns.map(() => "?").join(", ")})`,
    );
    this.#database.exec("BEGIN");
    for (const row of rows) insert.run(...columns.map((column) => row[column.name] ?? ""));
    this.#database.exec("COMMIT");
  }

  /** Removes all rows, so that others can be added. */
  clear(table: TableName): void {
    this.#database.exec(`DELETE FROM ${table}`);
  }

  /** Rows as arrays, read as they are asked for. */
  select(sql: string, values: readonly SQLInputValue[]): Iterable<unknown> {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement.iterate(...values);
  }

  close(): void {
    this.#database.close();
  }
}

/** FNV-1a: stable, as Kusto's `hash` is; not the same hash. */
function hashValue(value: string, modulus: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < value.length; at++) hash = Math.imul(hash ^ value.charCodeAt(at), 0x01000193) >>> 0;
  return hash % modulus;
}

/** What `extract` of a link's `se=` gives: when its signature ends, as it stands in the link; empty without one. */
function linkEnd(link: string): string {
  return /[?&]se=([^&]+)/.exec(link)?.[1] ?? "";
}
