/**
 * One machine's claim of one partition, from the acquire of its record's lease to the release.
 *
 * A record is written with the lease id and with `If-Match` on the ETag of the claim's read, or of its last accepted
 * write: a lease id alone does not keep off a write that was delayed until after the successor had released. One write is
 * under way at a time. Facts in a record are adopted before the own ones are written over it.
 */
import { sleep } from "../surroundings/surroundings.ts";
import { ReuploadError } from "../core/errors.ts";
import {
  type ClaimChecks,
  type ClaimContext,
  describeOther,
  type Holder,
  isAsTold,
  type NewClaim,
  type PartitionFacts,
  type Resting,
} from "./claim-contract.ts";
import { readAhead } from "./ahead.ts";
import { isRefusal, type StoredBlob } from "./coordination-account.ts";
import { type Confirmation, Lease, releaseLease, whatIsGone } from "./lease.ts";
import { decodeSummary, encodeSummary } from "./record.ts";
import { NamedGifts } from "./named-gifts.ts";
import { callOnce, maySucceedLater } from "./repeated-calls.ts";

export type { ClaimChecks, ClaimContext, Holder, PartitionFacts };

const RETRY_MS = 1_000;

export class Claim {
  readonly partition: number;
  /** Counts the claims of this partition, from 1. */
  readonly epoch: number;
  readonly writerId: string;
  readonly lease: Lease;
  readonly #context: ClaimContext;
  readonly #name: string;
  readonly #facts: PartitionFacts;
  /** By the own clock, ms since the epoch. */
  readonly #since: number;
  #etag: string;
  #writing: Promise<unknown> = Promise.resolve();
  #isEnding = false;
  #factsMs = 0;
  /** Of a partition that is done: its record stays as it is until something is found to do. */
  #resting: Resting | undefined;
  #waking: Promise<boolean> | undefined;
  readonly #gifts: NamedGifts;

  private constructor(context: ClaimContext, made: NewClaim) {
    this.#context = context;
    this.#gifts = new NamedGifts(context.makeGift);
    this.partition = made.partition;
    this.#name = made.name;
    this.lease = made.lease;
    this.#facts = made.facts;
    this.epoch = made.epoch;
    this.#etag = made.etag;
    this.writerId = context.surroundings.uuid();
    this.#since = context.surroundings.wall();
  }

