import { createRequire } from "node:module";
import { stripVTControlCharacters } from "node:util";
import type StringWidth from "string-width";

const load = createRequire(import.meta.url);
/** What takes one column a character. */
const PLAIN = /^[ -~]*$/;

let whole: typeof StringWidth | undefined;

/**
 * How many columns of a terminal the text takes, its colours left out. The tables that other than plain texts need take
 * 25 ms to load, a tenth of a whole start: they are loaded with the first such text.
 */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  const shown = stripVTControlCharacters(text);
  if (PLAIN.test(shown)) return shown.length;
  whole ??= loadWhole();
  return whole(text);
}

/** A module that is required gives its namespace, its bundled file the function itself. */
function loadWhole(): typeof StringWidth {
  const loaded = load("string-width") as typeof StringWidth | { readonly default: typeof StringWidth };
  return typeof loaded === "function" ? loaded : loaded.default;
}
