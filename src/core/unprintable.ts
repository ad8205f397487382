/** Characters that must not reach a terminal as they are, whatever a text holds. */

/**
 * What moves the cursor, reorders a line or is not seen: control and format characters (escape, bidi, zero width),
 * line and paragraph separators, lone surrogates, and what else Unicode says is to be ignored in display.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** Texts of these alone need no further look; it is the usual case. */
const PLAIN = /^[ -~]*$/;

let emojiOrUnprintable: RegExp | undefined;

/**
 * The emoji that Unicode lists stay whole: some are joined by a character of no width. Made with the first text that
 * needs it, because reading this expression takes 15 ms.
 */
function getEmojiOrUnprintable(): RegExp {
  emojiOrUnprintable ??= new RegExp(`\\p{RGI_Emoji}|${UNPRINTABLE.source}`, "gv");
  return emojiOrUnprintable;
}

/** The text with each unprintable character as `escape` writes it. */
export function escapeUnprintable(text: string, escape: (char: string) => string): string {
  if (PLAIN.test(text) || !UNPRINTABLE.test(text)) return text;
  return text.replace(getEmojiOrUnprintable(), (found) =>
    isOneCodePoint(found) && UNPRINTABLE.test(found) ? escape(found) : found,
  );
}

function isOneCodePoint(text: string): boolean {
  return text.length === ((text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
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
