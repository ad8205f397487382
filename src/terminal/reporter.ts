import { errorMessageText } from "../core/errors.ts";
import { redact } from "../core/secret.ts";
import type { ProgressView } from "../progress/progress.ts";
import { LiveBlock } from "./live-block.ts";
import { type Message, toJsonLine, waitingMessages } from "../report/report.ts";
import { toText } from "./message-text.ts";
import { printableLine } from "./printable.ts";
import { PLAIN_INTERVAL_MS, progressBlock } from "./progress-text.ts";
import { terminalWidth, type TextStyle, usesColor, usesLiveBlock, usesUnicode } from "./style.ts";
import type { Io } from "./io.ts";
import type { Log } from "./log.ts";

export interface ReporterOptions {
  readonly output: "text" | "json";
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** `--no-color` was given. */
  readonly noColor: boolean;
}

/**
 * The one place that prints messages. Text: results to stdout, the rest to stderr, a live block on a terminal. JSON:
 * every message to stdout. The log, when there is one, gets them all.
 */
export class Reporter {
  readonly #io: Io;
  readonly #options: ReporterOptions;
  readonly #block: LiveBlock | undefined;
  #log: Log | undefined;
  #keys: () => string | undefined = () => undefined;
  readonly #toldErrors = new Set<string>();
  #view: ProgressView | undefined;
  #lastPlain = Number.NEGATIVE_INFINITY;

  constructor(io: Io, options: ReporterOptions) {
    this.#io = io;
    this.#options = options;
    const facts = streamFacts(io, io.stderr);
    if (options.output === "text" && !options.quiet && usesLiveBlock(facts)) {
      this.#block = new LiveBlock(io.surroundings, io.stderr, (width) => this.#renderBlock(width));
    }
  }

  /** From here on messages go to the log too. */
  useLog(log: Log): void {
    this.#log = log;
  }

  tell(message: Message): void {
    if (message.type === "error" && this.#isTold(`${message.code}\n${message.message}`)) return;
    this.#toLog(message);
    const { output, quiet, verbose } = this.#options;
    if (output === "json") {
      if (verbose || !isDetail(message)) this.#writeJson(message);
      return;
    }
    switch (message.type) {
      case "summary":
      case "dry-run":
      case "announce-summary":
      case "verify-summary":
        this.#finishBlock();
        this.#writeText(this.#io.stdout, message);
        return;
      case "error":
        this.#finishBlock();
        this.#writeText(this.#io.stderr, message);
        return;
      case "file":
      case "finding":
      case "concurrency":
        if (verbose) this.#print(message);
        return;
      case "notice":
        if (!quiet || message.level === "warning") this.#print(message);
        return;
      case "thread-ended":
        this.#print(message);
        return;
      case "run-started":
      case "progress":
      case "waiting":
      case "resumed":
      case "control":
      case "other-machines":
        if (!quiet) this.#print(message);
    }
  }

  /** Shows where the run stands; call it about once a second. A plain line or an event comes every 10 s. */
  progress(view: ProgressView): void {
    for (const message of waitingMessages(
      this.#view?.live.waiting ?? [],
      view.live.waiting,
      this.#io.surroundings.wall(),
    )) {
      this.tell(message);
    }
    this.#view = view;
    this.#block?.refresh();
    const now = this.#io.surroundings.monotonic();
    if (now - this.#lastPlain < PLAIN_INTERVAL_MS) return;
    this.#lastPlain = now;
    const message: Message = { type: "progress", view };
    if (this.#block === undefined) this.tell(message);
    else this.#toLog(message);
  }

  /** Takes the live block off the screen and gives the cursor back; on every way out. */
  close(): void {
    this.#finishBlock();
    this.endLog();
  }

  /** From here on nothing goes to the log. */
  endLog(): void {
    this.#log?.close();
    this.#log = undefined;
  }

  /** From here on the block says which keys there are. @param hint undefined: none are taken now */
  showKeys(hint: () => string | undefined): void {
    this.#keys = hint;
  }

  /** Before the process is suspended (Ctrl+Z). */
  suspend(): void {
    this.#block?.suspend();
  }

  /** A log that takes no more, such as on a full disk, ends no run: that is told, and the rest is not logged. */
  #toLog(message: Message): void {
    try {
      this.#log?.write(message);
    } catch (thrown) {
      this.#log?.close();
      this.#log = undefined;
      const why = `cannot write the log, so nothing more is logged: ${errorMessageText(thrown)}`;
      this.tell({ type: "notice", level: "warning", message: why });
    }
  }

  /** What ends a run is often met again while the run is wound up, such as a full disk: it is told once. */
  #isTold(error: string): boolean {
    const isTold = this.#toldErrors.has(error);
    this.#toldErrors.add(error);
    return isTold;
  }

  #finishBlock(): void {
    this.#view = undefined;
    this.#block?.close();
  }

  #renderBlock(width: number): string[] {
    if (this.#view === undefined) return [""];
    const style = this.#style(this.#io.stderr, width);
    return progressBlock(this.#view, style, this.#keys()).map((line) => printableLine(redact(line), style));
  }

  #print(message: Message): void {
    if (this.#block === undefined) this.#writeText(this.#io.stderr, message);
    else this.#block.print(toText(message, this.#style(this.#io.stderr)));
  }

  #writeText(stream: NodeJS.WriteStream, message: Message): void {
    if (stream === this.#io.stdout && this.#io.isStdoutClosed()) return;
    stream.write(`${toText(message, this.#style(stream)).join("\n")}\n`);
  }

  #writeJson(message: Message): void {
    if (!this.#io.isStdoutClosed())
      this.#io.stdout.write(`${toJsonLine(message, this.#io.surroundings.wall())}\n`);
  }

  #style(stream: NodeJS.WriteStream, width = terminalWidth(stream.columns, this.#io.env)): TextStyle {
    return chooseStyle(this.#io, stream, this.#options.noColor, width);
  }
}

/** Told with --verbose only; the log gets it anyway. */
function isDetail({ type }: Message): boolean {
  return type === "file" || type === "concurrency";
}

/** How text is dressed for this stream. */
export function chooseStyle(io: Io, stream: NodeJS.WriteStream, noColor: boolean, width: number): TextStyle {
  const facts = streamFacts(io, stream);
  return {
    width: facts.isTTY ? width : Number.POSITIVE_INFINITY,
    unicode: usesUnicode(facts),
    color: usesColor(noColor ? "never" : "auto", facts),
  };
}

function streamFacts(io: Io, stream: NodeJS.WriteStream) {
  return { isTTY: stream.isTTY, env: io.env, platform: process.platform };
}
