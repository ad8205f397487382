/** The fields of the `summary` event (`--output json`) that tests look at, as docs/events.md describes them. */
export interface SummaryEvent {
  readonly type: "summary";
  readonly verdict: string;
  readonly rows: Readonly<Record<RowClass, number>>;
  readonly files: Readonly<Record<FileClass, number>>;
  readonly gaps: readonly string[];
  readonly announced: number;
  readonly uploadedNotAnnounced: number;
  readonly failures: readonly {
    readonly code: string;
    readonly outcome: string;
    readonly files: number;
    readonly workItems: number;
    readonly samples: readonly { readonly fileName: string | null; readonly message: string }[];
  }[];
  readonly thisStart: {
    readonly elapsedMs: number;
    readonly files: number;
    readonly bytes: number;
    readonly retries: number;
    readonly throttles: number;
  };
  readonly nextCommand: string | null;
}

type RowClass =
  | "total"
  | "completed"
  | "empty"
  | "failed"
  | "rejected"
  | "duplicates"
  | "otherPartitions"
  | "left";
type FileClass = "total" | "copied" | "alreadyThere" | "failed" | "skipped" | "left";
