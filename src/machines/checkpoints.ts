/** The checkpoints of a run as the account has them, for who only reads. */
import { viewRun } from "./completion.ts";
import { isRefusal, type LeaseStatus } from "./coordination-account.ts";
import type { ManifestContext } from "./generation.ts";
import type { RunSettings } from "./manifest.ts";
import { untilAnswered } from "./repeated-calls.ts";

export interface StoredCheckpoint {
  readonly partition: number;
  readonly lease: LeaseStatus;
  /** As its holder wrote it; undefined when nobody has. */
  readonly body: Uint8Array | undefined;
}

export interface StoredRun {
  readonly settings: RunSettings;
  /** All partitions, by number. */
  readonly checkpoints: readonly StoredCheckpoint[];
}

/**
 * Reads the manifest, and then the records one by one.
 *
 * @returns undefined when the account knows no such run, or the container is not there
 * @throws CoordinationRefusal when it may not read; ReuploadError `coordination-damaged`; the signal's reason
 */
export async function readCheckpoints(
  context: ManifestContext,
  signal: AbortSignal,
): Promise<StoredRun | undefined> {
  const view = await viewRun(context, signal).catch((thrown: unknown) => {
    if (isRefusal(thrown, "ContainerNotFound")) return undefined;
    throw thrown;
  });
  if (view === undefined) return undefined;
  const { manifest } = view.read;
  const checkpoints: StoredCheckpoint[] = [];
  for (const { partition, lease, record } of view.partitions) {
    const name = context.names.record(manifest.generation, partition);
    const blob =
      record === undefined
        ? undefined
        : await untilAnswered(context.surroundings, signal, async (call) => context.account.read(name, call));
    const body = blob === undefined || blob.body.length === 0 ? undefined : blob.body;
    checkpoints.push({ partition, lease, body });
  }
  return { settings: manifest, checkpoints };
}
