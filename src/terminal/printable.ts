/**
 * The one way from a text of unknown origin (ids, names, paths, messages of services) to a terminal. Everything that is
 * printed for a person goes through here: values when a line is made of them, because lines are measured and cut, and
 * each finished line once more where it is written. Data (CSV, JSON) keeps its characters in the format's own escapes.
 */
import { escapeUnprintable } from "../core/unprintable.ts";

/** The colours that `paint` writes, and nothing else of the same kind. */
// oxlint-disable-next-line no-control-regex -- the escape is what is looked for
const OWN_COLOR = /(\u001b\[(?:1|2|22|31|32|33|39)m)/;

/** The text on one line, with unprintable characters as their code points: `\u{1b}`. */
export function printable(text: string): string {
  return escapeUnprintable(text, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A finished line. @param color whether it may hold the colours of `paint`; every other escape sequence is shown */
export function printableLine(line: string, { color }: { readonly color: boolean }): string {
  if (!color) return printable(line);
  return line
    .split(OWN_COLOR)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join("");
}
