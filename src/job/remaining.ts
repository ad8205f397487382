/** Writes the work items that are not completed, from the states of a run, as a CSV that a run reads. */
import {
  type RemainingOptions,
  type RemainingResult,
  writeRemaining as writeFromStates,
} from "../proof/proof.ts";
import { STATE_COMPANION_ENDINGS, STATES } from "../state/wiring.ts";
import { commandFiles, refuseOverlap } from "./command-files.ts";
import { type CsvPlace, inputSource } from "./distribution.ts";
import { absolutePath, OpenStates, type Place } from "./states.ts";

export type { RemainingResult };
export type FailedOnly = RemainingOptions["failedOnly"];

export interface RemainingRequest {
  /** Paths of the states, as they were given. */
  readonly states: readonly string[];
  /** The run's CSV as it was given; `-` for stdin. */
  readonly csv: string | undefined;
  /** Where the CSV goes, as it was given; `-` for stdout. */
  readonly out: string;
  readonly failedOnly: FailedOnly;
  /** Told of each process that works on one of the states now: what it completes from now on is in the CSV, too. */
  readonly onRunning: (process: RunningProcess) => void;
  /**
   * Opens the place of the CSV.
   *
   * @param companions what may follow the path of a state in the names of files that belong to it
   */
  readonly openOutput: (companions: readonly string[]) => Promise<RemainingOutput>;
  readonly signal: AbortSignal;
}

export interface RunningProcess {
  /** As it was given. */
  readonly stateDb: string;
  readonly pid: number;
}

/** Where the CSV goes. Nothing is seen of it before it is published. */
interface RemainingOutput extends AsyncDisposable {
  write(text: string): Promise<void>;
  /** Puts what was written into its place as a whole. */
  publish(): Promise<void>;
}

/**
 * Writes the CSV as a whole, or nothing of it.
 *
 * @throws ReuploadError `usage` when the CSV would be written over a file that is read, those of `StateKind.read` and of
 * `proof`, `output-unwritable`, `disk-full`; the signal's reason
 */
export async function writeRemaining(
  request: RemainingRequest,
  place: Place & CsvPlace,
): Promise<RemainingResult> {
  const { csv, failedOnly, signal } = request;
  if (request.out !== "-") refuseOutputOverlap(request, place);
  using states = await OpenStates.open(request.states, place);
  // What is unknown counts as not done: a row too many, never one too few.
  for (const { stateDb, reading } of await states.read()) {
    if (reading.writer.kind === "running") request.onRunning({ stateDb, pid: reading.writer.pid });
  }
  await using output = await request.openOutput(STATE_COMPANION_ENDINGS);
  const result = await writeFromStates(
    {
      states: states.all,
      csv: csv === undefined ? undefined : inputSource(csv, place),
      failedOnly,
      signal,
    },
    async (text) => output.write(text),
  );
  await output.publish();
  return result;
}

function refuseOutputOverlap({ states, csv, out }: RemainingRequest, place: Place): void {
  const absolute = (path: string) => absolutePath(path, place);
  refuseOverlap([
    { option: "--state-db", paths: states.flatMap((path) => STATES.files(absolute(path))), use: "read" },
    ...commandFiles({ csv }, absolute),
    { option: "--out", paths: [absolute(out)], use: "written" },
  ]);
}
