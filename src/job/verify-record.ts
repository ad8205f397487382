/** What a verification knows of the run besides catalog and target: its states, or its record in the account. */
import type { RunSettings } from "../config/run-options.ts";
import { decodeCheckpoint } from "../core/checkpoint.ts";
import { giftNumber, joinFamilies, parentPartition } from "../core/sub-partition.ts";
import { BlobNames } from "../machines/blob-names.ts";
import { locateRun } from "../machines/grown-csv.ts";
import { readCheckpoints, type StoredRun } from "../machines/checkpoints.ts";
import { CoordinationRefusal } from "../machines/coordination-account.ts";
import { RestAccount } from "../machines/rest-account.ts";
import {
  distinctWorkItems,
  type PartitionProof,
  proveByCheckpoints,
  proveByStates,
  recordsOfCheckpoints,
  recordsOfStates,
  type RunRecords,
  type SurveyedRows,
} from "../proof/proof.ts";
import type { JobContext } from "./context.ts";
import type { Services } from "./services.ts";
import type { OpenStates } from "./states.ts";

export interface KnownRun {
  readonly proof: PartitionProof;
  readonly records: RunRecords;
  /** Its queues, where the account says so; partition I announces in queue I modulo their number. */
  readonly queues: readonly string[] | undefined;
}

export interface RecordRequest {
  readonly settings: RunSettings;
  readonly services: Services;
  /** Blob endpoint and container. */
  readonly target: string;
  /** Absolute. */
  readonly csv: string;
  /** undefined: none is given. */
  readonly states: OpenStates | undefined;
  /** The run as the account has it, for who has no states. */
  readonly stored: StoredRun | undefined;
}

/** The run as the account has it; undefined, when it does not know it or may not be asked. */
export async function findStoredRun(
  context: JobContext,
  { settings, services, target }: Pick<RecordRequest, "settings" | "services" | "target">,
  csvDigest: string,
): Promise<StoredRun | undefined> {
  if (!settings.coordination) return undefined;
  const { surroundings, signal } = context;
  const account = new RestAccount(services.coordination, settings.coordinationContainer);
  try {
    const { run } = await locateRun({ account, surroundings }, { target, digests: [csvDigest] }, signal);
    const names = BlobNames.forRun(run);
    return await readCheckpoints({ account, surroundings, names }, signal);
  } catch (thrown) {
    if (!(thrown instanceof CoordinationRefusal)) throw thrown;
    context.notice(
      "warning",
      `the record of the run cannot be read (HTTP ${thrown.status} ${thrown.code}): only catalog and target are compared`,
    );
    return undefined;
  }
}

/**
 * What states or account prove.
 *
 * @param rows over as many partitions as the run has
 * @returns undefined when there are neither states nor a run in the account
 * @throws ReuploadError `identity-mismatch`, `state-corrupt`, `coordination-damaged`
 */
export async function knowRun(
  context: JobContext,
  { settings, csv, states, stored }: RecordRequest,
  rows: SurveyedRows,
): Promise<KnownRun | undefined> {
  if (states !== undefined) {
    const wantsAnnouncements = settings.announce && settings.announceExisting === "always";
    return {
      proof: await proveByStates(states.all, rows, csv),
      records: await recordsOfStates(states.all, wantsAnnouncements),
      queues: undefined,
    };
  }
  if (stored === undefined) return undefined;
  const records = wholePartitions(stored);
  const workItems = distinctWorkItems({ path: csv }, rows, context.signal);
  return {
    proof: proveByCheckpoints(records, rows),
    records: await recordsOfCheckpoints(records, rows, workItems),
    queues: stored.settings.queues,
  };
}

/** With what they gave away: a work item that was given away is proved by its sub-partition. */
function wholePartitions({ checkpoints }: StoredRun) {
  const told = checkpoints.map((stored) => ({
    ...stored,
    checkpoint: stored.body === undefined ? undefined : decodeCheckpoint(stored.body),
  }));
  const joined = new Map(
    joinFamilies(told.flatMap(({ checkpoint }) => checkpoint ?? [])).map((whole) => [whole.partition, whole]),
  );
  return told
    .filter(({ partition }) => giftNumber(partition) === 0)
    .map(({ partition }) => ({
      partition,
      checkpoint: joined.get(partition),
      isHeld: told.some((one) => parentPartition(one.partition) === partition && one.lease === "leased"),
    }));
}