  /**
   * Acquires the lease of the record, which must be there, reads it, adopts its facts, and writes it as this claim's.
   * @param checks what the start looks at meanwhile
   * @returns the claim, which renews by itself, and rests when the partition is done but more may be found; `done` when
   * there is nothing to do; `again` when somebody took the partition meanwhile, or that cannot be told
   * @throws CoordinationRefusal `LeaseAlreadyPresent`, 404; what the checks and `adopt` throw; the signal's reason
   */
  static async take(
    context: ClaimContext,
    { partition, name, facts }: { partition: number; name: string; facts: PartitionFacts },
    checks: ClaimChecks,
    signal: AbortSignal,
  ): Promise<Claim | "done" | "again"> {
    let claim: Claim | undefined;
    const confirm = async (during: AbortSignal): Promise<Confirmation> =>
      claim === undefined ? context.confirmGeneration(during) : claim.#confirm(during);
    const place = { ...context, name };
    const lease = await Lease.acquire({ ...place, confirm }, signal);
    let isKept = false;
    try {
      lease.keep();
      // Under the lease both are read at once. Should the record change all the same, the first write is refused.
      using reading = readAhead(context, name, signal);
      await checks.afterAcquire(signal);
      const record = await reading.answer;
      if (record === undefined) throw new Error("the record was deleted during the start");
      const before = decodeSummary(record.metadata);
      const epoch = before?.epoch ?? 0;
      // One that was given away tells what it is before anybody has claimed it.
      await facts.adopt(record.body.length === 0 ? undefined : record.body, epoch);
      const isDone = before?.state === "done";
      const rests = isDone && !checks.hasRetries();
      if (rests && !checks.mayFindMore()) return "done";
      if (isDone && !rests) await checks.reopen(signal);
      claim = new Claim(context, { partition, name, lease, facts, epoch: epoch + 1, etag: record.etag });
      if (rests) claim.#resting = { record: before, checks };
      // From the first write on others can tell this claim from the one before.
      isKept = rests || (await claim.#write("first", signal));
      return isKept ? claim : "again";
    } finally {
      if (!isKept) {
        await lease.end();
        // What was written last is another claim's word still, unless the first write is under way.
        if (claim === undefined) await releaseLease(place, lease.id);
      }
    }
  }

  /** Whether new work may begin now. */
  get mayBegin(): boolean {
    return !this.#isEnding && this.#resting === undefined && this.lease.state === "held";
  }

  /** The partition is done, and nothing more was found yet. */
  get isResting(): boolean {
    return this.#resting !== undefined;
  }

  /**
   * Begins to work when something is found to do in a partition that is done: opens the run again, and writes the record.
   *
   * @returns whether the partition may be worked on; false when that has to be tried again
   */
  async wake(signal: AbortSignal): Promise<boolean> {
    const resting = this.#resting;
    if (resting === undefined) return true;
    this.#waking ??= this.#inTurn(async () => {
      await resting.checks.reopen(signal);
      const isWritten = await this.#write("first", signal);
      if (isWritten) this.#resting = undefined;
      return isWritten;
    }).finally(() => (this.#waking = undefined));
    return this.#waking;
  }

  /** How long the last checkpoint took to be put together, ms. */
  get factsMs(): number {
    return this.#factsMs;
  }

  /** Aborts when the partition is somebody else's; its reason says why. */
  get lost(): AbortSignal {
    return this.lease.lost;
  }

  /**
   * Writes the committed facts. Does nothing when the lease is not held.
   *
   * @throws the signal's reason; what `adopt` throws
   */
  async writeCheckpoint(signal: AbortSignal): Promise<void> {
    if (this.#isEnding || this.#resting !== undefined || this.lease.state !== "held") return;
    await this.#inTurn(async () => this.#write("between", signal));
  }

  /**
   * Ends the claim: nothing begins from now on. Writes the last facts, and releases the lease when they were accepted;
   * else the lease is left to expire, so that nobody believes an old record to be the last word. The record of a partition
   * that was done, and is as it was, is not written.
   *
   * @returns whether the last facts were accepted
   */
  async finish(signal: AbortSignal): Promise<boolean> {
    this.#isEnding = true;
    const { account, surroundings } = this.#context;
    let isWritten = false;
    try {
      isWritten = await this.#tellLast(signal);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    } finally {
      await this.lease.end();
    }
    if (isWritten) await releaseLease({ account, surroundings, name: this.#name }, this.lease.id);
    return isWritten;
  }

  async #tellLast(signal: AbortSignal): Promise<boolean> {
    await this.#waking?.catch(() => {});
    if (this.#resting !== undefined) {
      const { isDone, summary } = await this.#facts.checkpoint();
      if (isDone && isAsTold(summary, this.#resting.record)) return true;
      if (!(await this.wake(signal))) return false;
    }
    return this.#inTurn(async () => {
      const isWritten = await this.#write("last", signal);
      // What was named only now is not there yet, so the record does not say done.
      return isWritten && (await this.#gifts.makeMissing(signal)) ? this.#write("last", signal) : isWritten;
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#writing.then(work, work);
    this.#writing = turn.catch(() => {});
    return turn;
  }

  /**
   * Writes the record. The first and the last write of a claim insist while the lease is held; one in between is tried
   * twice, as another follows soon.
   *
   * @returns false when the partition is somebody else's, or that cannot be told now
   */
  async #write(kind: "first" | "between" | "last", signal: AbortSignal): Promise<boolean> {
    const { surroundings } = this.#context;
    const during = AbortSignal.any([signal, this.lost]);
    let mustRead = false;
    for (let attempt = 1; this.lease.state === "held"; attempt++) {
      try {
        if (mustRead) await this.#catchUp(during);
        mustRead = false;
        await this.#put(kind, during);
        return true;
      } catch (thrown) {
        signal.throwIfAborted();
        mustRead = isRefusal(thrown, "ConditionNotMet") || mustRead;
        if (!this.#mayTryAgain(thrown)) throw thrown;
        if (kind === "between" && attempt >= 2 && !mustRead) return false;
      }
      if (!mustRead && this.lease.state === "held")
        await sleep(surroundings, RETRY_MS, during).catch(() => {});
      signal.throwIfAborted();
    }
    return false;
  }

  /** What the failed write says of the lease. @returns false for what no further try can mend */
  #mayTryAgain(thrown: unknown): boolean {
    if (this.lost.aborted || isRefusal(thrown, "ConditionNotMet")) return true;
    if (isRefusal(thrown) && thrown.status === 404) this.lease.lose(whatIsGone(thrown), "nobody");
    else if (isRefusal(thrown) && thrown.code.startsWith("Lease")) this.lease.doubt();
    else if (thrown instanceof ReuploadError) return false;
    else return maySucceedLater(thrown);
    return true;
  }

  async #put(kind: "first" | "between" | "last", signal: AbortSignal): Promise<void> {
    const { account, surroundings } = this.#context;
    const { gifts, ...blob } = await this.#blob(kind);
    const conditions = { ifMatch: this.#etag, leaseId: this.lease.id };
    const { etag } = await callOnce(surroundings, signal, async (call) =>
      account.write(this.#name, blob, conditions, call),
    );
    this.#etag = etag;
    this.#gifts.accepted(gifts);
    // What cannot be made now is made after the next write, or by whoever takes the partition over.
    if (kind !== "last") await this.#gifts.makeMissing(signal).catch(() => {});
  }

  /**
   * The record is not as it was last read: it carries a write of this claim whose answer was lost, or another claim's.
   *
   * @throws when there is no answer
   */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const record = await this.#read(signal);
    if (record === undefined) {
      this.lease.lose("its record was deleted", "nobody");
      return;
    }
    const summary = decodeSummary(record.metadata);
    if (summary?.writerId !== this.writerId) {
      this.lease.lose(describeOther(summary));
      return;
    }
    await this.#facts.adopt(record.body, summary.epoch);
    this.#etag = record.etag;
  }

  async #confirm(signal: AbortSignal): Promise<Confirmation> {
    const generation = await this.#context.confirmGeneration(signal);
    if (generation.kind !== "ours") return generation;
    const record = await this.#read(signal);
    if (record === undefined) return { kind: "lost", why: "its record was deleted", to: "nobody" };
    const summary = decodeSummary(record.metadata);
    const isOthers =
      summary !== undefined && summary.epoch >= this.epoch && summary.writerId !== this.writerId;
    return isOthers ? { kind: "lost", why: describeOther(summary) } : { kind: "ours" };
  }

  async #read(signal: AbortSignal): Promise<StoredBlob | undefined> {
    const { account, surroundings } = this.#context;
    return callOnce(surroundings, signal, async (call) => account.read(this.#name, call));
  }

  async #blob(
    kind: "first" | "between" | "last",
  ): Promise<{ body: Uint8Array; metadata: Record<string, string>; gifts: readonly number[] }> {
    const began = this.#context.surroundings.monotonic();
    const { body, summary, isDone, gifts = [] } = await this.#facts.checkpoint();
    this.#factsMs = this.#context.surroundings.monotonic() - began;
    const state = kind !== "last" ? "working" : isDone && this.#gifts.areMade(gifts) ? "done" : "left";
    const { epoch, writerId } = this;
    const own = { state, ...this.#context.holder, writerId, epoch, since: this.#since } as const;
    return { body, metadata: encodeSummary({ ...summary, ...own }), gifts };
  }
}
