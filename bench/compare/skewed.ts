/** How long work items of very different sizes take, beside the least that latency and slots allow. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeRunInput } from "../support/run-input.ts";
import { KIB } from "./cells.ts";
import { sourceContainer } from "./contestants/contestant.ts";
import { concurrency, REUPLOAD } from "./contestants/reupload.ts";
import { zipf } from "../support/zipf.ts";
import { type Place, type Run, runOnce } from "./run-once.ts";

const BYTES = 16 * KIB;
const LATENCY_MS = 20;
/** The copy, then the announcement. */
const REQUESTS_A_FILE = 2;

export interface Skewed {
  readonly files: number;
  readonly workItems: number;
  /** Of the largest. */
  readonly largest: number;
  readonly slots: number;
  readonly latencyMs: number;
  /** Service times of all requests, divided among the slots, s. */
  readonly boundSeconds: number;
  readonly runs: readonly Run[];
}

/** Runs reupload on work items whose sizes follow Zipf's law, the largest last, where its tail is hardest to fill. */
export async function runSkewed(
  place: Place,
  { files, workItems, slots }: { readonly files: number; readonly workItems: number; readonly slots: number },
  rounds: number,
  say: (line: string) => void,
): Promise<Skewed> {
  const input = join(place.folder, "skewed");
  await mkdir(input, { recursive: true });
  const filesOf = zipf(files, workItems).toReversed();
  await writeRunInput(input, { filesOf, source: `${place.service.blobEndpoint}/${sourceContainer(BYTES)}` });
  await place.simulator.control({ latency: LATENCY_MS, "account-rate": 0, "queue-rate": 0 });
  const boundSeconds = (files * REQUESTS_A_FILE * LATENCY_MS) / 1_000 / slots;
  const setting = concurrency(slots);
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    const run = await runOnce(REUPLOAD, setting, place, { way: "server", bytes: BYTES, files, input });
    runs.push(run);
    const ratio = (run.seconds / boundSeconds).toFixed(2);
    const failed = run.failure === undefined ? "" : `, FAILED: ${run.failure}`;
    say(
      `  run  ${slots} slots: ${files} files in ${run.seconds.toFixed(1)} s, bound ${boundSeconds.toFixed(1)} s, ${ratio}${failed}`,
    );
  }
  const largest = filesOf.at(-1) ?? 0;
  return { files, workItems, largest, slots, latencyMs: LATENCY_MS, boundSeconds, runs };
}
