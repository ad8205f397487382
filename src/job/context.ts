/** What a verb's work needs of the command that asked for it; nothing here knows a flag or a terminal. */
import type { Environment } from "../config/config.ts";
import type { ProgressView } from "../progress/progress.ts";
import type { Message } from "../report/messages.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import type { RunControl } from "./run-control.ts";

/** Where a person may be asked to sign in. */
export interface SignInPrompt {
  /** Somebody reads what is told and can answer. */
  readonly isPersonThere: boolean;
  readonly notice: (level: "info" | "warning", message: string) => void;
  readonly signal: AbortSignal;
}

/** Takes what the work has to say. */
export interface Listener {
  tell(message: Message): void;
  /** Called about once a second. */
  progress(view: ProgressView): void;
}

export interface JobContext extends SignInPrompt {
  readonly env: Environment;
  readonly surroundings: Surroundings;
  /** How the work is stopped and steered. */
  readonly control: RunControl;
  /** Ends what comes before the first file: the first request to stop aborts it. */
  readonly signal: AbortSignal;
  readonly reporter: Listener;
  /** Where `-` as a file name is read from. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The path as seen from the working folder. */
  readonly path: (path: string) => string;
  /**
   * From now on the first request to stop lets what is in flight finish, and the command says so.
   *
   * @param inFlight how much is in flight now
   */
  readonly finishes: (inFlight: () => number) => void;
}
