/**
 * The limits of a run (`--max-requests`, `--max-bandwidth`) are those of all its machines together. Each machine has a blob
 * with a lease, in which it publishes the share of the limits that it takes; the sum of what living machines publish never
 * passes 1:
 * - a machine takes less at once, and publishes it;
 * - it takes more only of what nobody has published, and only its part of that, and only when it was published soon after;
 * - one that joins publishes 0 and waits until all that saw the run without it have published;
 * - one whose lease is not renewed takes nothing.
 */
import { moment, passedSince, sleep } from "../surroundings/surroundings.ts";
import type { BlobFacts } from "./coordination-account.ts";
import { MachineBlob, type MachineContext } from "./machine-blob.ts";
import { callOnce } from "./repeated-calls.ts";

/** Shares are published so often, ms. */
const INTERVAL_MS = 5_000;
/** What was published later than this after the look at the others is not taken, ms. */
const IN_TIME_MS = 2_000;
/** A machine that joins waits for those that have looked before and not published yet, ms. */
const JOIN_MS = 2_500;
/** What a machine that is not held back leaves to others in an interval, and what it keeps. */
const KEPT = 0.8;
const LEAST = 0.02;

export interface ShareContext extends MachineContext {
  /** Whether the limits have held this machine back since this was asked last. */
  readonly isHeldBack: () => boolean;
}

/** A living machine, as its blob tells. */
export interface PublishedShare {
  readonly name: string;
  readonly share: number;
  readonly isHeldBack: boolean;
}

/**
 * The share that a machine may take now.
 *
 * @param all of the living machines, this one among them
 * @param name of this one's blob
 */
export function nextShare(all: readonly PublishedShare[], name: string): number {
  const targets = new Map(all.map((one) => [one.name, targetOf(one, all)]));
  const own = all.find((one) => one.name === name);
  if (own === undefined) return 0;
  const target = targets.get(name) ?? 0;
  if (target <= own.share) return target;
  const free = Math.max(0, 1 - all.reduce((sum, { share }) => sum + share, 0));
  const wanted = all.reduce((sum, one) => sum + Math.max(0, (targets.get(one.name) ?? 0) - one.share), 0);
  return own.share + Math.min(1, free / wanted) * (target - own.share);
}

/** Who is held back gets an equal part of what the others do not need; when nobody is, all are equal. */
function targetOf(one: PublishedShare, all: readonly PublishedShare[]): number {
  const heldBack = all.filter(({ isHeldBack }) => isHeldBack);
  if (heldBack.length === 0) return 1 / all.length;
  const kept = ({ share }: PublishedShare) => Math.min(1 / all.length, Math.max(LEAST, share * KEPT));
  if (!one.isHeldBack) return kept(one);
  const others = all.filter(({ isHeldBack }) => !isHeldBack).reduce((sum, other) => sum + kept(other), 0);
  return Math.max(0, 1 - others) / heldBack.length;
}

export class LimitShare {
  readonly #context: ShareContext;
  readonly #blob: MachineBlob;
  readonly #ended = new AbortController();
  readonly #loop: Promise<void>;
  #share = 0;
  #isHeldBack = true;
  /** How often the lease was doubted: what was asked for before does not count afterwards. */
  #doubts = 0;

  private constructor(context: ShareContext, blob: MachineBlob) {
    this.#context = context;
    this.#blob = blob;
    this.#loop = this.#keepPublishing();
  }

  /** Joins with a share of 0. @throws what the calls throw; the signal's reason */
  static async join(context: ShareContext, signal: AbortSignal): Promise<LimitShare> {
    let made: LimitShare | undefined;
    const beforeHeld = () => made?.giveUpIfDoubted();
    const blob = await MachineBlob.join(context, shareMetadata(0, true), beforeHeld, signal);
    made = new LimitShare(context, blob);
    return made;
  }

  /** Asked before the lease is believed again: others may have taken the share meanwhile. */
  giveUpIfDoubted(): void {
    if (this.#blob.lease.state === "held") return;
    this.#share = 0;
    this.#doubts++;
  }

  /** The part of the limits that this machine may take now, from 0 to 1. */
  get share(): number {
    return this.#blob.lease.state === "held" ? this.#share : 0;
  }

  /** Leaves its share to the others. @param signal ends the attempt to tell what it took over last */
  async end(signal: AbortSignal): Promise<void> {
    this.#ended.abort(new Error("the machine leaves"));
    await this.#loop;
    await this.#blob.tellChanges(signal, shareMetadata(0, false));
    await this.#blob.leave();
  }

  async #keepPublishing(): Promise<void> {
    const { surroundings } = this.#context;
    const signal = AbortSignal.any([this.#ended.signal, this.#blob.lease.lost]);
    await sleep(surroundings, JOIN_MS, signal).catch(() => {});
    while (!signal.aborted) {
      // What has no answer is asked again: until then the share stays, or ends with the lease.
      await this.#publish(signal).catch(() => {});
      await sleep(surroundings, INTERVAL_MS, signal).catch(() => {});
    }
    this.#share = 0;
  }

  async #publish(signal: AbortSignal): Promise<void> {
    const { account, surroundings, names, generation } = this.#context;
    const { name, lease: own } = this.#blob;
    if (own.state !== "held") return;
    const [asked, doubts] = [moment(surroundings), this.#doubts];
    const prefix = names.machines(generation);
    const { blobs } = await callOnce(surroundings, signal, async (call) => account.list(prefix, call));
    const others = blobs.filter((blob) => blob.name !== name && blob.lease === "leased");
    // Others go by what was published, so this machine does, too.
    const published = { name, share: this.#share, isHeldBack: this.#isHeldBack };
    const share = nextShare([...others.map(readShare), published], name);
    this.#share = Math.min(share, this.#share);
    const isHeldBack = this.#context.isHeldBack();
    await this.#blob.write(shareMetadata(share, isHeldBack), signal);
    this.#isHeldBack = isHeldBack;
    if (passedSince(surroundings, asked) < IN_TIME_MS && doubts === this.#doubts) this.#share = share;
  }
}

function shareMetadata(share: number, isHeldBack: boolean): Record<string, string> {
  return { share: share.toFixed(6), heldback: isHeldBack ? "yes" : "no" };
}

/** One whose share cannot be read is taken to have all of it: rather too little than too much. */
function readShare({ name, metadata }: BlobFacts): PublishedShare {
  const share = Number(metadata["share"]);
  return { name, share: Number.isFinite(share) ? share : 1, isHeldBack: metadata["heldback"] !== "no" };
}
