import { realpathSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { isDiskFull, ReuploadError } from "../../core/errors.ts";
import { lookAt } from "../../files/files.ts";
import type { CheckOriginalStates, ReadOriginalStates, StateInUse } from "../original-states.ts";
import { type Standing, readStanding, findUser } from "./in-use.ts";
import { MergedStates } from "./merged-states.ts";
import { checkOriginal, readColumns, openOriginal, toOriginalError } from "./open-original.ts";

export const checkOriginalStates: CheckOriginalStates = (paths) => {
  for (const path of paths) checkOriginal(path);
};

export const readOriginalStates: ReadOriginalStates = async (paths, share, { scratch, signal }) => {
  await makeScratch(scratch);
  // A state that is named twice is read once.
  const states = [...new Set(paths.map((given) => realpathSync(given)))];
  const before = states.map((path) => ({ path, standing: readStanding(path), user: findUser(path) }));
  const merged = new MergedStates(scratch, share, () => statesInUse(before));
  try {
    for (const path of states) await takeState(path, scratch, merged, signal);
    return merged;
  } catch (error) {
    await merged.close();
    throw error;
  }
};

/** Removes what a killed process left in the folder. @throws ReuploadError `output-unwritable` when it holds more */
async function makeScratch(scratch: string): Promise<void> {
  const there = lookAt(scratch);
  if (there.kind !== "nothing") {
    const names = there.kind === "other" && there.what === "a folder" ? await readdir(scratch) : undefined;
    if (names === undefined || names.some((name) => !OURS.test(name))) {
      throw new ReuploadError("output-unwritable", `cannot write ${scratch}: it already exists`, {
        advice: "Move it away. reupload needs this name for a temporary folder next to the new state.",
      });
    }
    await rm(scratch, { recursive: true, force: true });
  }
  await mkdir(scratch, { mode: 0o700 });
}

/** What is made in it. */
const OURS = /^(?:merged|copy)\.db(?:-\w+)?$/;

function statesInUse(
  before: readonly {
    readonly path: string;
    readonly standing: Standing;
    readonly user: string | undefined;
  }[],
): StateInUse[] {
  return before.flatMap(({ path, standing, user: userBefore }) => {
    const user = findUser(path) ?? userBefore;
    if (user !== undefined) return [{ path, why: `is open in ${user}` }];
    return readStanding(path) === standing ? [] : [{ path, why: "changed while it was read" }];
  });
}

async function takeState(
  path: string,
  scratch: string,
  merged: MergedStates,
  signal: AbortSignal,
): Promise<void> {
  try {
    using db = await openOriginal(path, scratch);
    // First, as they tell the job of a file that does not.
    await eachRow(db, "workitems", WORK_ITEM_COLUMNS, signal, (row) => merged.takeWorkItem(row));
    await eachRow(db, "files", FILE_COLUMNS, signal, (row) => merged.takeFile(row));
  } catch (error) {
    throw isDiskFull(error)
      ? new ReuploadError("disk-full", `No space left to read ${path}.`, {
          advice: "Free some space on the disk of the new state, then run the command again.",
          cause: error,
        })
      : toOriginalError(error, path);
  }
}

const WORK_ITEM_COLUMNS = { jobId: "job_id", workItemId: "workitem_id", status: "status" } as const;
const FILE_COLUMNS = { ...WORK_ITEM_COLUMNS, fileName: "filename", uri: "source_uri" } as const;

/** Rows before others get their turn; some 20 ms. */
const ROWS_AT_ONCE = 5000;

/** Reads a table once, whatever indexes it has; a column that is missing, or NULL, gives an empty text. */
async function eachRow<Name extends string>(
  db: DatabaseSync,
  table: "workitems" | "files",
  columns: Readonly<Record<Name, string>>,
  signal: AbortSignal,
  take: (row: Record<Name, string>) => void,
): Promise<void> {
  const there = readColumns(db, table);
  if (there.size === 0) return;
  const texts = Object.entries<string>(columns).map(([name, column]) =>
    there.has(column) ? `coalesce(CAST(${column} AS TEXT), '') AS ${name}` : `'' AS ${name}`,
  );
  let rows = 0;
  for (const row of db.prepare(`SELECT ${texts.join(", ")} FROM ${table}`).iterate()) {
    take(row as Record<Name, string>);
    if (++rows % ROWS_AT_ONCE !== 0) continue;
    await setImmediate();
    signal.throwIfAborted();
  }
}
