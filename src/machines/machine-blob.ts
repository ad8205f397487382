/**
 * A machine of a run with free partitions, as the others see it: a blob with a lease. The lease tells whether it lives:
 * `leased`; released by a machine that left (`available`); ended of one that died (`expired`). The blob stays, so that the
 * picture of a run shows machines that are gone, too.
 */
import { sleep } from "../surroundings/surroundings.ts";
import type { BlobFacts, LeaseStatus } from "./coordination-account.ts";
import type { Holder } from "./claim-contract.ts";
import { createOnce, type ManifestContext } from "./generation.ts";
import { Lease, releaseLease } from "./lease.ts";
import { callOnce } from "./repeated-calls.ts";
import type { ServiceTime } from "./service-time.ts";

/** What has changed is told so often, ms. */
const TELL_MS = 15_000;

/** What a machine has taken over from machines that died. */
export interface TakenOver {
  readonly partitions: number;
  /** Files of those partitions that were in the target already: they are compared, and announced again. */
  readonly filesFound: number;
}

/** A machine as its blob tells. */
export interface MachineView {
  readonly host: string;
  readonly pid: number;
  readonly stateId: string;
  /** When it joined, ms since the epoch, by its own clock; shown, never compared. */
  readonly since: number;
  readonly lease: LeaseStatus;
  /** When its blob was last written, by the service's clock, ms since the epoch. */
  readonly lastModified: number;
  readonly takenOver: TakenOver;
}

export interface MachineContext extends ManifestContext {
  readonly serviceTime: ServiceTime;
  readonly generation: number;
  readonly holder: Holder;
  readonly takenOver: () => TakenOver;
}

export class MachineBlob {
  readonly name: string;
  readonly lease: Lease;
  readonly #context: MachineContext;
  readonly #since: number;
  /** Of the last write; undefined when its answer is not known. */
  #etag: string | undefined;
  #told: string;

  private constructor(context: MachineContext, made: { name: string; lease: Lease; since: number }) {
    this.#context = context;
    this.name = made.name;
    this.lease = made.lease;
    this.#since = made.since;
    this.#told = toldOf(context);
    this.lease.keep();
  }

  /**
   * Makes the blob of a machine that joins.
   *
   * @param more metadata beside who it is
   * @param beforeHeld asked before the lease is believed again after a doubt
   * @throws what the calls throw; the signal's reason
   */
  static async join(
    context: MachineContext,
    more: Readonly<Record<string, string>>,
    beforeHeld: () => void,
    signal: AbortSignal,
  ): Promise<MachineBlob> {
    const { account, surroundings, serviceTime, names, generation } = context;
    const name = names.machines(generation) + surroundings.uuid();
    const since = surroundings.wall();
    await createOnce(context, name, new Uint8Array(), { ...metadataOf(context, since), ...more }, signal);
    const confirm = async () => {
      beforeHeld();
      return { kind: "ours" } as const;
    };
    const lease = await Lease.acquire({ account, surroundings, serviceTime, name, confirm }, signal);
    return new MachineBlob(context, { name, lease, since });
  }

  /**
   * Tells who it is, what it took over, and more. On the ETag of its last write: one that comes late must not stand.
   *
   * @throws as `callOnce`
   */
  async write(more: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const { account, surroundings } = this.#context;
    const { name } = this;
    this.#etag ??= (await callOnce(surroundings, signal, async (call) => account.read(name, call)))?.etag;
    const ifMatch = this.#etag;
    if (ifMatch === undefined) return this.lease.lose("its blob was deleted");
    this.#etag = undefined;
    const metadata = { ...metadataOf(this.#context, this.#since), ...more };
    const conditions = { leaseId: this.lease.id, ifMatch };
    const { etag } = await callOnce(surroundings, signal, async (call) =>
      account.write(name, { body: new Uint8Array(), metadata }, conditions, call),
    );
    this.#etag = etag;
    this.#told = toldOf(this.#context);
  }

  /** For a run without limits: tells what has changed until the signal aborts. Never rejects. */
  async keepTelling(signal: AbortSignal): Promise<void> {
    const { surroundings } = this.#context;
    while (!signal.aborted) {
      await sleep(surroundings, TELL_MS, signal).catch(() => {});
      if (!signal.aborted) await this.tellChanges(signal);
    }
  }

  /** Tells what it took over since the last write. What has no answer is told by the next one. */
  async tellChanges(signal: AbortSignal, more: Readonly<Record<string, string>> = {}): Promise<void> {
    if (toldOf(this.#context) === this.#told || this.lease.state !== "held") return;
    await this.write(more, signal).catch(() => {});
  }

  /** The machine leaves. @throws what `releaseLease` throws */
  async leave(): Promise<void> {
    const { account, surroundings } = this.#context;
    await this.lease.end();
    await releaseLease({ account, surroundings, name: this.name }, this.lease.id);
  }
}

function metadataOf(context: MachineContext, since: number): Record<string, string> {
  const { host, pid, stateId } = context.holder;
  return {
    host: encodeURIComponent(host),
    pid: String(pid),
    stateid: stateId,
    since: String(since),
    takenover: toldOf(context),
  };
}

function toldOf({ takenOver }: MachineContext): string {
  const { partitions, filesFound } = takenOver();
  return `${partitions} ${filesFound}`;
}

/** What the blob of a machine tells; what cannot be read of it is 0 or empty. */
export function readMachine({ metadata, lease, lastModified }: BlobFacts): MachineView {
  const number = (text: string | undefined) => Number.parseInt(text ?? "", 10) || 0;
  const [partitions, filesFound] = (metadata["takenover"] ?? "").split(" ");
  return {
    host: decodeHost(metadata["host"] ?? ""),
    pid: number(metadata["pid"]),
    stateId: metadata["stateid"] ?? "",
    since: number(metadata["since"]),
    lease,
    lastModified,
    takenOver: { partitions: number(partitions), filesFound: number(filesFound) },
  };
}

function decodeHost(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
