/** Several machines on the demo's input: processes of their own with `--partition auto`, of which one is killed and one joins. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { every, sleep, type Surroundings } from "../surroundings/surroundings.ts";

/** One is killed once so many files are done. */
const KILL_AFTER_FILES = 1_200;
/** Another one joins so much later, ms. */
const JOIN_AFTER_MS = 3_000;
/** How often the picture is told, ms. */
const TICK_MS = 2_000;

export interface DemoMachine {
  readonly name: string;
  /** Files that it has come to an end with. */
  files: number;
  /** Partitions of the killed one. */
  takenOver: number;
  /** undefined while it runs. */
  ending: "done" | "killed" | "failed" | undefined;
}

export interface DemoMachinesOptions {
  readonly surroundings: Surroundings;
  /** How many begin. */
  readonly count: number;
  /** The script of the command line, and its words for a machine. */
  readonly program: string;
  readonly wordsOf: (name: string) => readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Something happened, such as `machine2 is killed (kill -9)`. */
  readonly onEvent: (text: string) => void;
  /** Told every two seconds. */
  readonly onPicture: (machines: readonly DemoMachine[]) => void;
  /** Ends all of them. */
  readonly signal: AbortSignal;
}

/**
 * Runs the machines to their end.
 *
 * @returns all of them, those that joined too. @throws the signal's reason, once all processes have ended
 */
export async function runDemoMachines(options: DemoMachinesOptions): Promise<readonly DemoMachine[]> {
  return new DemoMachines(options).run();
}

class DemoMachines {
  readonly #options: DemoMachinesOptions;
  readonly #machines: DemoMachine[] = [];
  readonly #processes = new Map<DemoMachine, ChildProcess>();
  readonly #ends: Promise<void>[] = [];
  #isOneKilled = false;

  constructor(options: DemoMachinesOptions) {
    this.#options = options;
  }

  async run(): Promise<readonly DemoMachine[]> {
    const { count, surroundings, signal, onPicture } = this.#options;
    const stop = (): void => {
      for (const child of this.#processes.values()) child.kill("SIGTERM");
    };
    signal.addEventListener("abort", stop, { once: true });
    for (let at = 0; at < count; at++) this.#start();
    const endPicture = every(surroundings, TICK_MS, () => onPicture(this.#machines));
    try {
      // Some join while others end.
      for (let at = 0; at < this.#ends.length; at++) await this.#ends[at];
    } finally {
      endPicture();
      signal.removeEventListener("abort", stop);
    }
    signal.throwIfAborted();
    return this.#machines;
  }

  #start(): void {
    const { program, wordsOf, cwd, env } = this.#options;
    const machine: DemoMachine = {
      name: `machine${this.#machines.length + 1}`,
      files: 0,
      takenOver: 0,
      ending: undefined,
    };
    this.#machines.push(machine);
    const child = spawn(process.execPath, [program, ...wordsOf(machine.name)], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#processes.set(machine, child);
    this.#ends.push(this.#follow(machine, child));
  }

  async #follow(machine: DemoMachine, child: ChildProcess): Promise<void> {
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    if (child.stdout !== null) {
      for await (const line of createInterface(child.stdout)) this.#take(machine, line);
    }
    const code = await ended;
    this.#processes.delete(machine);
    machine.ending ??= code === 0 || code === 1 ? "done" : "failed";
    if (machine.ending === "failed") this.#options.onEvent(`${machine.name} ended with code ${String(code)}`);
  }

  /** One event of a machine. */
  #take(machine: DemoMachine, line: string): void {
    const event = JSON.parse(line) as { type: string; message?: string };
    if (event.type === "file") machine.files++;
    const takenOver = /^took over (\d+) partition/.exec(event.message ?? "")?.[1];
    if (takenOver !== undefined) machine.takenOver += Number(takenOver);
    const done = this.#machines.reduce((sum, { files }) => sum + files, 0);
    if (done >= KILL_AFTER_FILES && !this.#isOneKilled) {
      this.#isOneKilled = true;
      this.#ends.push(this.#killAndJoin());
    }
  }

  async #killAndJoin(): Promise<void> {
    const { surroundings, onEvent, signal } = this.#options;
    const machine = this.#machines.at(-1);
    const child = machine && this.#processes.get(machine);
    if (machine !== undefined && child !== undefined) {
      machine.ending = "killed";
      child.kill("SIGKILL");
      onEvent(`${machine.name} is killed (kill -9): its leases end in 30 s`);
    }
    await sleep(surroundings, JOIN_AFTER_MS, signal).catch(() => {});
    if (signal.aborted) return;
    this.#start();
    onEvent(`${this.#machines.at(-1)?.name ?? ""} joins`);
  }
}
