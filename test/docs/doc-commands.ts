/** The commands of the documentation's pages: lines of `sh` blocks, and lines after `$ ` in `console` blocks. */

export interface DocCommand {
  /** The page and the nearest heading above: `README.md > First run`. */
  readonly section: string;
  /** Of the page, from 1. */
  readonly line: number;
  /** One line; continued lines are joined. */
  readonly text: string;
  /** What the page shows below it; empty in a `sh` block. */
  readonly output: readonly string[];
}

/** A fenced block of code. */
export interface Block {
  readonly language: string;
  readonly section: string;
  readonly line: number;
  readonly lines: readonly string[];
}

/** The fenced blocks of a page, without the indentation of a list around them. */
export function blocksIn(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  let section = page;
  let open: { language: string; indent: number; line: number; lines: string[] } | undefined;
  for (const [at, line] of text.split("\n").entries()) {
    const fence = /^( *)```(.*)$/.exec(line);
    if (open !== undefined && fence !== null) {
      blocks.push({ language: open.language, section, line: open.line, lines: open.lines });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line.slice(open.indent));
    else if (fence !== null) {
      open = { language: fence[2] ?? "", indent: fence[1]?.length ?? 0, line: at + 1, lines: [] };
    } else if (/^#+ /.test(line)) section = `${page} > ${line.replace(/^#+ /, "").replaceAll("`", "")}`;
  }
  return blocks;
}

/** The commands of a page in their order. */
export function commandsIn(page: string, text: string): DocCommand[] {
  return blocksIn(page, text)
    .filter(({ language }) => language === "sh" || language === "console")
    .flatMap(commandsOfBlock);
}

function commandsOfBlock({ language, section, line, lines }: Block): DocCommand[] {
  const commands: { section: string; line: number; text: string; output: string[] }[] = [];
  let isContinued = false;
  for (const [at, text] of lines.entries()) {
    const last = commands.at(-1);
    const isCommand = language === "sh" ? !/^\s*(#|$)/.test(text) : text.startsWith("$ ");
    const words = (language === "sh" ? text : text.replace("$ ", "")).replace(/\s+(\\|# .*)$/, "");
    if (isContinued && last !== undefined) last.text += ` ${words.trim()}`;
    else if (isCommand) commands.push({ section, line: line + at + 1, text: words, output: [] });
    else if (language === "console") last?.output.push(text);
    isContinued = (isCommand || isContinued) && text.endsWith("\\");
  }
  return commands;
}

/**
 * What two outputs of one command have in common: words stay; numbers, sizes, durations, ids and the addresses of the
 * storage account become signs, so that a page may show another day's run.
 */
export function shapeOf(line: string): string {
  return line
    .replaceAll(/https?:\/\/[^\s,]+/g, "URL")
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b(?=[a-f]*\d)[0-9a-f]{12}\b/g, "ID")
    .replaceAll(/\b\d+(?:[,.:]\d+)*(?: [KMG]i?B)?/g, "#")
    .replaceAll(/#(?: (?:d|h|min|s|ms)\b)(?: #(?: (?:d|h|min|s|ms)\b))*/g, "T")
    .replaceAll(/T to T/g, "T")
    .replaceAll(/#(?:, #)*(?:, \.\.\.)?/g, "#")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** Lines that a page shows and that the command's real output has no line like. */
export function linesUnlike(shown: readonly string[], real: string): string[] {
  const shapes = new Set(real.split("\n").map(shapeOf));
  return shown.filter((line) => line.trim() !== "" && line.trim() !== "..." && !shapes.has(shapeOf(line)));
}
