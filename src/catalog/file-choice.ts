/**
 * Whether a file passes a run's filter. A pattern without a slash is compared with the last part of the name, one with a
 * slash with the whole name, which is the path within the work item. Upper and lower case differ, on every system, and
 * names that begin with a dot are like all others.
 */
import { Minimatch, type MinimatchOptions } from "minimatch";
import { type FileChoice, type FileFilter, momentAt } from "../core/file-filter.ts";

/** The same on every system. What only shells know (`!(a)`, comments, negation) has no meaning. */
const OPTIONS: MinimatchOptions = {
  dot: true,
  nocase: false,
  nocomment: true,
  noext: true,
  nonegate: true,
  platform: "linux",
  // Names are not tidied up: what is compared is what is there.
  preserveMultipleSlashes: true,
  optimizationLevel: 0,
};

/**
 * The choice that a filter makes.
 *
 * @param began when the run began, ms since the epoch: times before it count back from there
 */
export function chooseFiles(filter: FileFilter, began: number): FileChoice {
  const { include, exclude, newerThan, olderThan, largerThan, smallerThan } = filter;
  const included = matcher(include);
  const excluded = matcher(exclude);
  const after = newerThan === undefined ? -Infinity : momentAt(newerThan, began);
  const until = olderThan === undefined ? Infinity : momentAt(olderThan, began);
  const { min, max } = { min: largerThan ?? -1, max: smallerThan ?? Infinity };
  return ({ fileName, length = 0, modifiedAt = 0 }) =>
    (include.length === 0 || included(fileName)) &&
    !excluded(fileName) &&
    modifiedAt > after &&
    modifiedAt <= until &&
    length > min &&
    length <= max;
}

/** Whether a name matches one of the patterns. */
function matcher(patterns: readonly string[]): (fileName: string) => boolean {
  const parts = patterns.map((pattern) => ({
    isPath: pattern.includes("/"),
    glob: new Minimatch(pattern.replace(/^\//, ""), OPTIONS),
  }));
  return (fileName) => {
    const last = fileName.slice(fileName.lastIndexOf("/") + 1);
    return parts.some(({ isPath, glob }) => glob.match(isPath ? fileName : last));
  };
}
