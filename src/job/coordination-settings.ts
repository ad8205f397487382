/** What of a run's settings all of its machines must have alike. */
import type { RunSettings } from "../config/run-options.ts";

/** A run that is one whole, or that was told not to, knows nothing of other machines. */
export function isCoordinated({ totalPartitions, coordination }: RunSettings): boolean {
  return coordination && totalPartitions !== undefined && totalPartitions > 1;
}

/** The rules of conflicts and names, by their flags. */
export function runRules(settings: RunSettings): Readonly<Record<string, string>> {
  return {
    "--on-conflict": settings.onConflict,
    "--on-collision": settings.onCollision,
    "--on-empty": settings.onEmpty,
    "--announce-existing": settings.announceExisting,
    "--content-type": settings.contentType,
  };
}
