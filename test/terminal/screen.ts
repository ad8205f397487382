import { EventEmitter } from "node:events";

interface Row {
  text: string;
  /** The row below goes on with this one's line. */
  wraps: boolean;
}

const emptyRow = (): Row => ({ text: "", wraps: false });

/**
 * A terminal for one-column characters that does what tmux does with what the live block writes: wraps lines and wraps
 * them anew when it is resized, counts empty rows below as rows, and takes "erase below" in the top left corner for
 * "clear". Rows above the screen are history; the cursor cannot get there.
 */
export class Screen extends EventEmitter {
  /** What the program was told. */
  columns: number;
  rows: number;
  writes = 0;
  isCursorVisible = true;
  #width: number;
  #lines: Row[];
  #cursor = 0;
  #isWrapping = true;
  /** The lines that come back when the other screen is left. */
  #behind: { readonly lines: Row[]; readonly cursor: number } | undefined;

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.#width = columns;
    this.rows = rows;
    this.#lines = Array.from({ length: rows }, emptyRow);
  }

  /** The lines that are not empty, history included; wrapped ones as one. */
  get text(): string[] {
    return joined(this.#lines).filter((line) => line !== "");
  }

  /** The row that this text fills, from the start of history. */
  rowOf(text: string): number {
    return this.#lines.findIndex((row) => row.text === text);
  }

  /** Whether the other screen, the one without history, is shown. */
  get isOther(): boolean {
    return this.#behind !== undefined;
  }

  /** The other screen gets another size and keeps what fits, as tmux does; the program is told. */
  resizeOther(columns: number, rows: number): void {
    this.#lines = Array.from({ length: rows }, (_, index) => {
      const { text } = this.#lines[index] ?? emptyRow();
      return { text: text.slice(0, columns), wraps: false };
    });
    this.#width = columns;
    this.rows = rows;
    this.#cursor = Math.min(this.#cursor, rows - 1);
    this.tell();
  }

  /** The terminal gets another width; the program does not know until `tell`. */
  resize(columns: number): void {
    const cursorLine = this.#lines.slice(0, this.#cursor).filter(({ wraps }) => !wraps).length;
    const lines = joined(this.#lines).map((line) => wrapped(line, columns));
    this.#width = columns;
    this.#cursor = lines.slice(0, cursorLine).reduce((sum, rows) => sum + rows.length, 0);
    this.#lines = lines.flat();
    while (this.#lines.length < this.rows) this.#lines.push(emptyRow());
    this.#cursor = Math.max(this.#cursor, this.#top());
  }

  tell(): void {
    this.columns = this.#width;
    this.emit("resize");
  }

  write(text: string): boolean {
    this.writes++;
    // oxlint-disable-next-line no-control-regex -- escape sequences are what is parsed
    for (const [token] of text.matchAll(/\u001b\[\??\d*[A-Za-z]|[\r\n]|[^\u001b\r\n]+/g)) {
      if (token === "\n") this.#down();
      else if (token.startsWith("\u001b")) this.#obey(token.slice(2));
      else if (token !== "\r") this.#print(token);
    }
    return true;
  }

  #obey(command: string): void {
    if (command === "?25l" || command === "?25h") this.isCursorVisible = command === "?25h";
    else if (command === "?7l" || command === "?7h") this.#isWrapping = command === "?7h";
    else if (command === "K") this.#lines[this.#cursor] = emptyRow();
    else if (command === "J") this.#eraseBelow();
    else if (command === "H") this.#cursor = this.#top();
    else if (command === "2J") this.#lines = this.#lines.map(emptyRow);
    else if (command === "?1049h") this.#enterOther();
    else if (command === "?1049l") this.#leaveOther();
    else if (/^\d*A$/.test(command)) {
      this.#cursor = Math.max(this.#top(), this.#cursor - (Number.parseInt(command, 10) || 1));
    } else throw new Error(`the screen does not know ${command}`);
  }

  #enterOther(): void {
    if (this.#behind !== undefined) throw new Error("the other screen is taken twice");
    this.#behind = { lines: this.#lines, cursor: this.#cursor };
    this.#lines = Array.from({ length: this.rows }, emptyRow);
    this.#cursor = 0;
  }

  #leaveOther(): void {
    if (this.#behind === undefined) throw new Error("the other screen is not taken");
    this.#lines = this.#behind.lines;
    this.#cursor = this.#behind.cursor;
    this.#behind = undefined;
  }

  #eraseBelow(): void {
    if (this.#cursor === this.#top()) {
      this.#lines.push(...Array.from({ length: this.rows }, emptyRow));
      this.#cursor = this.#top();
    } else {
      for (let row = this.#cursor; row < this.#lines.length; row++) this.#lines[row] = emptyRow();
    }
  }

  #print(text: string): void {
    const rows = this.#isWrapping
      ? wrapped(text, this.#width)
      : wrapped(text.slice(0, this.#width), this.#width);
    for (const [index, row] of rows.entries()) {
      if (index > 0) this.#down();
      if (this.#lines[this.#cursor]?.text !== "") throw new Error(`"${row.text}" is written over old text`);
      this.#lines[this.#cursor] = row;
    }
  }

  #down(): void {
    if (this.isOther && this.#cursor === this.rows - 1) throw new Error("the other screen scrolls");
    this.#cursor++;
    this.#lines[this.#cursor] ??= emptyRow();
  }

  #top(): number {
    return this.#lines.length - this.rows;
  }
}

function joined(rows: readonly Row[]): string[] {
  const lines: string[] = [];
  let isContinued = false;
  for (const { text, wraps } of rows) {
    if (isContinued) lines.push((lines.pop() ?? "") + text);
    else lines.push(text);
    isContinued = wraps;
  }
  return lines;
}

function wrapped(line: string, columns: number): Row[] {
  const count = Math.max(1, Math.ceil(line.length / columns));
  return Array.from({ length: count }, (_, index) => ({
    text: line.slice(index * columns, (index + 1) * columns),
    wraps: index < count - 1,
  }));
}
