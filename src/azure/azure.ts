/**
 * The way to Azure Storage for all other rooms, and to signing in.
 *
 * - A call (`calls/`) is one HTTP request: it is signed, sent once, and its answer is held against what the call
 *   promises. It throws `RefusedRequest` when the service says "no", another error when there is no answer that can be
 *   believed.
 * - `Attempts.run` makes a call until it succeeds or must not be tried again (`attempts/`). It passes the service's gate
 *   before each attempt, ends an attempt that hangs, waits between attempts, and charges the time to a `RequestBudget`.
 *   It throws `ServiceFailure`.
 * - A `Gate` (`gate/`) stands before one service. It keeps to the rate that the service takes and to the operator's
 *   brakes, and it holds everything back while the service is gone. `ServiceGate` is the one that judges.
 * - `SignIn` (`sign-in/`) keeps the tokens of one identity.
 * - `wire/` is HTTP itself. Nobody outside needs it, but for what is exported here.
 *
 * `job` builds these objects and is the only room that looks behind this door.
 */
import type { Connections } from "./wire/connections.ts";
import type { ProxyFor } from "./wire/proxy.ts";

export { parseConnectionString } from "./account.ts";
export type { AttemptContext } from "./attempts/attempt-clock.ts";
export { ATTEMPT_DEFAULTS, Attempts } from "./attempts/attempt.ts";
export { type AttemptFigures, sumFigures } from "./attempts/attempt-figures.ts";
export { RequestBudget, fileDeadlineMs, transferTimeMs } from "./attempts/effort.ts";
export type {
  BlobProperties,
  BlobReader,
  BlobWriter,
  CreateOptions,
  OpenedBlob,
  Range,
  ReadAccess,
} from "./calls/blob-calls.ts";
export { containerSas } from "./calls/container-sas.ts";
export type { BlobLister, BlobPage, ListedBlob, PageQuestion } from "./calls/list-calls.ts";
export type { QueueCalls } from "./calls/queue-calls.ts";
export { RestBlobLister } from "./calls/rest-blob-lister.ts";
export { RestBlobWriter } from "./calls/rest-blob-writer.ts";
export { type CopySourceOf, type SourceLink, SourceLinks } from "./calls/source-links.ts";
export { createContainer } from "./calls/target-calls.ts";
export type { Brake } from "./gate/brake.ts";
export type { Gate } from "./gate/gate.ts";
export { GATE_DEFAULTS, ServiceGate } from "./gate/service-gate.ts";
export { onAbort } from "./on-abort.ts";
export type { SignIn } from "./sign-in/sign-in.ts";
export { type ErrorData, errorFromData, errorToData } from "./shared/error-data.ts";
export { isAllowed, isLoopback } from "./sign-in/trusted-hosts.ts";
export { RefusedRequest } from "./wire/refused-request.ts";
export { RestClient, type RestRequest } from "./wire/rest-client.ts";
export { ServiceFailure, readRetryAfter } from "./wire/service-error.ts";
export { SharedKey } from "./wire/shared-key.ts";

/**
 * The kept connections of a run. The HTTP library is slow to load (0.15 s), so it is loaded when it is needed.
 *
 * @param connectTimeoutMs what is not open by then is given up
 */
export async function openConnections(proxyFor: ProxyFor, connectTimeoutMs: number): Promise<Connections> {
  const { Connections: Opened } = await import("./wire/connections.ts");
  return new Opened(proxyFor, connectTimeoutMs);
}
