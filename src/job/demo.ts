/** The demo's folder, emulator and input, for the commands that are shown on them. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import {
  addMissing,
  type DemoInput,
  type DemoKusto,
  type DemoMachine,
  type DemoScale,
  makeDemoInput,
  noteKept,
  runDemoMachines,
  startDemoKusto,
  stopKept,
} from "../demo/demo.ts";
import { type Emulator, startEmulator } from "../emulator/emulator.ts";
import { createUnlessThere } from "../files/files.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

export { addMissing, type DemoInput, type DemoKusto, type DemoMachine, runDemoMachines, stopKept };

/** A file that marks a folder as a demo's: another one is not ours to clear. */
const MARKER = ".reupload-demo";

export interface DemoOptions {
  readonly surroundings: Surroundings;
  /** Absolute; cleared when an earlier demo made it. */
  readonly folder: string;
  /** The emulator may outlive this process, see `keep`. */
  readonly mayKeep: boolean;
  /** Ends the preparation. */
  readonly signal: AbortSignal;
  /** What differs from the full demo. */
  readonly scale?: Partial<DemoScale>;
  /** Told before each step of the preparation. */
  readonly onStep: (step: "emulator" | "input") => void;
}

/** A demo that is ready to be run on. Its end stops the emulator, unless it is kept. */
export class Demo implements AsyncDisposable {
  readonly input: DemoInput;
  readonly #options: DemoOptions;
  readonly #emulator: Emulator;
  #isKept = false;

  private constructor(options: DemoOptions, emulator: Emulator, input: DemoInput) {
    this.#options = options;
    this.#emulator = emulator;
    this.input = input;
  }

  /**
   * Clears the folder, starts the emulator and fills it.
   *
   * @throws ReuploadError `output-unwritable` when the folder is not a demo's, those of `startEmulator` and
   * `makeDemoInput`; the signal's reason
   */
  static async prepare(options: DemoOptions): Promise<Demo> {
    const { surroundings, folder, signal, mayKeep, scale, onStep } = options;
    prepareFolder(folder);
    onStep("emulator");
    const emulator = await startEmulator({ surroundings, signal, detached: mayKeep });
    try {
      onStep("input");
      const { connectionString } = emulator;
      const made = { surroundings, connectionString, folder, signal };
      const input = await makeDemoInput(scale === undefined ? made : { ...made, scale });
      return new Demo(options, emulator, input);
    } catch (thrown) {
      await emulator.stop();
      throw thrown;
    }
  }

  /** Holds the emulator's key, which is published. */
  get connectionString(): string {
    return this.#emulator.connectionString;
  }

  /** Starts a stand-in for Azure Data Explorer that knows the input. @throws the signal's reason */
  async startKusto(): Promise<DemoKusto> {
    const { surroundings, signal } = this.#options;
    return startDemoKusto(surroundings, this.input, signal);
  }

  /** Lets the emulator outlive this process, and notes in the folder how it is reached and stopped. */
  keep(): void {
    noteKept(this.#options.folder, this.#emulator, this.input);
    this.#isKept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isKept) await this.#emulator.stop();
  }
}

function prepareFolder(folder: string): void {
  if (existsSync(folder)) {
    if (!existsSync(join(folder, MARKER))) {
      throw new ReuploadError("output-unwritable", `The folder ${folder} exists, but no demo made it.`, {
        advice: "Give another folder with --dir.",
      });
    }
    rmSync(folder, { recursive: true });
  }
  mkdirSync(folder, { recursive: true });
  createUnlessThere(join(folder, MARKER));
}
