/** The coordination container in memory, with the conduct of the service; `account-contract.ts` holds it to that. */
import {
  type Answered,
  type BlobFacts,
  type CoordinationAccount,
  CoordinationRefusal,
  type LeaseStatus,
  type Listing,
  type StoredBlob,
  type WriteConditions,
  type Written,
  type WrittenBlob,
} from "../../src/machines/coordination-account.ts";

interface Lease {
  readonly id: string;
  readonly seconds: number;
  /** By the service's clock, ms. */
  until: number;
  state: "held" | "broken";
}

interface Blob {
  body: Uint8Array;
  metadata: Readonly<Record<string, string>>;
  etag: string;
  lastModified: number;
  lease: Lease | undefined;
}

export class MemoryAccount implements CoordinationAccount {
  readonly #now: () => number;
  readonly #blobs = new Map<string, Blob>();
  #writes = 0;
  requests = 0;
  /** Called before each request is looked at: throws to refuse it. */
  fault: (operation: string, name: string) => void = () => {};

  /** @param now the service's clock, ms since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  async read(name: string): Promise<StoredBlob | undefined> {
    this.#begin("read", name);
    const blob = this.#blobs.get(name);
    if (blob === undefined) return undefined;
    return { ...this.#facts(name, blob), etag: blob.etag, body: blob.body, date: this.#now() };
  }

  async list(prefix: string): Promise<Listing> {
    this.#begin("list", prefix);
    const blobs = [...this.#blobs]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, blob]) => this.#facts(name, blob))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return { blobs, date: this.#now() };
  }

  async write(name: string, blob: WrittenBlob, conditions: WriteConditions): Promise<Written> {
    this.#begin("write", name);
    const there = this.#blobs.get(name);
    if (conditions.ifNoneMatch !== undefined && there !== undefined) {
      throw this.#no("write", 409, "BlobAlreadyExists");
    }
    if (conditions.ifMatch !== undefined && conditions.ifMatch !== there?.etag) {
      throw this.#no("write", 412, "ConditionNotMet");
    }
    if (there !== undefined) this.#checkLease(there, conditions.leaseId);
    else if (conditions.leaseId !== undefined) {
      throw this.#no("write", 412, "LeaseNotPresentWithBlobOperation");
    }
    const lease = there?.lease;
    const isHeld = lease?.state === "held" && lease.until > this.#now();
    const made: Blob = {
      body: blob.body,
      metadata: blob.metadata ?? {},
      etag: `"0x${(++this.#writes).toString(16)}"`,
      lastModified: Math.floor(this.#now() / 1000) * 1000,
      // A write ends what is left of a lease that has expired or was broken.
      lease: isHeld ? lease : undefined,
    };
    this.#blobs.set(name, made);
    return { etag: made.etag, date: this.#now() };
  }

  async acquire(name: string, leaseId: string, seconds: number): Promise<Answered> {
    this.#begin("acquire", name);
    const blob = this.#require("acquire", name);
    const { lease } = blob;
    const isHeld = lease?.state === "held" && lease.until > this.#now();
    if (isHeld && lease.id !== leaseId) throw this.#no("acquire", 409, "LeaseAlreadyPresent");
    blob.lease = { id: leaseId, seconds, until: this.#now() + seconds * 1000, state: "held" };
    return { date: this.#now() };
  }

  async renew(name: string, leaseId: string): Promise<Answered> {
    this.#begin("renew", name);
    const { lease } = this.#require("renew", name);
    if (lease === undefined || lease.id !== leaseId) {
      throw this.#no("renew", 409, "LeaseIdMismatchWithLeaseOperation");
    }
    if (lease.state === "broken") throw this.#no("renew", 409, "LeaseIsBrokenAndCannotBeRenewed");
    lease.until = this.#now() + lease.seconds * 1000;
    return { date: this.#now() };
  }

  async release(name: string, leaseId: string): Promise<Answered> {
    this.#begin("release", name);
    const blob = this.#require("release", name);
    if (blob.lease?.id !== leaseId) throw this.#no("release", 409, "LeaseIdMismatchWithLeaseOperation");
    blob.lease = undefined;
    return { date: this.#now() };
  }

  async makeContainer(): Promise<boolean> {
    this.#begin("makeContainer", "");
    return false;
  }

  /** What an operator may do from outside. */
  breakLease(name: string): void {
    const lease = this.#blobs.get(name)?.lease;
    if (lease !== undefined) lease.state = "broken";
  }

  delete(name: string): void {
    this.#blobs.delete(name);
  }

  #begin(operation: string, name: string): void {
    this.requests++;
    this.fault(operation, name);
  }

  #require(operation: string, name: string): Blob {
    const blob = this.#blobs.get(name);
    if (blob === undefined) throw this.#no(operation, 404, "BlobNotFound");
    return blob;
  }

  #checkLease({ lease }: Blob, leaseId: string | undefined): void {
    const isHeld = lease?.state === "held" && lease.until > this.#now();
    if (isHeld && leaseId === undefined) throw this.#no("write", 412, "LeaseIdMissing");
    if (leaseId === undefined) return;
    if (lease === undefined) throw this.#no("write", 412, "LeaseNotPresentWithBlobOperation");
    if (lease.id !== leaseId) throw this.#no("write", 412, "LeaseIdMismatchWithBlobOperation");
    if (!isHeld) throw this.#no("write", 412, "LeaseLost");
  }

  #facts(name: string, blob: Blob): BlobFacts {
    const { lastModified, metadata, lease } = blob;
    return { name, lastModified, metadata, lease: this.#status(lease) };
  }

  #status(lease: Lease | undefined): LeaseStatus {
    if (lease === undefined) return "available";
    if (lease.state === "broken") return "broken";
    return lease.until > this.#now() ? "leased" : "expired";
  }

  #no(operation: string, status: number, code: string): CoordinationRefusal {
    return new CoordinationRefusal(operation, { status, code, date: this.#now() });
  }
}
