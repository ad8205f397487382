/**
 * Machines that have nothing to do say so, each in a blob of its own, so that owners at the tail know that it pays to give
 * work away. A sign is old after a few seconds by the service's clock; nothing rests on it.
 */
import type { ManifestContext } from "./generation.ts";
import { callOnce } from "./repeated-calls.ts";
import { type Moment, moment, passedSince } from "../surroundings/surroundings.ts";

/** A sign is renewed after this, ms. */
const RENEWED_MS = 6_000;
/** A sign that was written longer ago says nothing, ms. */
const OLD_MS = 15_000;

export interface IdleContext extends ManifestContext {
  readonly generation: number;
  readonly holder: { readonly stateId: string };
}

export class IdleMachines {
  readonly #context: IdleContext;
  #toldAt: Moment | undefined;

  constructor(context: IdleContext) {
    this.#context = context;
  }

  /** Says that this machine has nothing to do, unless it said so a moment ago. What fails is said the next time. */
  async tell(signal: AbortSignal): Promise<void> {
    const { account, surroundings, names, generation, holder } = this.#context;
    const told = this.#toldAt;
    if (told !== undefined && passedSince(surroundings, told) < RENEWED_MS) return;
    this.#toldAt = moment(surroundings);
    const blob = { body: new Uint8Array(), metadata: {} };
    const name = names.idle(generation) + holder.stateId;
    await callOnce(surroundings, signal, async (call) => account.write(name, blob, {}, call)).catch(() => {
      signal.throwIfAborted();
    });
  }

  /** How many other machines have nothing to do now. @throws the signal's reason */
  async count(signal: AbortSignal): Promise<number> {
    const { account, surroundings, names, generation, holder } = this.#context;
    const prefix = names.idle(generation);
    const listed = await callOnce(surroundings, signal, async (call) => account.list(prefix, call)).catch(
      () => {
        signal.throwIfAborted();
        return undefined;
      },
    );
    if (listed === undefined) return 0;
    const isNew = (lastModified: number) => listed.date - lastModified < OLD_MS;
    const others = listed.blobs.filter(({ name }) => name !== prefix + holder.stateId);
    return others.filter(({ lastModified }) => isNew(lastModified)).length;
  }
}
