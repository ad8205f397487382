/**
 * Which of the catalog's files a run takes: patterns for names, bounds for times and sizes. What is left out is counted
 * and told, never forgotten. The same values mean the same files on every machine and in every start.
 */

/** A moment, or a time before the run began. */
export type Moment =
  | { readonly kind: "at"; /** ms since the epoch */ readonly at: number }
  | { readonly kind: "ago"; readonly ms: number };

export interface FileFilter {
  /** A file is taken when its name matches one of them; all files when there is none. */
  readonly include: readonly string[];
  /** A file whose name matches one of them is left out, whatever `include` says. */
  readonly exclude: readonly string[];
  /** Modified after it. */
  readonly newerThan?: Moment | undefined;
  /** Modified then, or before. */
  readonly olderThan?: Moment | undefined;
  /** More bytes than this. */
  readonly largerThan?: number | undefined;
  /** So many bytes, or fewer. */
  readonly smallerThan?: number | undefined;
}

/** What a filter looks at. */
export interface FileTraits {
  /** Name within the work item. */
  readonly fileName: string;
  /** Bytes, where the catalog knows them. */
  readonly length?: number | undefined;
  /** ms since the epoch, where the catalog knows it. */
  readonly modifiedAt?: number | undefined;
}

/** Whether the file is taken. */
export type FileChoice = (file: FileTraits) => boolean;

/** The options of a filter, in the order in which they are told. */
export const FILTER_FLAGS = [
  "--include",
  "--exclude",
  "--newer-than",
  "--older-than",
  "--larger-than",
  "--smaller-than",
] as const;

/** Which options of a filter need a catalog that knows times and sizes, by their flags; empty when it has none. */
export function boundFlags({ newerThan, olderThan, largerThan, smallerThan }: FileFilter): string[] {
  const bounds = {
    "--newer-than": newerThan,
    "--older-than": olderThan,
    "--larger-than": largerThan,
    "--smaller-than": smallerThan,
  };
  return Object.entries(bounds).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
}

/** The moment as ms since the epoch. @param began when the run began, ms since the epoch */
export function momentAt(moment: Moment, began: number): number {
  return moment.kind === "at" ? moment.at : began - moment.ms;
}

/**
 * The filter by its options, one by one: the same for the same filter, whatever the order of its patterns and the
 * spelling of its values. Empty for a filter that takes everything.
 *
 * @param began when the run began, ms since the epoch: times before it are told as moments; undefined: as they are
 */
export function filterRules(filter: FileFilter, began?: number): Readonly<Record<string, string>> {
  const { include, exclude, largerThan, smallerThan } = filter;
  const fixed = (moment: Moment | undefined) =>
    moment === undefined || began === undefined
      ? moment
      : { kind: "at" as const, at: momentAt(moment, began) };
  const [newerThan, olderThan] = [fixed(filter.newerThan), fixed(filter.olderThan)];
  const rules: [string, string | undefined][] = [
    ["--include", patternsText(include)],
    ["--exclude", patternsText(exclude)],
    ["--newer-than", newerThan && momentText(newerThan)],
    ["--older-than", olderThan && momentText(olderThan)],
    ["--larger-than", largerThan === undefined ? undefined : sizeText(largerThan)],
    ["--smaller-than", smallerThan === undefined ? undefined : sizeText(smallerThan)],
  ];
  return Object.fromEntries(rules.flatMap(([flag, text]) => (text === undefined ? [] : [[flag, text]])));
}

/** The same on one line, as part of the run's identity: `--exclude "*.tmp" --newer-than 7d`; undefined: no filter. */
export function filterText({ include, exclude, ...bounds }: FileFilter): string | undefined {
  const words = [
    ...sorted(include).map((pattern) => `--include ${JSON.stringify(pattern)}`),
    ...sorted(exclude).map((pattern) => `--exclude ${JSON.stringify(pattern)}`),
    ...Object.entries(filterRules({ ...bounds, include: [], exclude: [] })).map((rule) => rule.join(" ")),
  ];
  return words.length === 0 ? undefined : words.join(" ");
}

/** Each once. */
function sorted(patterns: readonly string[]): string[] {
  return [...new Set(patterns)].sort();
}

/**
 * The filter as it is told, with the time that `7d` counts back from.
 *
 * @param text by `filterText`
 * @param began when the run began, ms since the epoch
 */
export function shownFilter(text: string, began: number): string {
  const isRelative = /--(?:newer|older)-than \d+(?:ms|[dhms])(?: |$)/.test(text);
  return isRelative ? `${text} (before ${new Date(began).toISOString()})` : text;
}

/** Quoted, as a pattern may hold anything. */
function patternsText(patterns: readonly string[]): string | undefined {
  if (patterns.length === 0) return undefined;
  return sorted(patterns)
    .map((pattern) => JSON.stringify(pattern))
    .join(" ");
}

/** As the options take it: `2026-11-01T00:00:00.000Z`, `7d`. */
export function momentText(moment: Moment): string {
  return moment.kind === "at" ? new Date(moment.at).toISOString() : agoText(moment.ms);
}

const TIME_UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

function agoText(ms: number): string {
  const [unit = "ms", size = 1] = Object.entries(TIME_UNITS).find(([, each]) => ms % each === 0) ?? [];
  return `${ms / size}${unit}`;
}

const SIZE_UNITS = { GiB: 2 ** 30, GB: 1e9, MiB: 2 ** 20, MB: 1e6, KiB: 2 ** 10, kB: 1e3, B: 1 } as const;

/** In the largest unit that leaves a whole number. */
function sizeText(bytes: number): string {
  const [unit = "B", size = 1] =
    Object.entries(SIZE_UNITS).find(([, each]) => bytes > 0 && bytes % each === 0) ?? [];
  return `${bytes / size}${unit}`;
}
