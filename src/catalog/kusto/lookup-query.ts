import { hash } from "node:crypto";
import { ReuploadError } from "../../core/errors.ts";
import type { WorkItem } from "../../core/work-item.ts";
import { type DeclaredParameter, type KustoValue, declaredParameters } from "../../kusto/kusto.ts";

/** What is asked without `--kusto-query`; docs/kusto.md shows it, and the tables that it expects. */
export const DEFAULT_LOOKUP_QUERY = `declare query_parameters(jobIds:dynamic, workItemIds:dynamic, fileSuffix:string);
Files
| where WorkItemId in (workItemIds) and JobId in (jobIds)
| where FileName endswith fileSuffix
| project JobId, WorkItemId, WorkItemName, Uri, FileName
`;

/** The parameters that a lookup query may declare; what it does not declare is not sent. */
const PARAMETERS = { jobIds: "dynamic", workItemIds: "dynamic", fileSuffix: "string" } as const;
type ParameterName = keyof typeof PARAMETERS;

/** Behind every lookup, so that "first" is the same each time. */
export const LOOKUP_ORDER = "| order by JobId asc, WorkItemId asc, FileName asc, Uri asc";

/** Counts in place of the files themselves, and the first end of a link that has one. */
export const LOOKUP_COUNT = `| extend LinkEnd=extract(@"[?&]se=([^&]+)", 1, Uri)
| summarize Files=count(), LinksEnd=minif(LinkEnd, isnotempty(LinkEnd)) by JobId, WorkItemId`;

export interface LookupQueryOptions {
  /** The user's own text (`--kusto-query`); undefined for the default. */
  readonly text: string | undefined;
  /** Files whose name ends so, for a query that declares `fileSuffix`. */
  readonly fileSuffix: string;
}

/** A lookup query: its text, and the parameters that it takes. */
export class LookupQuery {
  readonly text: string;
  readonly #isDefault: boolean;
  readonly #fileSuffix: string;
  readonly #declared: ReadonlySet<string>;

  /** @throws ReuploadError `kusto-invalid` when its parameters are not those of a lookup */
  constructor({ text = DEFAULT_LOOKUP_QUERY, fileSuffix }: LookupQueryOptions) {
    this.text = text;
    this.#isDefault = text === DEFAULT_LOOKUP_QUERY;
    this.#fileSuffix = fileSuffix;
    const declared = declaredParameters(text);
    checkParameters(declared);
    this.#declared = new Set(declared.map(({ name }) => name));
  }

  /** Whether its answers keep to the job ids that were asked for. */
  get filtersByJob(): boolean {
    return this.#declared.has("jobIds");
  }

  /**
   * Kind and place of a catalog with this query, for the run's identity: another suffix or another text is another
   * catalog. Line ends and white space at the end do not count.
   *
   * @param place `cluster/database`
   */
  identity(place: string): string {
    const suffix = this.#declared.has("fileSuffix") ? this.#fileSuffix : "";
    if (this.#isDefault) return `kusto:${place}#${encodeURIComponent(suffix)}`;
    const text = this.text.replaceAll("\r\n", "\n").trimEnd();
    return `kusto:${place}#query-${hash("sha256", `${text}\0${suffix}`, "hex").slice(0, 12)}`;
  }

  /** The values for these work items. Both lists hold each id once. */
  parameters(workItems: readonly WorkItem[]): Record<string, KustoValue> {
    const ids = (of: (workItem: WorkItem) => string): KustoValue => ({
      type: "dynamic",
      value: [...new Set(workItems.map(of))],
    });
    const all: Record<ParameterName, KustoValue> = {
      jobIds: ids(({ jobId }) => jobId),
      workItemIds: ids(({ workItemId }) => workItemId),
      fileSuffix: { type: "string", value: this.#fileSuffix },
    };
    return Object.fromEntries(Object.entries(all).filter(([name]) => this.#declared.has(name)));
  }
}

const ADVICE =
  "Begin the query with: declare query_parameters(jobIds:dynamic, workItemIds:dynamic, fileSuffix:string); see docs/kusto.md.";

function checkParameters(declared: readonly DeclaredParameter[]): void {
  const fail = (message: string): never => {
    throw new ReuploadError("kusto-invalid", `The lookup query ${message}.`, { advice: ADVICE });
  };
  if (!declared.some(({ name }) => name === "workItemIds")) {
    fail("declares no parameter workItemIds, so reupload cannot ask it for certain work items");
  }
  for (const { name, type, hasDefault } of declared) {
    const wanted = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name as ParameterName] : undefined;
    if (wanted === undefined && !hasDefault) {
      fail(`declares the parameter ${name} without a default, and reupload has no value for it`);
    }
    if (wanted !== undefined && type !== wanted) fail(`declares ${name} as ${type} instead of ${wanted}`);
  }
}
