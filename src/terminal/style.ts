/**
 * What a terminal can show, and how text is dressed for it. Nothing is told by colour alone: each painted text says
 * the same in words.
 */
import { styleText } from "node:util";

/** What the pure text functions need to know of the place they write for. */
export interface TextStyle {
  /** Columns that a line may fill. */
  readonly width: number;
  /** Signs beyond ASCII may be used. */
  readonly unicode: boolean;
  readonly color: boolean;
}

/** Texts for files, pipes and logs. */
export const PLAIN: TextStyle = { width: Infinity, unicode: false, color: false };

/** The stream in question, and the environment as it was given to the process. */
export interface TerminalFacts {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/** `--color`, `--no-color`, or neither. */
export type ColorChoice = "always" | "never" | "auto";

/** Flag, then FORCE_COLOR, then NO_COLOR (any non-empty value), then TERM=dumb, then whether it is a terminal. */
export function usesColor(choice: ColorChoice, { isTTY, env }: TerminalFacts): boolean {
  if (choice !== "auto") return choice === "always";
  if (isGiven(env["FORCE_COLOR"])) return !isOff(env["FORCE_COLOR"]);
  if (isGiven(env["NO_COLOR"])) return false;
  return isTTY && env["TERM"] !== "dumb";
}

/** Whether the cursor may be moved: a terminal that is not dumb, with nobody's log behind it (CI). */
export function usesLiveBlock({ isTTY, env }: TerminalFacts): boolean {
  return isTTY && env["TERM"] !== "dumb" && (!isGiven(env["CI"]) || isOff(env["CI"]));
}

/** Whether the locale is UTF-8; Windows and macOS have no such variable in general and are known by their terminals. */
export function usesUnicode({ env, platform }: TerminalFacts): boolean {
  if (platform === "win32") {
    return isGiven(env["WT_SESSION"]) || env["TERM_PROGRAM"] === "vscode" || isGiven(env["ConEmuTask"]);
  }
  if (env["TERM"] === "linux") return false;
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find(isGiven);
  return locale === undefined ? platform === "darwin" : /utf-?8/i.test(locale);
}

/** The stream's columns, else COLUMNS, else 80. */
export function terminalWidth(columns: number | undefined, env: TerminalFacts["env"]): number {
  const width = columns ?? Number(env["COLUMNS"]);
  return Number.isSafeInteger(width) && width > 0 ? width : 80;
}

/** For lines that are printed once: as wide as the terminal; a file or a pipe takes whole lines. */
export function lineStyle({ stdout, env }: LineTarget): TextStyle {
  const width = stdout.isTTY ? terminalWidth(stdout.columns, env) : PLAIN.width;
  const facts = { isTTY: stdout.isTTY, env, platform: process.platform };
  return { ...PLAIN, width, unicode: stdout.isTTY && usesUnicode(facts) };
}

interface LineTarget {
  readonly stdout: { readonly isTTY: boolean; readonly columns?: number };
  readonly env: TerminalFacts["env"];
}

function isGiven(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

function isOff(value: string | undefined): boolean {
  return value === "0" || value?.toLowerCase() === "false";
}

export type Paint = "bold" | "dim" | "red" | "green" | "yellow";

/** The text in a colour, where the style has colours. The style has decided: util.styleText is not to ask again. */
export function paint(format: Paint, text: string, style: Pick<TextStyle, "color">): string {
  return style.color ? styleText(format, text, { validateStream: false }) : text;
}

export interface Signs {
  readonly barDone: string;
  readonly barLeft: string;
  readonly cut: string;
  /** From little to much. */
  readonly sparks: readonly string[];
}

const UNICODE_SIGNS: Signs = {
  barDone: "█",
  barLeft: "░",
  cut: "…",
  sparks: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
};
const ASCII_SIGNS: Signs = {
  barDone: "#",
  barLeft: "-",
  cut: "...",
  sparks: ["_", ".", ":", "-", "=", "+", "*", "#"],
};

/** Our signs, and their stand-ins where the locale is not UTF-8. */
export function chooseSigns(style: Pick<TextStyle, "unicode">): Signs {
  return style.unicode ? UNICODE_SIGNS : ASCII_SIGNS;
}
