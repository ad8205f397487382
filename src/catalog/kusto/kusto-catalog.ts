/**
 * The `kusto` catalog: the files of many work items by one query. How many follows what an answer weighs
 * (`batch-size.ts`); a query that is too much is halved, down to one work item, before that one fails.
 *
 * Nothing is kept between lookups: each asks anew, so a lookup with `fresh` differs only in that it may wait a moment
 * for others.
 */
import type { WorkItem } from "../../core/work-item.ts";
import { type Kusto, type KustoTable, KustoTooMuch, piped, requireColumns } from "../../kusto/kusto.ts";
import type { Catalog, Lookup, Survey } from "../catalog.ts";
import { divideAnswer } from "./answer.ts";
import { BatchSize } from "./batch-size.ts";
import { checkColumns, knownColumns } from "./columns.ts";
import { LOOKUP_COUNT, LOOKUP_ORDER, type LookupQuery } from "./lookup-query.ts";
import { MergedLookups } from "./merged-lookups.ts";
import { surveyBy } from "./survey.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

export interface KustoCatalogOptions {
  readonly surroundings: Surroundings;
  /** Closed with the catalog. */
  readonly kusto: Kusto;
  readonly query: LookupQuery;
  readonly signal: AbortSignal;
}

/**
 * Opens the catalog: asks for the query's columns and checks them by name and type.
 *
 * @throws ReuploadError `kusto-invalid` (the service's own words, or the columns found), `permission`, `sign-in`,
 * `unavailable`; the signal's reason
 */
export async function openKustoCatalog(options: KustoCatalogOptions): Promise<Catalog> {
  const { kusto, query, signal } = options;
  const { columns } = await kusto.query(
    { text: piped(query.text, "| take 0"), parameters: query.parameters([]) },
    { signal },
  );
  return new KustoCatalog(options, { project: checkColumns(columns), columns: knownColumns(columns) });
}

class KustoCatalog implements Catalog {
  readonly identity: string;
  readonly #surroundings: Surroundings;
  readonly #kusto: Kusto;
  readonly #query: LookupQuery;
  readonly #columns: readonly string[];
  readonly #lookupText: string;
  readonly #countText: string;
  readonly #batchSize = new BatchSize();
  readonly #fresh: MergedLookups;
  /** The most in one answer: a query that does not keep to its parameters gives the same rows again and again. */
  #strayRows = 0;

  /** @param given `project` is the operator that leaves the wanted columns, or nothing; `columns` are those */
  constructor(
    { surroundings, kusto, query }: KustoCatalogOptions,
    { project, columns }: { readonly project: string; readonly columns: readonly string[] },
  ) {
    this.#columns = columns;
    this.identity = query.identity(kusto.place);
    this.#surroundings = surroundings;
    this.#fresh = new MergedLookups(surroundings, (workItems, signal) => this.#lookUp(workItems, signal));
    this.#kusto = kusto;
    this.#query = query;
    const behind = (tail: string): string => piped(query.text, project === "" ? tail : `${project}\n${tail}`);
    this.#lookupText = behind(LOOKUP_ORDER);
    this.#countText = behind(LOOKUP_COUNT);
  }

  get batchSize(): number {
    return this.#batchSize.value;
  }

  async *lookup(
    workItems: readonly WorkItem[],
    { signal, fresh = false }: { signal: AbortSignal; fresh?: boolean },
  ): AsyncGenerator<Lookup> {
    signal.throwIfAborted();
    if (!fresh) {
      yield* this.#lookUp(workItems, signal);
      return;
    }
    const answers = workItems.map(async (workItem) => this.#fresh.ask(workItem, signal));
    for (const answer of answers) answer.catch(() => {}); // told when its turn comes
    for (const answer of answers) yield await answer;
  }

  async *#lookUp(workItems: readonly WorkItem[], signal: AbortSignal): AsyncGenerator<Lookup> {
    const batches = splitIntoBatches(workItems, this.batchSize);
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      signal.throwIfAborted();
      const answer = await this.#askFor(batch, signal);
      if (!(answer instanceof KustoTooMuch)) {
        for (const lookup of answer) {
          signal.throwIfAborted();
          yield lookup;
        }
        continue;
      }
      const [only] = batch;
      if (batch.length > 1) batches.unshift(...splitIntoBatches(batch, Math.ceil(batch.length / 2)));
      else if (only !== undefined) yield failed(only, answer);
    }
  }

  /** One query; gives the error when it is too much. */
  async #askFor(
    workItems: readonly WorkItem[],
    signal: AbortSignal,
  ): Promise<readonly Lookup[] | KustoTooMuch> {
    const began = this.#surroundings.monotonic();
    try {
      const table = await this.#ask(this.#lookupText, workItems, signal);
      requireColumns(table, this.#columns, "lookup query");
      this.#batchSize.answered(workItems.length, {
        bytes: table.bytes,
        ms: this.#surroundings.monotonic() - began,
      });
      const { lookups, strayRows } = divideAnswer(workItems, table, this.#query.filtersByJob);
      this.#strayRows = Math.max(this.#strayRows, strayRows);
      return lookups;
    } catch (thrown) {
      if (!(thrown instanceof KustoTooMuch)) throw thrown;
      this.#batchSize.tooMuch(workItems.length);
      return thrown;
    }
  }

  async *survey(
    workItems: AsyncIterable<readonly WorkItem[]>,
    { signal }: { signal: AbortSignal },
  ): AsyncGenerator<readonly Survey[]> {
    let most = 0;
    const count = (chunk: readonly WorkItem[]) => this.#ask(this.#countText, chunk, signal);
    for await (const surveys of surveyBy(count, workItems, signal)) {
      most = surveys.reduce((files, survey) => Math.max(files, survey.files), most);
      yield surveys;
    }
    this.#batchSize.expectFiles(most);
  }

  async #ask(text: string, workItems: readonly WorkItem[], signal: AbortSignal): Promise<KustoTable> {
    return this.#kusto.query({ text, parameters: this.#query.parameters(workItems) }, { signal });
  }

  /** By counts alone: a query that digests names and links would have to read them all. */
  recheck(
    workItems: AsyncIterable<readonly WorkItem[]>,
    options: { signal: AbortSignal },
  ): AsyncIterable<readonly Survey[]> {
    return this.survey(workItems, options);
  }

  rejectedRows(): { readonly count: number; readonly file: undefined; readonly reason: string | undefined } {
    const lists = this.#query.filtersByJob ? "workItemIds and jobIds" : "workItemIds";
    const reason = `rows of work items that reupload did not ask for: the query does not filter by ${lists}, or not exactly`;
    return { count: this.#strayRows, file: undefined, reason: this.#strayRows > 0 ? reason : undefined };
  }

  async close(): Promise<void> {
    this.#kusto.close();
  }
}

function splitIntoBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

const TOO_MUCH = {
  "result-too-large":
    "it has too many files for one answer: narrow the query, for example with --file-suffix",
  timeout:
    "the query for this work item alone does not end in time: make the query filter by workItemIds first",
  "out-of-memory":
    "the query for this work item alone needs too much memory: make the query filter by workItemIds first",
} as const;

function failed(workItem: WorkItem, { why }: KustoTooMuch): Lookup {
  return {
    workItem,
    workItemName: "",
    files: [],
    problems: [],
    failure: { code: "catalog-error", message: TOO_MUCH[why] },
  };
}
