/** The filter that a run's options ask for. */
import type { Catalog } from "../catalog/catalog.ts";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import {
  boundFlags,
  FILTER_FLAGS,
  type FileChoice,
  type FileFilter,
  filterRules,
  filterText,
} from "../core/file-filter.ts";

type FilterSettings = Pick<
  RunSettings,
  "include" | "exclude" | "newerThan" | "olderThan" | "largerThan" | "smallerThan"
>;

/** The options of which files are taken, as one filter. */
export function readFilter(settings: FilterSettings): FileFilter {
  const { include = [], exclude = [], newerThan, olderThan, largerThan, smallerThan } = settings;
  return { include, exclude, newerThan, olderThan, largerThan, smallerThan };
}

/** Refuses bounds of times and sizes for a catalog that does not know them. @throws ReuploadError `bad-option` */
export function checkBounds(
  settings: FilterSettings,
  kind: "listing" | "kusto" | "container" | "folder",
): void {
  const [flag] = boundFlags(readFilter(settings));
  if (flag === undefined || kind === "container" || kind === "folder") return;
  const what =
    flag === "--newer-than" || flag === "--older-than"
      ? "when a file was modified"
      : "how large every file is";
  const message = `${flag} needs a catalog that knows ${what}, which --catalog ${kind} does not.`;
  throw new ReuploadError("bad-option", message, {
    advice: "Use --include and --exclude, or read the files with --source-container or --source-dir.",
  });
}

/**
 * What to tell of a verification that takes other files than the run; undefined when both take the same.
 *
 * @param run the filter in the run's state, or the rules of the run as the account has them
 */
export function otherFilter(
  settings: FilterSettings,
  run: { readonly inState: string | undefined } | { readonly rules: Readonly<Record<string, string>> },
): string | undefined {
  const filter = readFilter(settings);
  const given = filterText(filter);
  const inRun = "rules" in run ? rulesText(run.rules) : run.inState;
  const same = "rules" in run ? rulesText(filterRules(filter)) : given;
  if (inRun === same) return undefined;
  return `the run takes the files of ${inRun ?? "no filter"}, this verification those of ${given ?? "no filter"}: what only one of them takes is told as missing or extra`;
}

function rulesText(rules: Readonly<Record<string, string>>): string | undefined {
  const own = FILTER_FLAGS.flatMap((flag) => (rules[flag] === undefined ? [] : [`${flag} ${rules[flag]}`]));
  return own.length === 0 ? undefined : own.join(" ");
}

/**
 * What the filter takes; undefined when that is everything.
 *
 * @param began when the run began, ms since the epoch
 */
export async function openFilter(settings: FilterSettings, began: number): Promise<FileChoice | undefined> {
  const filter = readFilter(settings);
  if (filterText(filter) === undefined) return undefined;
  // Loaded late: few runs have a filter.
  const { chooseFiles } = await import("../catalog/file-choice.ts");
  return chooseFiles(filter, began);
}

/** The catalog, without what the filter leaves out by name. @param countsByLookup as of `FilteredOptions` */
export async function filterByName(
  catalog: Catalog,
  takes: FileChoice | undefined,
  countsByLookup: boolean,
): Promise<Catalog> {
  if (takes === undefined) return catalog;
  const { filteredCatalog } = await import("../catalog/filtered-catalog.ts");
  return filteredCatalog(catalog, { takes, countsByLookup });
}
