/** What stands in the way of coordination, as an error that says what to do. */
import { ReuploadError } from "../core/errors.ts";
import { accountFromEndpoint, createContainerWords } from "../core/storage-account.ts";
import { CoordinationRefusal } from "./coordination-account.ts";

export interface Place {
  /** `https://ACCOUNT.blob.core.windows.net` */
  readonly blobEndpoint: string;
  readonly container: string;
}

/** A refusal that no machine can work with, as the user's error; anything else as it is. */
export function explainRefusal(thrown: unknown, place: Place): unknown {
  if (!(thrown instanceof CoordinationRefusal)) return thrown;
  if (thrown.status === 404) return missing(thrown, place);
  // A container whose blobs may not be written over is of no use here.
  if (thrown.status === 403 || thrown.code === "BlobImmutableDueToPolicy") return forbidden(thrown, place);
  return thrown;
}

/** The same for who only reads and lists. */
export function explainReading(thrown: unknown, { blobEndpoint, container }: Place): unknown {
  if (!(thrown instanceof CoordinationRefusal)) return thrown;
  const where = `the container ${container} of ${blobEndpoint}`;
  if (thrown.status === 404) {
    return new ReuploadError(
      "coordination-missing",
      `No run of this target is coordinated there: ${where} does not exist.`,
      {
        cause: thrown,
        advice:
          "Check --target and --coordination-container. A run with --no-coordination, or without the right to coordinate, is seen by its state alone: give --state-db.",
      },
    );
  }
  if (thrown.status !== 403) return thrown;
  return new ReuploadError(
    "coordination-forbidden",
    `This sign-in may not read and list blobs in ${where} (HTTP ${thrown.status} ${thrown.code}, request id ${thrown.requestId ?? "unknown"}).`,
    {
      cause: thrown,
      advice: `To look on, the role Storage Blob Data Reader on that container is enough, or a SAS of that container, or of the account, with read and list. The firewall of the account may also refuse this machine.`,
    },
  );
}

function missing(cause: CoordinationRefusal, { blobEndpoint, container }: Place): ReuploadError {
  return new ReuploadError(
    "coordination-missing",
    `The machines of a run need the container ${container} in ${blobEndpoint}, but it does not exist.`,
    {
      cause,
      advice: `Give --create-missing once, or create it: ${createCommand(blobEndpoint, container)} - or give --no-coordination; then nothing prevents two machines from working on the same partition.`,
    },
  );
}

function forbidden(cause: CoordinationRefusal, { blobEndpoint, container }: Place): ReuploadError {
  const account = accountFromEndpoint(blobEndpoint);
  return new ReuploadError(
    "coordination-forbidden",
    `This sign-in may not read, list, write and lease blobs in the container ${container} of ${blobEndpoint} (HTTP ${cause.status} ${cause.code}, request id ${cause.requestId ?? "unknown"}).`,
    {
      cause,
      advice: `With a sign-in, assign the role: az role assignment create --role "Storage Blob Data Contributor" --assignee YOU --scope <the account's id>/blobServices/default/containers/${container}. A SAS must be an account SAS of ${account} for blobs and containers with read, list, write, create and delete. The firewall of the account may also refuse this machine. The container must exist; where it does not, create it: ${createCommand(blobEndpoint, container)}. Or give --no-coordination; then nothing prevents two machines from working on the same partition.`,
    },
  );
}

function createCommand(blobEndpoint: string, container: string): string {
  return createContainerWords(accountFromEndpoint(blobEndpoint), container).join(" ");
}
