/**
 * The coordination container as the machines of a run use it: blobs with leases and ETags. One call is one HTTP request
 * and nothing is tried again here. Kinds: the target account over REST, and an account in memory for simulations;
 * `test/machines/account-contract.ts` holds both to the same conduct.
 *
 * Every method throws `CoordinationRefusal` when the service answered "no", and any other error when there was no answer
 * that can be believed: then the request may or may not have taken effect.
 */

/** What each answer tells besides its own content. */
export interface Answered {
  /** The service's clock when it answered (its `Date`), ms since the epoch. */
  readonly date: number;
}

/** `available`: free, never leased or released. `expired`: its holder stopped renewing. `broken`: somebody broke it. */
export type LeaseStatus = "available" | "leased" | "expired" | "breaking" | "broken";

export interface BlobFacts {
  readonly name: string;
  /** When the blob was last written, by the service's clock, ms since the epoch. Lease calls leave it alone. */
  readonly lastModified: number;
  /** Names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly lease: LeaseStatus;
}

export interface StoredBlob extends BlobFacts, Answered {
  readonly etag: string;
  readonly body: Uint8Array;
}

export interface Listing extends Answered {
  /** In the order of their names. */
  readonly blobs: readonly BlobFacts[];
}

export interface Written extends Answered {
  readonly etag: string;
}

export interface WriteConditions {
  /** Only when no blob has this name. */
  readonly ifNoneMatch?: "*";
  /** Only when the blob still has this ETag. */
  readonly ifMatch?: string;
  /** The lease that is held on the blob. */
  readonly leaseId?: string;
}

export interface WrittenBlob {
  readonly body: Uint8Array;
  /** ASCII; under 8 KB in all. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  /** Ends the request. */
  readonly signal: AbortSignal;
}

export interface CoordinationAccount {
  /** Get Blob. @returns undefined when the container is there and the blob is not */
  read(name: string, options: CallOptions): Promise<StoredBlob | undefined>;
  /** List Blobs with metadata and leases: all blobs whose names begin with `prefix`, over as many pages as there are. */
  list(prefix: string, options: CallOptions): Promise<Listing>;
  /** Put Blob. @throws CoordinationRefusal `BlobAlreadyExists`, `ConditionNotMet`, and those of leases */
  write(name: string, blob: WrittenBlob, conditions: WriteConditions, options: CallOptions): Promise<Written>;
  /** Lease Blob, acquire. With the id that holds it already it is renewed. @throws CoordinationRefusal `LeaseAlreadyPresent` */
  acquire(name: string, leaseId: string, seconds: number, options: CallOptions): Promise<Answered>;
  /** Lease Blob, renew; also after the lease's end while nobody took or wrote the blob. @throws CoordinationRefusal */
  renew(name: string, leaseId: string, options: CallOptions): Promise<Answered>;
  /** Lease Blob, release. @throws CoordinationRefusal */
  release(name: string, leaseId: string, options: CallOptions): Promise<Answered>;
  /** Create Container; one that is there is a success. @returns whether it was made now @throws CoordinationRefusal */
  makeContainer(options: CallOptions): Promise<boolean>;
}

/** The service answered "no". */
export class CoordinationRefusal extends Error {
  /** HTTP status. */
  readonly status: number;
  /** The service's own code, such as `LeaseAlreadyPresent`; empty when it gave none. */
  readonly code: string;
  /** The service's clock when it answered, ms since the epoch. */
  readonly date: number;
  readonly requestId: string | undefined;

  constructor(
    operation: string,
    answer: {
      readonly status: number;
      readonly code: string;
      readonly date: number;
      readonly requestId?: string | undefined;
      readonly said?: string;
    },
  ) {
    const said = answer.said === undefined || answer.said === "" ? "" : `, ${answer.said}`;
    super(`${operation}: HTTP ${answer.status} ${answer.code}${said}`);
    this.name = "CoordinationRefusal";
    this.status = answer.status;
    this.code = answer.code;
    this.date = answer.date;
    this.requestId = answer.requestId;
  }
}

/** Whether the service answered "no" with one of these codes. */
export function isRefusal(thrown: unknown, ...codes: readonly string[]): thrown is CoordinationRefusal {
  return thrown instanceof CoordinationRefusal && (codes.length === 0 || codes.includes(thrown.code));
}
