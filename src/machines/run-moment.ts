/**
 * "Before the run": a blob that was there before the run's moment need not be announced (`--announce-existing never`).
 * The moment is the `Last-Modified` of `begin`, the same for all machines and generations. A state that began earlier,
 * without the right to coordinate, writes its earlier moment beside it, and the earliest wins: a later one would take
 * files of a dead machine for older ones, and nobody would announce them.
 */
import { createOnce, type ManifestContext } from "./generation.ts";
import { untilAnswered } from "./repeated-calls.ts";

/**
 * @param ownBegin when this machine's state began, by its own clock, when that was before the run was coordinated
 * @param again of the manifest: everything from before was announced, or is no more of this run
 * @returns ms since the epoch
 * @throws what `untilAnswered` throws
 */
export async function readRunMoment(
  context: ManifestContext,
  { ownBegin, again }: { readonly ownBegin?: number | undefined; readonly again?: number | undefined },
  signal: AbortSignal,
): Promise<number> {
  const { account, surroundings, names } = context;
  if (again !== undefined) return again;
  if (ownBegin !== undefined) {
    await createOnce(context, names.earlierBegin(ownBegin), new Uint8Array(), {}, signal);
  }
  const { blobs } = await untilAnswered(surroundings, signal, async (call) =>
    account.list(names.begin, call),
  );
  const moments = blobs.map(({ name, lastModified }) =>
    name === names.begin ? lastModified : Number(name.slice(names.begin.length + 1)),
  );
  if (moments.length === 0) throw new Error("the record of the run's beginning was deleted");
  return Math.min(...moments);
}
