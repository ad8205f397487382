/**
 * Quoting for the shells that operators paste commands into. Characters that a terminal cannot show are written in the
 * shell's own escapes; cmd has none.
 */
import { escapeUnprintable } from "../core/unprintable.ts";
import { printable } from "./printable.ts";

/** `cmd` is what is typed at its prompt, `cmd-file` what is saved in a `.cmd` file: they read a percent sign differently. */
export const SHELLS = ["bash", "powershell", "cmd", "cmd-file"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * Words that each shell passes on as they are. PowerShell reads what begins with a digit as a number (`60s`, `007`), and
 * splits a word that begins with `-` at a dot.
 */
const PLAIN: Readonly<Record<Shell, RegExp>> = {
  bash: /^[A-Za-z0-9_./:=,+@%-]+$/,
  powershell: /^(?:--?[A-Za-z][A-Za-z-]*|[A-Za-z_/.][A-Za-z_/][A-Za-z0-9_./:=+-]*|\.|0|[1-9][0-9]{0,8})$/,
  cmd: /^[A-Za-z0-9_./:+-]+$/,
  "cmd-file": /^[A-Za-z0-9_./:+-]+$/,
};

/** A word as the shell must see it to give the program exactly this text. Plain words stay as they are. */
export function quote(word: string, shell: Shell): string {
  if (PLAIN[shell].test(word)) return word;
  switch (shell) {
    case "bash":
      if (printable(word) !== word) return `$'${escapeUnprintable(ansiCQuoted(word), bashEscape)}'`;
      return `'${word.replaceAll("'", `'\\''`)}'`;
    case "powershell":
      if (printable(word) !== word) return `"${escapeUnprintable(doubleQuoted(word), powershellEscape)}"`;
      // It takes the typographic single quotes for quotes, too.
      return `'${word.replaceAll(/['\u2018-\u201b]/g, "$&$&")}'`;
    case "cmd":
      // Inside quotes only % and " mean something to cmd. At its prompt %% is no escape for %: the caret, which works
      // outside quotes only, makes a variable's name one that is not set, and then goes away.
      return word.split("%").map(cmdQuoted).join("^%");
    case "cmd-file":
      return cmdQuoted(word.replaceAll("%", "%%"));
  }
}

/** The program's own reading of its command line takes a backslash before a quote for an escape. */
function cmdQuoted(text: string): string {
  return `"${text.replaceAll(/(\\*)"/g, '$1$1""').replace(/\\+$/, "$&$&")}"`;
}

/** A command line as a Windows program splits it itself, with no shell between (Microsoft's C runtime). */
export function runtimeLine(words: readonly string[]): string {
  const word = (text: string) =>
    /^[^\s"]+$/.test(text) ? text : `"${text.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, "$&$&")}"`;
  return words.map(word).join(" ");
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
export function commandLine(words: readonly string[], shell: Shell): string {
  return words.map((word) => quote(word, shell)).join(" ");
}

/** What ends a line that goes on in the next one. */
const CONTINUED: Readonly<Record<Shell, string>> = {
  bash: " \\",
  powershell: " `",
  cmd: " ^",
  "cmd-file": " ^",
};

/**
 * A command line, broken before an option where it would be longer than `width` columns.
 *
 * @returns the lines, to be pasted together
 */
export function commandLines(words: readonly string[], shell: Shell, width = 100): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of optionParts(words)) {
    const text = commandLine(part, shell);
    if (line === "") line = text;
    else if (line.length + 1 + text.length + CONTINUED[shell].length <= width) line += ` ${text}`;
    else {
      lines.push(line + CONTINUED[shell]);
      line = `  ${text}`;
    }
  }
  return [...lines, line];
}

/** An option stays with its value. */
function optionParts(words: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word.startsWith("--")) parts.push([]);
    parts.at(-1)?.push(word);
  }
  return parts.filter((part) => part.length > 0);
}

/** The shell that a command printed by this process is pasted into, as far as its environment tells. */
export function guessShell(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): Shell {
  if (platform !== "win32") return "bash";
  // Git Bash and MSYS2 set it; cmd sets its prompt, PowerShell sets neither.
  if (env["MSYSTEM"] !== undefined) return "bash";
  return env["PROMPT"] === undefined ? "powershell" : "cmd";
}
