/**
 * What an operator asks of all machines of a run: one blob a run, changed with `If-Match`. It holds what stands (a pause,
 * limits, what became of single work items), so that a machine that begins later does the same; a drain is only for those
 * that work now. Every machine reads it every 10 s, and tells in its record up to which request it came.
 */

import { type ControlRequest, readControlRequest } from "../core/control-request.ts";
import { sleep } from "../surroundings/surroundings.ts";
import { Ahead } from "./ahead.ts";
import { isRefusal, type StoredBlob } from "./coordination-account.ts";
import { makeDocument, readDocument } from "./documents.ts";
import { createOnce, type ManifestContext } from "./generation.ts";
import { callOnce, untilAnswered } from "./repeated-calls.ts";

const KIND = "control";
/** How often a machine looks, ms: a request is taken within 15 s. */
const LOOK_MS = 10_000;
/** Requests for work items that stand; of more the oldest are dropped. */
const MOST_ENTRIES = 1_000;

/** A request that stands. */
export interface ControlEntry {
  /** Grows with each request. */
  readonly id: number;
  /** A random value: whoever left it recognises it when the answer was lost. */
  readonly key: string;
  readonly request: ControlRequest;
  /** Who asked. */
  readonly by: string;
  /** By the asker's clock, ms since the epoch; shown, never compared. */
  readonly at: number;
}

interface ControlDocument {
  readonly last: number;
  readonly entries: readonly (Omit<ControlEntry, "request"> & { readonly request: unknown })[];
}

/** @throws as `untilAnswered`; ReuploadError `coordination-damaged` */
export async function readControl(
  { account, surroundings, names }: ManifestContext,
  signal: AbortSignal,
): Promise<{ readonly document: ControlDocument; readonly etag: string } | undefined> {
  const blob = await untilAnswered(surroundings, signal, async (call) => account.read(names.control, call));
  if (blob === undefined) return undefined;
  return { document: readDocument<ControlDocument>(KIND, blob.body, ["last", "entries"]), etag: blob.etag };
}

/**
 * Leaves requests for all machines of the run, in this order; those of two operators at once are all kept.
 *
 * @returns the number of the last one
 * @throws as `readControl`
 */
export async function leaveControl(
  context: ManifestContext,
  requests: readonly ControlRequest[],
  by: string,
  signal: AbortSignal,
): Promise<number> {
  const { account, surroundings, names } = context;
  const fresh = requests.map((request) => ({
    key: surroundings.uuid(),
    request,
    by,
    at: surroundings.wall(),
  }));
  const keys = new Set(fresh.map(({ key }) => key));
  for (;;) {
    const read = await readControl(context, signal);
    if (read === undefined) {
      await createOnce(context, names.control, makeDocument(KIND, { last: 0, entries: [] }), {}, signal);
      continue;
    }
    // An earlier try took effect, and its answer was lost.
    if (read.document.entries.some(({ key }) => keys.has(key))) return read.document.last;
    const last = read.document.last + fresh.length;
    const entries = fresh.map((one, index) => ({ ...one, id: read.document.last + 1 + index }));
    const body = makeDocument(KIND, { last, entries: standing([...read.document.entries, ...entries]) });
    try {
      await untilAnswered(surroundings, signal, async (call) =>
        account.write(names.control, { body }, { ifMatch: read.etag }, call),
      );
      return last;
    } catch (thrown) {
      if (!isRefusal(thrown, "ConditionNotMet", "BlobNotFound")) throw thrown;
    }
  }
}

/** Those that a later one has not put aside, in their order. */
function standing(entries: ControlDocument["entries"]): ControlDocument["entries"] {
  const last = new Map(entries.map((entry) => [subject(entry.request), entry]));
  return [...last.values()].toSorted((a, b) => a.id - b.id).slice(-MOST_ENTRIES);
}

/** What a request is about: of two with the same subject the later one counts. */
function subject(given: unknown): string {
  const request = readControlRequest(given);
  if (request === undefined) return JSON.stringify(given);
  switch (request.kind) {
    case "pause":
    case "continue":
      return "pause";
    case "drain":
      return "drain";
    case "limits":
      return `limits ${Object.keys(request.limits).toSorted().join(" ")}`;
    case "bump":
    case "skip":
    case "reset":
      return `work item ${JSON.stringify([request.jobId, request.workItemId])}`;
  }
}

/** A machine's look at the requests, from its begin to its end. */
export class ControlWatch {
  readonly #context: ManifestContext;
  readonly #take: (entry: ControlEntry) => Promise<void>;
  readonly #ended = new AbortController();
  #lastTaken = 0;
  #isFirst = true;
  #ahead: Ahead<StoredBlob | undefined> | undefined;

  /** @param take does what is asked; one after the other; must not throw */
  constructor(context: ManifestContext, take: (entry: ControlEntry) => Promise<void>) {
    this.#context = context;
    this.#take = take;
  }

  /** The number of the last request that was looked at, as the machine's record tells it. */
  get lastTaken(): number {
    return this.#lastTaken;
  }

  /** Reads for the first time, beside what the start does still; what was asked is taken by `begin`. */
  readAhead(): void {
    this.#ahead = new Ahead(this.#ended.signal, async (signal) => this.#read(signal));
  }

  /** Looks for the first time, and from then on again and again; what cannot be read now is read the next time. */
  async begin(): Promise<void> {
    await this.#look(this.#ended.signal).catch(() => {});
    void this.#lookAgain();
  }

  async #lookAgain(): Promise<void> {
    const { signal } = this.#ended;
    for (;;) {
      await sleep(this.#context.surroundings, LOOK_MS, signal).catch(() => {});
      if (signal.aborted) return;
      await this.#look(signal).catch(() => {});
    }
  }

  end(): void {
    this.#ended.abort(new Error("the machine has ended"));
  }

  async #read(signal: AbortSignal): Promise<StoredBlob | undefined> {
    const { account, surroundings, names } = this.#context;
    return callOnce(surroundings, signal, async (call) => account.read(names.control, call));
  }

  async #look(signal: AbortSignal): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const blob = await (ahead?.answer ?? this.#read(signal));
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (blob === undefined) return;
    const { entries, last } = readDocument<ControlDocument>(KIND, blob.body, ["last", "entries"]);
    for (const { request: given, ...entry } of entries) {
      const request = readControlRequest(given);
      // A run that was drained may be begun again; what a later version asks is passed over.
      const isForOthers = request === undefined || (isFirst && request.kind === "drain");
      if (entry.id > this.#lastTaken && !isForOthers) await this.#take({ ...entry, request });
    }
    this.#lastTaken = Math.max(this.#lastTaken, last);
  }
}
