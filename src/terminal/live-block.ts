import { textWidth } from "./text-width.ts";
import { terminalWidth } from "./style.ts";
import type { Cancel, Surroundings } from "../surroundings/surroundings.ts";

/** The part of a terminal's stream (`tty.WriteStream`) that the block needs. */
export interface LiveOutput {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): boolean;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

/** At most 10 redraws a second. */
const FRAME_MS = 100;
/** Printed lines wait for the next redraw, but not more than this many. */
const MOST_PRINTED = 500;

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const WRAP_OFF = "\u001b[?7l";
const WRAP_ON = "\u001b[?7h";
/**
 * Erases from the cursor's row on. Not by one "erase below": in the top left corner some terminals (tmux) take that
 * for "clear" and move what was there into the history, a copy for every redraw.
 */
const ERASE_ROWS = "\r\u001b[K\n\u001b[J\u001b[A";

/**
 * A few lines at the bottom of a terminal that are drawn anew in place; other lines are printed above them.
 *
 * Three things keep a resize from leaving stale lines behind, in terminals that wrap old lines anew and in those that
 * do not:
 * - The cursor rests, hidden, at the start of the block's *first* row, where it stays however the rows below are
 *   wrapped, so that erasing them needs no count.
 * - Lines are drawn with wrapping off, so that each fills one row even while the terminal is narrower already than we
 *   have been told.
 * - The block's last row never moves up: when fewer rows are needed than before, empty ones are kept above it until
 *   printed lines fill them. Empty rows below would make a terminal that becomes narrower push the block's own first
 *   rows into its history, where nothing can erase them.
 */
export class LiveBlock {
  readonly #surroundings: Surroundings;
  readonly #output: LiveOutput;
  readonly #render: (width: number) => readonly string[];
  readonly #onResize = () => this.refresh();
  /** Display widths of the lines on the screen; empty when the block is not drawn. */
  #drawn: readonly number[] = [];
  #printed: string[] = [];
  #lastFrame = Number.NEGATIVE_INFINITY;
  #cancelTimer: Cancel | undefined;
  #isClosed = false;

  /** @param render gives the block's lines (at least one), none wider than `width` columns */
  constructor(surroundings: Surroundings, output: LiveOutput, render: (width: number) => readonly string[]) {
    this.#surroundings = surroundings;
    this.#output = output;
    this.#render = render;
    output.on("resize", this.#onResize);
  }

  /** Asks for a redraw: at once, or when the last one is a tenth of a second ago. */
  refresh(): void {
    if (this.#isClosed || this.#cancelTimer !== undefined) return;
    const wait = this.#lastFrame + FRAME_MS - this.#surroundings.monotonic();
    if (wait <= 0) this.#draw();
    else this.#cancelTimer = this.#surroundings.after(wait, () => this.#draw(), { background: true });
  }

  /** Prints lines above the block with the next redraw, or at once when the block is closed. */
  print(lines: readonly string[]): void {
    this.#printed.push(...lines);
    if (this.#isClosed) this.suspend();
    else if (this.#printed.length > MOST_PRINTED) this.#draw();
    else this.refresh();
  }

  /** Takes the block off the screen and gives the cursor back, until the next refresh: before the process is stopped. */
  suspend(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const printed = this.#takePrinted()
      .map((line) => `${line}\r\n`)
      .join("");
    if (this.#drawn.length > 0) this.#output.write(ERASE_ROWS + printed + SHOW_CURSOR);
    else if (printed !== "") this.#output.write(printed);
    this.#drawn = [];
  }

  /** The same for good; call it on every way out. Harmless when repeated. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#output.off("resize", this.#onResize);
    this.suspend();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #draw(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#lastFrame = this.#surroundings.monotonic();
    const columns = terminalWidth(this.#output.columns, {});
    const printed = this.#takePrinted();
    // A line that fills the last column would leave the cursor in doubt: one column stays free.
    const lines = this.#onScreen(
      this.#render(columns - 1),
      countRows(this.#drawn, columns) -
        countRows(
          printed.map((line) => textWidth(line)),
          columns,
        ),
    );
    const backUp = lines.length > 1 ? `\r\u001b[${lines.length - 1}A` : "\r";
    this.#output.write(
      [
        this.#drawn.length > 0 ? ERASE_ROWS : HIDE_CURSOR,
        ...printed.map((line) => `${line}\r\n`),
        WRAP_OFF,
        lines.join("\r\n"),
        WRAP_ON,
        backUp,
      ].join(""),
    );
    this.#drawn = lines.map((line) => textWidth(line));
  }

  /** The lines with empty ones above up to `rows`, but not more than the screen holds: scrolled off, none could be erased. */
  #onScreen(lines: readonly string[], rows: number): readonly string[] {
    const most = Math.max(1, (this.#output.rows ?? 24) - 1);
    const missing = Math.min(rows, most) - lines.length;
    return missing > 0 ? [...Array<string>(missing).fill(""), ...lines] : lines.slice(0, most);
  }

  #takePrinted(): readonly string[] {
    const printed = this.#printed;
    this.#printed = [];
    return printed;
  }
}

/** Physical rows of lines of these display widths. */
function countRows(widths: readonly number[], columns: number): number {
  return widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
}
