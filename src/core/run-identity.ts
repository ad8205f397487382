/**
 * What makes a run this run. Resuming with any of these changed is refused, because the state's facts would
 * speak of something else. Nothing here is secret: no query, no key.
 */
export interface RunIdentity {
  /** `CsvDigest` of the whole CSV. */
  readonly csvDigest: string;
  /** Blob endpoint and container, without query: `https://account.blob.core.windows.net/results`. */
  readonly target: string;
  /** Queue name, or `none` with --no-queue. */
  readonly queue: string;
  /**
   * Which share of the CSV the state holds. The whole CSV is 0 of 1; a fixed partition is a number of `totalPartitions`;
   * with `auto` the state holds all work items, and its queue those of the partitions that are admitted to it.
   */
  readonly partition: number | "auto";
  readonly totalPartitions: number;
  readonly nameTemplate: string;
  /** Kind and place of the catalog, such as `listing:files.csv`. Its content may change: receipts notice. */
  readonly catalog: string;
  /** Which of its files are taken, as `filterText` has it; undefined: all of them, as in states of before. */
  readonly filter?: string;
  /** What the blobs get, as `describeAttributes` has it; undefined where it is the default, as in states of before. */
  readonly metadata?: string;
  readonly tier?: string;
  readonly tags?: string;
  readonly cacheControl?: string;
}

export interface IdentityDifference {
  readonly what: string;
  readonly inState: string;
  readonly given: string;
}

const LABELS: Record<keyof RunIdentity, string> = {
  csvDigest: "CSV",
  target: "target",
  queue: "queue",
  partition: "partition",
  totalPartitions: "total partitions",
  nameTemplate: "name template",
  catalog: "catalog",
  filter: "filter",
  metadata: "metadata",
  tier: "access tier",
  tags: "tags",
  cacheControl: "cache control",
};

/** What a field that is undefined stands for. */
const DEFAULTS: Partial<Record<keyof RunIdentity, string>> = {
  filter: "none",
  metadata: "source",
  tier: "account",
  tags: "none",
  cacheControl: "source",
};

/** Which parts differ, in words; empty when it is the same run. */
export function identityDifferences(inState: RunIdentity, given: RunIdentity): IdentityDifference[] {
  return (Object.keys(LABELS) as (keyof RunIdentity)[])
    .filter((field) => inState[field] !== given[field])
    .map((field) => ({
      what: LABELS[field],
      inState: String(inState[field] ?? DEFAULTS[field]),
      given: String(given[field] ?? DEFAULTS[field]),
    }));
}
