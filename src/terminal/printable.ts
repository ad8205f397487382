/**
 * The one way from a text of unknown origin (ids, names, paths, messages of services) to a terminal. Everything that is
 * printed for a person goes through here: values when a line is made of them, because lines are measured and cut, and
 * each finished line once more where it is written. Data (CSV, JSON) keeps its characters in the format's own escapes.
 */

/**
 * What moves the cursor, reorders a line or is not seen: control and format characters (escape, bidi, zero width),
 * line and paragraph separators, lone surrogates, and what else Unicode says is to be ignored in display.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** The emoji that Unicode lists stay whole: some are joined by a character of no width. */
const EMOJI_OR_UNPRINTABLE =
  /\p{RGI_Emoji}|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gv;
/** The colours that `paint` writes, and nothing else of the same kind. */
// oxlint-disable-next-line no-control-regex -- the escape is what is looked for
const OWN_COLOR = /(\u001b\[(?:1|2|22|31|32|33|39)m)/;

/** The text with each unprintable character as `escape` writes it. */
export function escapeUnprintable(text: string, escape: (char: string) => string): string {
  if (!UNPRINTABLE.test(text)) return text;
  return text.replace(EMOJI_OR_UNPRINTABLE, (found) =>
    isOneCodePoint(found) && UNPRINTABLE.test(found) ? escape(found) : found,
  );
}

function isOneCodePoint(text: string): boolean {
  return text.length === ((text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
}

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

/** JSON that is the same value for every reader, with unprintable characters in JSON's own escapes. */
export function printableJson(json: string): string {
  return escapeUnprintable(json, utf16Escapes);
}

function utf16Escapes(char: string): string {
  return char
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
