/** Draws a terminal's screen as SVG: text stays text, colours follow the reader's light or dark setting. */
import stringWidth from "string-width";
import { type Color, COLORS, type Look, type Run } from "./ansi-screen.ts";

export interface Picture {
  /** What a screen reader says first; also the text in the window's bar. */
  readonly title: string;
  readonly description: string;
  readonly lines: readonly (readonly Run[])[];
}

/** In pixels. */
const CELL = { width: 8.4, height: 18 } as const;
const PADDING = 16;
const BAR = 32;
const MIN_COLUMNS = 72;

/** By color: on a dark and on a light ground, each readable (contrast of 4.5 and more). */
const PALETTE: Readonly<Record<Color, readonly [dark: string, light: string]>> = {
  black: ["#8b949e", "#24292f"],
  red: ["#ff7b72", "#b3202c"],
  green: ["#56d364", "#116329"],
  yellow: ["#e3b341", "#7d4e00"],
  blue: ["#79c0ff", "#0550ae"],
  magenta: ["#d2a8ff", "#6f3fb8"],
  cyan: ["#56d4dd", "#136061"],
  white: ["#e6edf3", "#57606a"],
};

/** The whole file, with a newline at its end. */
export function screenToSvg({ title, description, lines }: Picture): string {
  const columns = Math.max(MIN_COLUMNS, ...lines.flat().map((run) => run.column + stringWidth(run.text)));
  const width = Math.ceil(columns * CELL.width + 2 * PADDING);
  const height = BAR + lines.length * CELL.height + 2 * PADDING;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">${escape(title)}</title>
<desc id="description">${escape(description)}</desc>
<style>
${style()}
</style>
<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
<line class="rule" x1="0" y1="${BAR}" x2="${width}" y2="${BAR}"/>
<text class="bar" x="${PADDING}" y="${BAR - 11}">${escape(title)}</text>
${lines.flatMap((runs, row) => runs.map((run) => drawRun(run, BAR + PADDING + row * CELL.height))).join("\n")}
</svg>
`;
}

/** @param top of the line, in pixels */
function drawRun({ column, text, look }: Run, top: number): string {
  const lead = text.length - text.trimStart().length;
  const words = look.isReversed ? text : text.trim();
  const cells = stringWidth(words);
  const x = number(PADDING + (column + (look.isReversed ? 0 : lead)) * CELL.width);
  const wide = number(cells * CELL.width);
  const classes = classesOf(look);
  const attribute = classes === "" ? "" : ` class="${classes}"`;
  const back = look.isReversed
    ? `<rect class="back" x="${x}" y="${top}" width="${wide}" height="${CELL.height}"/>`
    : "";
  // The length keeps columns straight whatever font the reader has.
  return `${back}<text${attribute} x="${x}" y="${top + 13}" textLength="${wide}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escape(words)}</text>`;
}

function classesOf({ color, isBold, isDim, isReversed }: Look): string {
  return [color, isBold && "bold", isDim && "dim", isReversed && "reversed"].filter(Boolean).join(" ");
}

function style(): string {
  const colors = (at: 0 | 1) => COLORS.map((name) => `.${name}{fill:${PALETTE[name][at]}}`).join("");
  const ground = (back: string, text: string, line: string) =>
    `.ground{fill:${back};stroke:${line}}.rule{stroke:${line}}text{fill:${text}}.back{fill:${text}}.reversed{fill:${back}}`;
  const dark = `${ground("#0d1117", "#e6edf3", "#30363d")}.bar,.dim{fill:#9198a1}${colors(0)}`;
  const light = `${ground("#ffffff", "#1f2328", "#d0d7de")}.bar,.dim{fill:#59636e}${colors(1)}`;
  return `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}.bold{font-weight:bold}
${dark}
@media (prefers-color-scheme: light){${light}}`;
}

function number(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
