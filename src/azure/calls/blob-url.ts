import { FileFailure } from "../../core/failure.ts";
import { encodeName, nameProblem } from "../../core/target-name.ts";

/** Nothing to encode, no folders, no dot at either end: most names. */
const PLAIN = /^[\w~-](?:[\w.~-]*[\w~-])?$/;

/**
 * The URL of a blob by its raw name.
 *
 * @throws FileFailure `bad-name` when the request would leave the container: a URL parser resolves `..`, services take
 * `\` for `/`
 */
export function blobUrl(containerUrl: string, name: string): string {
  if (PLAIN.test(name)) return `${containerUrl}/${name}`;
  const url = `${containerUrl}/${encodeName(name)}`;
  const problem =
    nameProblem(name) ?? (new URL(url).href === url ? undefined : "it leaves the target container");
  if (problem !== undefined) throw new FileFailure("bad-name", problem);
  return url;
}
