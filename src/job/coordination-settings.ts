/** What of a run's settings all of its machines must have alike. */
import { configKey, type RunSettings } from "../config/run-options.ts";
import { type AttributeName, describeAttributes } from "../core/blob-attributes.ts";
import { filterRules } from "../core/file-filter.ts";
import { readFilter } from "./file-filter.ts";

/** Whether the run is refused where the machines cannot know of each other. */
export function isCoordinated(settings: RunSettings): boolean {
  return settings.coordination && !isWhole(settings);
}

/** A run of the whole CSV takes part in coordination when it may: it is no reason to refuse one machine. */
export function isWhole({ totalPartitions = 1 }: RunSettings): boolean {
  return totalPartitions === 1;
}

/**
 * The rules of conflicts, names and of which files are taken, by their flags.
 *
 * @param began when the run began, ms since the epoch
 */
export function runRules(settings: RunSettings, began: number): Readonly<Record<string, string>> {
  return {
    "--on-conflict": settings.onConflict,
    "--on-collision": settings.onCollision,
    "--on-empty": settings.onEmpty,
    "--announce-existing": settings.announceExisting,
    "--content-type": settings.contentType,
    ...filterRules(readFilter(settings), began),
    ...attributeRules(settings),
  };
}

/** A default is no rule: a run that an older version began has none of them. */
function attributeRules(settings: RunSettings): Readonly<Record<string, string>> {
  const given = Object.entries(describeAttributes(settings));
  return Object.fromEntries(given.map(([name, text]) => [`--${configKey(name as AttributeName)}`, text]));
}
