/**
 * Quoting for the shells that operators paste commands into. Characters that a terminal cannot show are written in the
 * shell's own escapes; cmd has none.
 */
import { escapeUnprintable } from "../core/unprintable.ts";
import { printable } from "./printable.ts";

export type Shell = "bash" | "powershell" | "cmd";

/** A word as the shell must see it to give the program exactly this text. Plain words stay as they are. */
export function quote(word: string, shell: Shell): string {
  if (/^[A-Za-z0-9_./:=,+@%-]+$/.test(word) && !(shell !== "bash" && /[%,@]/.test(word))) return word;
  switch (shell) {
    case "bash":
      if (printable(word) !== word) return `$'${escapeUnprintable(ansiCQuoted(word), bashEscape)}'`;
      return `'${word.replaceAll("'", `'\\''`)}'`;
    case "powershell":
      if (printable(word) !== word) return `"${escapeUnprintable(doubleQuoted(word), powershellEscape)}"`;
      // It takes the typographic single quotes for quotes, too.
      return `'${word.replaceAll(/['\u2018-\u201b]/g, "$&$&")}'`;
    case "cmd":
      // Inside quotes only % and " still mean something to cmd. At its prompt %% is no escape for %: the caret, which
      // works outside quotes only, makes a variable's name one that is not set, and then goes away.
      return `"${word.replaceAll('"', '""').replaceAll("%", '"^%"')}"`;
  }
}

function ansiCQuoted(word: string): string {
  return word.replaceAll(/[\\']/g, "\\$&");
}

/** By its bytes, which mean the same in every locale. */
function bashEscape(char: string): string {
  return Array.from(Buffer.from(char), (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

function doubleQuoted(word: string): string {
  return word.replaceAll(/[`$"\u201c-\u201e]/g, "`$&");
}

function powershellEscape(char: string): string {
  return char
    .split("")
    .map((unit) => `$([char]0x${unit.charCodeAt(0).toString(16)})`)
    .join("");
}

/** A whole command line. */
export function commandLine(words: readonly string[], shell: Shell = "bash"): string {
  return words.map((word) => quote(word, shell)).join(" ");
}
