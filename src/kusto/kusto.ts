/**
 * Queries to Azure Data Explorer, over the official client. A query is one whole answer in memory: callers size what
 * they ask for (`KustoTooMuch` says when it was too much). Retries, throttling, deadlines and cancelling are kept
 * here, because the client knows none of them.
 */
export { type DeclaredParameter, declaredParameters, piped } from "./query-text.ts";
export { requireColumns } from "./require-columns.ts";

/** A value for `declare query_parameters`: it travels beside the text, never inside it. */
export type KustoValue =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "int"; readonly value: number }
  /** 64 bits. */
  | { readonly type: "long"; readonly value: bigint }
  | { readonly type: "real"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  /** ISO 8601, UTC. */
  | { readonly type: "datetime"; readonly value: string }
  /** A Kusto timespan literal such as `1d` or `00:30:00`. */
  | { readonly type: "timespan"; readonly value: string }
  | { readonly type: "guid"; readonly value: string }
  /** A list of texts. */
  | { readonly type: "dynamic"; readonly value: readonly string[] };

export interface KustoQuery {
  /** KQL, with a `declare query_parameters` for each of `parameters`. */
  readonly text: string;
  readonly parameters: Readonly<Record<string, KustoValue>>;
}

export interface KustoColumn {
  readonly name: string;
  /** Kusto's name of the type: `string`, `long`, `datetime`, `dynamic`... */
  readonly type: string;
}

/** The primary result. */
export interface KustoTable {
  readonly columns: readonly KustoColumn[];
  /** Cells in column order, as JSON gives them. */
  readonly rows: readonly (readonly unknown[])[];
  /** Bytes of the whole answer as it came. */
  readonly bytes: number;
}

/** Why a query of this size did not come back: asking for less may help. */
export type TooMuch = "result-too-large" | "timeout" | "out-of-memory";

/** The service could not answer a query of this size; nothing is wrong with the query or the sign-in. */
export class KustoTooMuch extends Error {
  readonly why: TooMuch;

  constructor(why: TooMuch, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "KustoTooMuch";
    this.why = why;
  }
}

export interface Kusto {
  /** `cluster/database` without scheme, for messages and the run's identity. */
  readonly place: string;
  /** Queries sent since the start, retries included. */
  readonly sent: number;

  /**
   * Runs a query, waiting for its turn among `--kusto-queries`. Throttling, unreachable and overloaded services are
   * waited for behind the gate; a partial result is an error.
   *
   * @throws KustoTooMuch; ReuploadError `kusto-invalid` (syntax, unknown table or column: the service's own words),
   * `permission`, `sign-in`, `unavailable`; the signal's reason
   */
  query(query: KustoQuery, options: { signal: AbortSignal }): Promise<KustoTable>;

  close(): void;
}
