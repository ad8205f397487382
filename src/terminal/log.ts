import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { filePlace, toWriteError } from "../files/files.ts";
import { KEPT_LOGS as KEPT } from "../core/log-paths.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import { type Message, toJsonLine } from "../report/report.ts";

const ROTATE_BYTES = 50 * 2 ** 20;

/** How each line of a log begins: what begins otherwise is none. */
const BEGINNING = '{"level":';

export interface Log {
  /** @throws what the system says when it takes no more, such as a full disk; it is to be closed then */
  write(message: Message): void;
  close(): void;
}

/**
 * A log of the messages, JSON lines by pino, written at once (an asynchronous log loses its last lines on a kill),
 * mode 0600. At 50 MiB it is renamed to `FILE.1`, `FILE.1` to `FILE.2` and so on, five of them. It is appended to a log
 * that is there, never to another file.
 *
 * @throws ReuploadError `output-unwritable`
 */
export async function openLog(given: string, surroundings: Surroundings): Promise<Log> {
  const { pino } = await import("pino");
  let destination: ReturnType<typeof pino.destination>;
  let path: string;
  try {
    mkdirSync(dirname(given), { recursive: true });
    path = filePlace(given);
    refuseForeign(path);
    destination = pino.destination({ dest: path, sync: true, mode: 0o600 });
  } catch (thrown) {
    throw toWriteError(thrown, `the log ${given}`);
  }
  let bytes = statSync(path).size;
  // Told before the write returns, as all of it is synchronous.
  let failure: Error | undefined;
  destination.on("error", (error: Error) => {
    failure = error;
  });
  const logger = pino({ base: { pid: process.pid }, timestamp: false, level: "debug" }, destination);
  return {
    write(message) {
      const line = JSON.parse(toJsonLine(message, surroundings.wall())) as Record<string, unknown>;
      logger[logLevel(message)](line);
      if (failure !== undefined) throw failure;
      bytes += JSON.stringify(line).length;
      if (bytes < ROTATE_BYTES) return;
      rotate(path);
      destination.reopen();
      bytes = 0;
    },
    close() {
      // What a full disk did not take would be tried again, now and when the process ends.
      if (failure === undefined) destination.end();
      else destination.destroy();
    },
  };
}

/** @throws ReuploadError `output-unwritable` when there is a file that is no log */
function refuseForeign(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(BEGINNING.length);
    const read = readSync(file, head, 0, head.length, 0);
    if (head.toString("utf8", 0, read) === BEGINNING.slice(0, read)) return;
  } finally {
    closeSync(file);
  }
  throw new ReuploadError("output-unwritable", `${path} exists and is not a log of reupload`, {
    advice: "Give another path with --log-file.",
  });
}

function logLevel(message: Message): "debug" | "info" | "warn" | "error" {
  if (message.type === "concurrency") return "debug";
  if (message.type === "error" || (message.type === "file" && message.outcome === "failed")) return "error";
  if (message.type === "thread-ended") return "warn";
  if (message.type === "waiting" || (message.type === "notice" && message.level === "warning")) return "warn";
  return "info";
}

function rotate(path: string): void {
  for (let number = KEPT - 1; number >= 1; number--) {
    try {
      renameSync(`${path}.${number}`, `${path}.${number + 1}`);
    } catch {
      // There is none of this number yet.
    }
  }
  renameSync(path, `${path}.1`);
}
