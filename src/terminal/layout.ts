import { textWidth } from "./text-width.ts";
import { type Paint, paint, chooseSigns, type TextStyle } from "./style.ts";

/** A piece of a line that stays together, with its colour. */
export interface Piece {
  readonly text: string;
  readonly paint?: Paint | undefined;
  /** What stands between this piece and the next, before the space; a comma when it is not given. */
  readonly end?: string;
}

/** The pieces on one line, without colour. */
export function joinPieces(pieces: readonly Piece[]): string {
  return pieces.map((piece, index) => withEnd(piece, index < pieces.length - 1)).join(" ");
}

function withEnd({ text, end = "," }: Piece, isFollowed: boolean): string {
  return isFollowed ? text + end : text;
}

/** The text cut to a display width, with a sign that it was cut. */
export function cut(text: string, style: TextStyle): string {
  if (textWidth(text) <= style.width) return text;
  const sign = chooseSigns(style).cut.slice(0, Math.max(0, style.width));
  const room = style.width - sign.length;
  let width = 0;
  let kept = "";
  for (const { segment } of new Intl.Segmenter("en").segment(text)) {
    width += textWidth(segment);
    if (width > room) break;
    kept += segment;
  }
  return kept + sign;
}

/**
 * A label and its pieces, on as many lines as the width asks for; further lines stand under the first
 * piece. A piece that is wider than a line is broken at its spaces. Narrow terminals give the label's column up.
 */
export function flow(label: string, pieces: readonly Piece[], column: number, style: TextStyle): string[] {
  const indent = style.width < column * 3 ? 2 : column;
  const lines: string[] = [];
  let line = paint("bold", label, style) + " ".repeat(Math.max(1, column - label.length));
  let gap = "";
  for (const piece of unbroken(pieces, style.width - indent)) {
    if (textWidth(line) > indent && textWidth(line + gap + piece.text) > style.width) {
      lines.push(line);
      line = " ".repeat(indent);
      gap = "";
    }
    const room = Math.max(LEAST_ROOM, style.width - textWidth(line + gap));
    const text = cut(piece.text, { ...style, width: room });
    line += gap + (piece.paint === undefined ? text : paint(piece.paint, text, style));
    gap = " ";
  }
  return [...lines, line];
}

/** A terminal of fewer columns than this gets lines that are too wide. */
const LEAST_ROOM = 8;

/** The pieces with their ends, those that are wider than a line as words. */
function unbroken(pieces: readonly Piece[], width: number): Piece[] {
  return pieces.flatMap((piece, index) => {
    const whole = withEnd(piece, index < pieces.length - 1);
    const parts = textWidth(whole) <= width ? [whole] : whole.split(" ");
    return parts.map((text) => ({ text, paint: piece.paint }));
  });
}
