/** Older logs that are kept beside the newest one. */
export const KEPT_LOGS = 5;

/** The paths that a log may take up: its own, and `.1` to `.5` for the older ones. */
export function logPaths(path: string): string[] {
  return [path, ...Array.from({ length: KEPT_LOGS }, (_, index) => `${path}.${index + 1}`)];
}
