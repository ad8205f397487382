/** Something that kept a file from succeeding at its first try, small enough to be kept for each such file. */
export interface Incident {
  /** ms since the epoch. */
  readonly at: number;
  /**
   * - `repeated`        a request got no success, and was made again
   * - `second-request`  a request took long, and was made a second time beside the first
   * - `new-link`        the link was refused or about to end, and the catalog gave another one
   * - `waited`          it waited for a service that was gone or asked to slow down, or for a limit
   */
  readonly kind: "repeated" | "second-request" | "new-link" | "waited";
  /** `put blob`, or the service that was waited for. */
  readonly what: string;
  /** HTTP status; undefined when there was no answer. */
  readonly status?: number | undefined;
  /** The service's or the system's own code, or `timeout`. */
  readonly code?: string | undefined;
  readonly requestId?: string | undefined;
  /** How long it waited because of it, ms. */
  readonly waitedMs?: number | undefined;
}

/** Of one try at a file, so many are kept: the first half and the newest. */
export const MOST_INCIDENTS = 10;

/** Adds one, and drops one from the middle when there are too many. */
export function addIncident(incidents: Incident[], incident: Incident): void {
  if (incidents.length >= MOST_INCIDENTS) incidents.splice(MOST_INCIDENTS / 2, 1);
  incidents.push(incident);
}
