/**
 * What an operator asks of a running process, and what the process answers. It travels as JSON: through the state for one
 * process, through the account for all machines of a run.
 */
export type ControlRequest =
  | { readonly kind: "pause" | "continue" | "drain" }
  /** Limits as the command line takes them, such as `{ maxRequests: "500/s" }`. */
  | { readonly kind: "limits"; readonly limits: LimitTexts }
  | WorkItemRequest;

/** `bump`: next in the queue; `skip`: left out until a `reset`; `reset`: pending again. */
export interface WorkItemRequest {
  readonly kind: "bump" | "skip" | "reset";
  readonly workItemId: string;
  /** undefined: the only work item with this id. */
  readonly jobId?: string | undefined;
}

/** The limits that may change while a run goes on, by the names of their options. */
export const LIMIT_NAMES = [
  "concurrency",
  "maxRequests",
  "maxBandwidth",
  "maxFailures",
  "workitemWorkers",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];
export type LimitTexts = Readonly<Partial<Record<LimitName, string>>>;

/** What became of a request. */
export interface ControlAnswer {
  /** The process does what it was asked; false when it cannot, and `text` says why. */
  readonly taken: boolean;
  readonly text: string;
}

/** Whether the request changes what lasts: it is also for a state that no process works on. */
export function isForWorkItem(request: ControlRequest): request is WorkItemRequest {
  return request.kind === "bump" || request.kind === "skip" || request.kind === "reset";
}

/** As the operator gave it, in short: `pause`, `skip 1889211721`, `--max-requests 500/s`. */
export function describeRequest(request: ControlRequest): string {
  if (isForWorkItem(request)) return `${request.kind} ${request.workItemId}`;
  if (request.kind !== "limits") return request.kind;
  return Object.entries(request.limits)
    .map(([name, value]) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`)
    .join(" ");
}

const KINDS = ["pause", "continue", "drain", "limits", "bump", "skip", "reset"] as const;

/**
 * Reads a request that somebody wrote, perhaps another version of this tool.
 *
 * @returns undefined when it is none that this version knows
 */
export function readControlRequest(value: unknown): ControlRequest | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const given = value as Readonly<Record<string, unknown>>;
  const kind = KINDS.find((known) => known === given["kind"]);
  if (kind === undefined) return undefined;
  if (kind === "pause" || kind === "continue" || kind === "drain") return { kind };
  if (kind === "limits") return readLimits(given["limits"]);
  const { workItemId, jobId } = given;
  if (typeof workItemId !== "string") return undefined;
  return typeof jobId === "string" ? { kind, workItemId, jobId } : { kind, workItemId };
}

function readLimits(value: unknown): ControlRequest | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const pairs = Object.entries(value).filter(
    (pair): pair is [LimitName, string] =>
      LIMIT_NAMES.some((name) => name === pair[0]) && typeof pair[1] === "string",
  );
  const isWhole = pairs.length > 0 && pairs.length === Object.keys(value).length;
  return isWhole ? { kind: "limits", limits: Object.fromEntries(pairs) } : undefined;
}
