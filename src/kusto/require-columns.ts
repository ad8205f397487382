import { ReuploadError } from "../core/errors.ts";
import type { KustoTable } from "./kusto.ts";

/**
 * Holds an answer to the columns that were asked for: cells that are not there would read as empty ones.
 *
 * @param what the query, as the user knows it: `lookup query`
 * @throws ReuploadError `kusto-invalid`
 */
export function requireColumns({ columns }: KustoTable, wanted: readonly string[], what: string): void {
  const names = columns.map(({ name }) => name);
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  throw new ReuploadError(
    "kusto-invalid",
    `An answer to the ${what} has no column ${missing.join(", ")}; its columns are: ${names.join(", ")}`,
    { advice: "See whether the tables that it reads were changed, then run the command again." },
  );
}
