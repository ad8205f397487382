/** What stands in the way of coordination, as an error that says what to do. */
import { ReuploadError } from "../core/errors.ts";
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

function missing(cause: CoordinationRefusal, { blobEndpoint, container }: Place): ReuploadError {
  return new ReuploadError(
    "coordination-missing",
    `The machines of a run need the container ${container} of ${blobEndpoint}, and it is not there.`,
    {
      cause,
      advice: `Give --create-missing once, or make it: ${createCommand(blobEndpoint, container)} - or give --no-coordination, then nothing keeps two machines from the same partition.`,
    },
  );
}

function forbidden(cause: CoordinationRefusal, { blobEndpoint, container }: Place): ReuploadError {
  const account = accountName(blobEndpoint);
  return new ReuploadError(
    "coordination-forbidden",
    `This sign-in may not read, list, write and lease blobs in the container ${container} of ${blobEndpoint} (HTTP ${cause.status} ${cause.code}, request id ${cause.requestId ?? "unknown"}).`,
    {
      cause,
      advice: `Make the container: ${createCommand(blobEndpoint, container)}; then give the role: az role assignment create --role "Storage Blob Data Contributor" --assignee YOU --scope <the account's id>/blobServices/default/containers/${container}. With a SAS it must be one of the account ${account} for blobs and containers with read, list, write, create and delete. The account's firewall may refuse this machine, too. Or give --no-coordination, then nothing keeps two machines from the same partition.`,
    },
  );
}

function createCommand(blobEndpoint: string, container: string): string {
  return `az storage container create --auth-mode login --account-name ${accountName(blobEndpoint)} --name ${container}`;
}

/** The account's name; the emulator has it in the path. */
function accountName(blobEndpoint: string): string {
  const { hostname, pathname } = new URL(blobEndpoint);
  return pathname.length > 1 ? pathname.slice(1) : (hostname.split(".")[0] ?? hostname);
}
