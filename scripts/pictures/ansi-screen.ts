/** Reads a terminal's screen as `tmux capture-pane -e` gives it: text with SGR sequences (colours, bold, dim, reverse). */

import stringWidth from "string-width";

/** A stretch of one line that looks the same throughout. */
export interface Run {
  /** From 0, in character cells. */
  readonly column: number;
  readonly text: string;
  readonly look: Look;
}

export interface Look {
  /** One of the eight colours, undefined for the terminal's own. */
  readonly color: Color | undefined;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isReversed: boolean;
}

export const COLORS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
export type Color = (typeof COLORS)[number];

const ESCAPE = "\u001b";
const SEQUENCE = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`);
const PLAIN: Look = { color: undefined, isBold: false, isDim: false, isReversed: false };

/** The lines of the screen, without the empty ones at its end. Spaces that nobody sees are left out. */
export function readScreen(ansi: string): Run[][] {
  let look = PLAIN;
  const lines = ansi.split("\n").map((line) => {
    const runs: Run[] = [];
    let column = 0;
    for (const part of line.split(SEQUENCE)) {
      const codes = part.startsWith(ESCAPE) ? part.slice(2, -1) : undefined;
      if (codes !== undefined) {
        look = lookAfter(look, codes);
        continue;
      }
      if (part.trim() !== "" || (part !== "" && look.isReversed)) runs.push({ column, text: part, look });
      column += stringWidth(part);
    }
    return runs;
  });
  return lines.slice(0, lines.findLastIndex((runs) => runs.length > 0) + 1);
}

/** @param codes of one sequence, as `1;32`; codes that are not known change nothing */
function lookAfter(before: Look, codes: string): Look {
  let look = before;
  for (const code of codes.split(";").map(Number)) {
    const color = COLORS[code % 10];
    if (code === 0) look = PLAIN;
    else if (code === 1) look = { ...look, isBold: true };
    else if (code === 2) look = { ...look, isDim: true };
    else if (code === 7) look = { ...look, isReversed: true };
    else if (code === 22) look = { ...look, isBold: false, isDim: false };
    else if (code === 27) look = { ...look, isReversed: false };
    else if (code === 39) look = { ...look, color: undefined };
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) look = { ...look, color };
  }
  return look;
}
