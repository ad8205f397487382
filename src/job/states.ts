/** The states that a command reads: those given with `--state-db`, or the one that `run` would use. */
import { isAbsolute, join } from "node:path";
import { collect, resolveOne } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import {
  type FleetFailures,
  fleetFailures,
  type FleetWorkItem,
  mergeSlowest,
} from "../progress/fleet-details.ts";
import { checkFit } from "../progress/progress.ts";
import type { FleetReadings, FleetView } from "../progress/fleet.ts";
import type { StateReader } from "../state/state-reader.ts";
import { STATES } from "../state/wiring.ts";
import type { Environment } from "../config/config.ts";

/** Work items in progress that are named at most. */
export const MOST_SLOWEST = 10;

/** Where a command is given. */
export interface Place {
  readonly env: Environment;
  /** Working folder. */
  readonly cwd: string;
}

/** @param given by `--state-db`; without it the environment and the configuration file are asked, as `run` does */
export function findStatePaths(given: readonly string[] | undefined, io: Place): readonly string[] {
  if (given !== undefined && given.length > 0) return given;
  return [resolveOne(collect({}, io.env, io.cwd), "stateDb")];
}

/** A path as seen from the working folder. */
export function absolutePath(path: string, io: Place): string {
  return isAbsolute(path) ? path : join(io.cwd, path);
}

interface ReadableState {
  /** As the operator gave it. */
  readonly stateDb: string;
  readonly reader: StateReader;
}

interface FleetDetails {
  readonly failures: readonly FleetFailures[];
  readonly slowest: readonly FleetWorkItem[];
}

/** States opened for reading, in the order in which they were given. */
export class OpenStates implements Disposable {
  readonly all: readonly ReadableState[];

  private constructor(all: readonly ReadableState[]) {
    this.all = all;
  }

  /** @throws ReuploadError those of `StateKind.read` */
  static async open(paths: readonly string[], io: Place): Promise<OpenStates> {
    const opened: ReadableState[] = [];
    try {
      for (const stateDb of paths) {
        opened.push({ stateDb, reader: await STATES.read(absolutePath(stateDb, io)) });
      }
    } catch (error) {
      for (const { reader } of opened) reader.close();
      throw error;
    }
    return new OpenStates(opened);
  }

  /** @throws ReuploadError `state-corrupt` */
  async read(): Promise<FleetReadings> {
    return Promise.all(
      this.all.map(async ({ stateDb, reader }) => ({ stateDb, reading: await reader.read() })),
    );
  }

  /** @throws ReuploadError `identity-mismatch` when they are not states of one run, or one is given twice */
  async refuseMismatch(): Promise<void> {
    const runs = await Promise.all(
      this.all.map(async ({ stateDb, reader }) => ({ stateDb, run: (await reader.read()).run })),
    );
    const { mismatches } = checkFit(runs);
    if (mismatches.length === 0) return;
    throw new ReuploadError(
      "identity-mismatch",
      `The states do not fit together: ${mismatches.join("; ")}.`,
      {
        advice: "Give the states of one run, each only once.",
      },
    );
  }

  /**
   * What is in no reading.
   *
   * @param most work items in progress; those of a process that died are no longer
   */
  async details({ machines, mismatches }: FleetView, most: number): Promise<FleetDetails> {
    const running = this.all.filter((_state, index) => machines[index]?.writer.kind === "running");
    const failures = this.all.map(async ({ stateDb, reader }) => ({
      stateDb,
      failures: await reader.failures(),
    }));
    return {
      failures: fleetFailures(await Promise.all(failures), mismatches.length === 0),
      slowest: mergeSlowest(
        await Promise.all(
          running.map(async ({ stateDb, reader }) => ({ stateDb, slowest: await reader.slowest(most) })),
        ),
        most,
      ),
    };
  }

  [Symbol.dispose](): void {
    for (const { reader } of this.all) reader.close();
  }
}
