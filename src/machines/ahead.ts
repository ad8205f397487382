import type { StoredBlob } from "./coordination-account.ts";
import type { ManifestContext } from "./generation.ts";
import { untilAnswered } from "./repeated-calls.ts";

/** A read that is begun before its answer is wanted, so that it is under way beside another request. */
export class Ahead<T> implements Disposable {
  /** What the read gives or throws; nobody has to wait for it. */
  readonly answer: Promise<T>;
  readonly #ended = new AbortController();

  constructor(signal: AbortSignal, read: (signal: AbortSignal) => Promise<T>) {
    this.answer = read(AbortSignal.any([signal, this.#ended.signal]));
    this.answer.catch(() => {});
  }

  /** Ends it when it is under way still: nobody came to want it. */
  [Symbol.dispose](): void {
    this.#ended.abort(new Error("nobody wants the answer any more"));
  }
}

/** The blob, read while something else is asked. Its answer: undefined when it is not there; it throws as `untilAnswered` */
export function readAhead(
  { account, surroundings }: Pick<ManifestContext, "account" | "surroundings">,
  name: string,
  signal: AbortSignal,
): Ahead<StoredBlob | undefined> {
  return new Ahead(signal, async (during) =>
    untilAnswered(surroundings, during, async (call) => account.read(name, call)),
  );
}
