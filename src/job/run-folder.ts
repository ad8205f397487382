/** The runs whose states are in one folder: finds them, and removes finished ones. */
import { closeSync, existsSync, openSync, readdirSync, readSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { FleetWatch } from "../progress/fleet.ts";
import type { FolderState, FolderStates } from "../report/folder-states.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import { STATE_COMPANION_ENDINGS, STATES } from "../state/wiring.ts";
import { stateStem } from "./command-files.ts";
import { absolutePath, type Place } from "./states.ts";

/** What every SQLite file begins with: others are not even opened by SQLite. */
const SQLITE_HEAD = "SQLite format 3\0";

/**
 * Looks at each file of the folder, not at those of folders in it. Files that are no states are passed over; a state that
 * cannot be read is told with the reason.
 *
 * @throws ReuploadError `usage` when there is no such folder
 */
export async function findRuns(
  folder: string,
  place: Place & { readonly surroundings: Surroundings },
): Promise<FolderStates> {
  const path = absolutePath(folder, place);
  const names = listFiles(path, folder);
  const states: FolderState[] = [];
  for (const name of names) {
    const state = await lookAtState(join(path, name), name);
    if (state !== undefined) states.push(state);
  }
  states.sort((a, b) => lastSign(b) - lastSign(a));
  return { folder, time: place.surroundings.wall(), states };
}

/** What was removed, and what of its run is still there. */
export interface RemovedRun {
  readonly name: string;
  readonly left: readonly string[];
}

/**
 * Removes states that are finished, with what was made from them. All of them are looked at before the first is
 * removed. Lists of rejected rows and the emulator's data stay.
 *
 * @throws ReuploadError `usage` for a name that is no state of the folder, `state-unfinished`, `state-locked`
 */
export function removeRuns(found: FolderStates, names: readonly string[], place: Place): RemovedRun[] {
  const chosen = names.map((name) => requireFinished(found, name));
  const folder = absolutePath(found.folder, place);
  return chosen.map(({ name }) => {
    const path = join(folder, name);
    STATES.discard(path);
    const stem = stateStem(path);
    rmSync(`${stem}.listing-index`, { force: true });
    const others = [".rejected.csv", ".listing-rejected.csv", ".emulator"].map((ending) => stem + ending);
    return { name, left: others.filter((other) => existsSync(other)).map((other) => basename(other)) };
  });
}

function requireFinished({ folder, states }: FolderStates, name: string): FolderState {
  const state = states.find((one) => one.name === name);
  if (state === undefined) {
    throw new ReuploadError("usage", `${folder} has no state with the name ${name}.`, {
      advice: "Give the name of a state as `reupload states FOLDER` lists it.",
    });
  }
  if (state.kind === "unreadable") {
    throw new ReuploadError("state-unfinished", `${name} is not known to be finished: ${state.problem}`);
  }
  const { writer, exitCode, progress } = state.machine;
  if (writer.kind === "running") {
    throw new ReuploadError("state-locked", `process ${writer.pid} works on ${name}`);
  }
  const isFinished = exitCode === EXIT.done || exitCode === EXIT.finishedWithFailures;
  if (isFinished && progress.workItems.left === 0) return state;
  throw new ReuploadError(
    "state-unfinished",
    `${name} is not finished: ${progress.workItems.left} of ${progress.workItems.total} work items are left`,
  );
}

function listFiles(path: string, given: string): string[] {
  try {
    const files = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map(({ name }) => name).filter((name) => !isCompanion(name));
  } catch (error) {
    throw new ReuploadError("usage", `cannot read the folder ${given}: ${errorMessageText(error)}`, {
      advice: "Give the folder that contains the states.",
      cause: error,
    });
  }
}

function isCompanion(name: string): boolean {
  return STATE_COMPANION_ENDINGS.some((ending) => name.endsWith(ending));
}

/** undefined: no state, or one whose CSV was never loaded. */
async function lookAtState(path: string, name: string): Promise<FolderState | undefined> {
  try {
    if (!isSqlite(path)) return undefined;
    const bytes = statSync(path).size;
    if ((await STATES.inspect(path)) === undefined) return undefined;
    const reader = await STATES.read(path);
    const reading = await reader.read();
    reader.close();
    const [machine] = new FleetWatch(0, [{ stateDb: name, reading }]).view().machines;
    return machine && { kind: "run", name, bytes, machine };
  } catch (error) {
    if (error instanceof ReuploadError && error.code === "state-foreign") return undefined;
    return {
      kind: "unreadable",
      name,
      bytes: 0,
      problem: errorMessageText(error),
      isOriginal: isOriginal(error),
    };
  }
}

function isOriginal(error: unknown): boolean {
  return error instanceof ReuploadError && error.code === "state-original-tool";
}

function isSqlite(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(SQLITE_HEAD.length);
    return readSync(file, head) === head.length && head.toString("latin1") === SQLITE_HEAD;
  } finally {
    closeSync(file);
  }
}

/** ms since the epoch; unreadable ones last. */
function lastSign(state: FolderState): number {
  if (state.kind === "unreadable") return 0;
  const { writer } = state.machine;
  return writer.kind === "running" ? Infinity : writer.at;
}
