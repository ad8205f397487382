import { type LiveOutput } from "./live-block.ts";
import { terminalWidth } from "./style.ts";

/** The other screen, without a cursor, each line on one row even while the terminal is narrower than we know. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const ERASE_ROW = "\u001b[K";
const ERASE_ALL = "\u001b[2J";
const DEFAULT_ROWS = 24;

export interface ScreenSize {
  /** Columns that a line may fill. */
  readonly width: number;
  readonly rows: number;
}

/**
 * Fills the terminal's other screen, so that what was on the terminal is there again afterwards. Every redraw writes
 * every row in one go: nothing flickers, and nothing stale can stay.
 */
export class FullScreen {
  readonly #output: LiveOutput;
  readonly #render: (size: ScreenSize) => readonly string[];
  readonly #onResize = () => {
    // Terminals differ in what they leave of the old rows.
    if (this.#isShown) this.#output.write(ERASE_ALL);
    this.refresh();
  };
  #isShown = false;
  #isClosed = false;

  /** @param render gives at most `rows` lines, none wider than `width` */
  constructor(output: LiveOutput, render: (size: ScreenSize) => readonly string[]) {
    this.#output = output;
    this.#render = render;
    output.on("resize", this.#onResize);
  }

  /** Draws; the first time, and after `suspend`, it takes the screen. */
  refresh(): void {
    if (this.#isClosed) return;
    const rows = Math.max(1, this.#output.rows ?? DEFAULT_ROWS);
    const lines = this.#render({ width: terminalWidth(this.#output.columns, {}), rows });
    const drawn = Array.from({ length: rows }, (_, row) => ERASE_ROW + (lines[row] ?? ""));
    this.#output.write((this.#isShown ? "" : ENTER) + HOME + drawn.join("\r\n"));
    this.#isShown = true;
  }

  /** Gives the screen and the cursor back until the next refresh: before the process is stopped. */
  suspend(): void {
    if (this.#isShown) this.#output.write(LEAVE);
    this.#isShown = false;
  }

  /** The same for good; call it on every way out. Harmless when repeated. */
  close(): void {
    if (this.#isClosed) return;
    this.suspend();
    this.#isClosed = true;
    this.#output.off("resize", this.#onResize);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
