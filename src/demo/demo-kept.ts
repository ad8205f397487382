/** What `demo --keep` leaves behind, and how it is used and stopped later. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { addMissingBlob, type DemoInput, type MissingBlob } from "./demo-input.ts";
import type { Emulator } from "../emulator/emulator.ts";
import { writeNewSync } from "../files/files.ts";
import { abortAfter, type Surroundings } from "../surroundings/surroundings.ts";

interface Kept {
  readonly pid: number;
  readonly blobEndpoint: string;
  readonly missing: MissingBlob;
}

/** Notes what is needed later; the files hold a key and a SAS (of the emulator) and are the user's alone. */
export function noteKept(folder: string, emulator: Emulator, input: DemoInput): void {
  const { pid, blobEndpoint, connectionString } = emulator;
  const kept: Kept = { pid, blobEndpoint, missing: input.missing };
  writeNewSync(join(folder, "kept.json"), JSON.stringify(kept));
  const line = `export AZURE_STORAGE_CONNECTION_STRING='${connectionString}'\n`;
  writeNewSync(join(folder, "env.sh"), line);
}

/** Puts the missing blob where the listing says. @throws ReuploadError `usage` when no kept demo runs */
export async function addMissing(
  surroundings: Surroundings,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const kept = readKept(folder);
  if (kept === undefined || !(await answers(surroundings, kept, signal))) {
    throw new ReuploadError("usage", `No kept demo is running in ${folder}.`, {
      advice: "Start one: npm run demo -- --keep",
    });
  }
  await addMissingBlob(kept.missing, { signal });
}

/** Stops the emulator of a kept demo; gives whether there was one. */
export async function stopKept(
  surroundings: Surroundings,
  folder: string,
  signal: AbortSignal,
): Promise<boolean> {
  const kept = readKept(folder);
  // The process id may be another's by now: only an emulator that answers is stopped.
  if (kept === undefined || !(await answers(surroundings, kept, signal))) return false;
  process.kill(kept.pid, "SIGTERM");
  return true;
}

function readKept(folder: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "kept.json"), "utf8")) as Kept;
  } catch {
    return undefined;
  }
}

async function answers(
  surroundings: Surroundings,
  { blobEndpoint }: Kept,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const response = await fetch(blobEndpoint, {
      signal: AbortSignal.any([signal, abortAfter(surroundings, 5000)]),
    });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
