/**
 * Single keys of a terminal while a command works. The terminal is in raw mode then, so the keys that its driver turns into
 * signals are turned into the same signals here, for the whole process group as the driver does.
 *
 * The terminal's mode is given back on every way out: at `close`, when the process is suspended, and when it exits (Node
 * restores it at an uncaught error, too). Only SIGKILL leaves it to the shell. A process in the background never touches
 * the mode: the system would stop it.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a key's byte means to a terminal's driver. */
const SIGNALS: Readonly<Record<string, NodeJS.Signals>> = {
  "\u0003": "SIGINT",
  "\u001a": "SIGTSTP",
  "\u001c": "SIGQUIT",
};

/** The part of a terminal's stream (`tty.ReadStream`) that the keys need. */
export interface KeyInput {
  readonly isTTY: boolean;
  setRawMode(isRaw: boolean): unknown;
  pause(): unknown;
  resume(): unknown;
  on(event: "data", listener: (chunk: Buffer | string) => void): unknown;
  off(event: "data", listener: (chunk: Buffer | string) => void): unknown;
}

interface KeysOptions {
  /** Called for every other key. */
  readonly onKey: (key: string) => void;
  /** Sends a signal to the process group; another one in tests. */
  readonly send?: (signal: NodeJS.Signals) => void;
  /** Whether the terminal is this process's now; another one in tests. */
  readonly isForeground?: () => boolean;
}

/** The keys of a terminal that a person sits at. */
export class Keys {
  readonly #input: KeyInput;
  readonly #options: Required<KeysOptions>;
  readonly #onData = (chunk: Buffer | string): void => this.#take(String(chunk));
  readonly #onExit = (): void => this.suspend();
  readonly #onContinue = (): void => this.#listen();
  #isListening = false;
  #isClosed = false;

  /** Begins to listen, when the terminal is this process's. */
  constructor(input: KeyInput, { onKey, send = sendToGroup, isForeground = ownsTerminal }: KeysOptions) {
    this.#input = input;
    this.#options = { onKey, send, isForeground };
    process.on("exit", this.#onExit);
    process.on("SIGCONT", this.#onContinue);
    this.#listen();
  }

  /**
   * Whether keys are taken now. A process that came back to the foreground without being continued notices it here, where
   * looking costs next to nothing.
   */
  get isListening(): boolean {
    if (process.platform === "linux" && !this.#isClosed) this.#listen();
    return this.#isListening;
  }

  /** Gives the terminal back until the process is continued in the foreground. */
  suspend(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    this.#input.off("data", this.#onData);
    this.#input.setRawMode(false);
    this.#input.pause();
  }

  /** Gives the terminal back for good. */
  close(): void {
    this.#isClosed = true;
    process.off("exit", this.#onExit);
    process.off("SIGCONT", this.#onContinue);
    this.suspend();
  }

  #listen(): void {
    if (this.#isListening || !this.#input.isTTY || !this.#options.isForeground()) return;
    this.#isListening = true;
    this.#input.setRawMode(true);
    this.#input.on("data", this.#onData);
    this.#input.resume();
  }

  #take(text: string): void {
    for (const key of text) {
      const signal = SIGNALS[key];
      if (signal === undefined) this.#options.onKey(key);
      else {
        // Those leave nobody time to give the terminal back.
        if (signal !== "SIGINT") this.suspend();
        this.#options.send(signal);
      }
    }
  }
}

function sendToGroup(signal: NodeJS.Signals): void {
  // Windows has no process groups; there the event is all that Ctrl+C is.
  if (process.platform === "win32") process.emit(signal);
  else process.kill(0, signal);
}

/**
 * Whether this process is in the foreground of its terminal: the group that the terminal belongs to is its own. Where the
 * system does not say, it is not, and there are no keys.
 */
function ownsTerminal(): boolean {
  try {
    if (process.platform === "win32") return true;
    if (process.platform === "linux") {
      // After the name, which may hold anything: state, parent, group, session, terminal, the terminal's group.
      const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
      return fields[2] === fields[5];
    }
    const ids = execFileSync("ps", ["-o", "pgid=,tpgid=", "-p", String(process.pid)], { encoding: "utf8" });
    const [group, foreground] = ids.trim().split(/\s+/);
    return group === foreground;
  } catch {
    return false;
  }
}
