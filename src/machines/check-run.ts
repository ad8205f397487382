/** What forbids a start is told before it creates anything: a look that writes nothing. */
import { isRefusal } from "./coordination-account.ts";
import { type ManifestContext, readManifest } from "./generation.ts";
import type { RunSettings } from "./manifest.ts";
import { checkSettings } from "./start-fixed.ts";

export interface CheckedStart extends ManifestContext {
  readonly settings: RunSettings;
  /** Any number of partitions is right, as long as they are taken as they get free. */
  readonly anyTotal?: boolean;
  /** `--repartition` divides the run anew. */
  readonly spread: unknown;
  /** A run of the whole CSV with a new state: it takes over nothing of an earlier one. */
  readonly beginsAgain?: boolean;
}

/**
 * Compares the settings with those of the run, when there is one. The guard that follows looks again.
 *
 * @throws ReuploadError `run-differs`, `coordination-damaged`; what `untilAnswered` throws
 */
export async function checkRun(start: CheckedStart, signal: AbortSignal): Promise<void> {
  const { settings, anyTotal = false, beginsAgain = false, spread } = start;
  if (spread !== undefined) return;
  const found = await readManifest(start, signal).catch((thrown: unknown) => {
    // The container is missing or may not be used: the guard tells, or makes it.
    if (isRefusal(thrown)) return undefined;
    throw thrown;
  });
  if (found === undefined || found.manifest.state === "opening") return;
  const { manifest } = found;
  if (beginsAgain && (manifest.state === "closed" || manifest.totalPartitions === 1)) return;
  const isOther = anyTotal && manifest.mode === settings.mode;
  checkSettings(manifest, isOther ? { ...settings, totalPartitions: manifest.totalPartitions } : settings);
}
