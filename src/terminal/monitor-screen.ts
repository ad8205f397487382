import { FullScreen } from "./full-screen.ts";
import { terminalWidth, type TextStyle } from "./style.ts";
import type { Io } from "./io.ts";
import { chooseStyle } from "./reporter.ts";
import { listenForSuspend } from "./suspend.ts";

const CTRL_C = "\u0003";
const CTRL_Z = "\u001a";

/** How a picture looks. */
export interface Drawing<Picture> {
  /** On a screen of at most so many rows, none wider than the style's width. */
  readonly screen: (picture: Picture, style: TextStyle, rows: number) => string[];
  /** What stays on the terminal. */
  readonly text: (picture: Picture, style: TextStyle) => string[];
}

/**
 * The monitor on a terminal: takes the screen and the keys, and gives both back on every way out - also when an error
 * that nobody caught ends the process. The last picture stays on the terminal.
 */
export class MonitorScreen<Picture> implements Disposable {
  readonly #io: Io;
  readonly #noColor: boolean;
  readonly #drawing: Drawing<Picture>;
  readonly #screen: FullScreen;
  readonly #left = new AbortController();
  readonly #endSuspend: () => void;
  #picture: Picture | undefined;
  readonly #onKey = (keys: Buffer) => this.#obey(keys.toString("latin1"));
  readonly #onContinue = () => {
    // It may have been stopped without being asked; the shell has used the terminal since.
    this.#giveKeys();
    this.#screen.suspend();
    this.#takeKeys();
    this.#screen.refresh();
  };
  readonly #giveBack = () => this.#close();

  constructor(io: Io, noColor: boolean, drawing: Drawing<Picture>) {
    this.#io = io;
    this.#drawing = drawing;
    this.#noColor = noColor;
    this.#screen = new FullScreen(io.stdout, ({ width, rows }) =>
      this.#picture === undefined
        ? []
        : drawing.screen(this.#picture, chooseStyle(io, io.stdout, noColor, width), rows),
    );
    this.#endSuspend = listenForSuspend(() => {
      this.#screen.suspend();
      this.#giveKeys();
    });
    process.on("SIGCONT", this.#onContinue);
    // Told before Node writes what went wrong, which would be lost with the screen.
    process.on("uncaughtExceptionMonitor", this.#giveBack);
    process.on("exit", this.#giveBack);
    this.#takeKeys();
  }

  /** Aborted when the operator leaves by a key. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  show(picture: Picture): void {
    this.#picture = picture;
    this.#screen.refresh();
  }

  [Symbol.dispose](): void {
    this.#close();
    process.off("exit", this.#giveBack);
    process.off("uncaughtExceptionMonitor", this.#giveBack);
    process.off("SIGCONT", this.#onContinue);
    this.#endSuspend();
    if (this.#picture === undefined || this.#io.isStdoutClosed()) return;
    const width = terminalWidth(this.#io.stdout.columns, this.#io.env);
    const style = chooseStyle(this.#io, this.#io.stdout, this.#noColor, width);
    this.#io.stdout.write(`${this.#drawing.text(this.#picture, style).join("\n")}\n`);
  }

  #close(): void {
    this.#giveKeys();
    this.#screen.close();
  }

  #takeKeys(): void {
    const { stdin } = this.#io;
    if (!stdin.isTTY) return;
    stdin.setRawMode(true);
    stdin.on("data", this.#onKey);
    stdin.resume();
  }

  #giveKeys(): void {
    const { stdin } = this.#io;
    if (!stdin.isTTY) return;
    stdin.off("data", this.#onKey);
    stdin.setRawMode(false);
    // An open stdin would keep the process alive.
    stdin.pause();
  }

  /** The terminal sends no signals while it gives every key. */
  #obey(keys: string): void {
    if (keys === "q" || keys === "Q") this.#left.abort();
    else if (keys.includes(CTRL_C)) process.emit("SIGINT");
    else if (keys.includes(CTRL_Z)) process.kill(process.pid, "SIGTSTP");
  }
}
