/** The files that a command reads and writes, by the options that bring them; see `refuseOverlap`. */
import { NEXT_ENDING } from "../files/files.ts";
import { refuseOverlap, type UsedFiles } from "../files/overlap.ts";
import { type Given, resolveOne } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { STATES } from "../state/wiring.ts";
import { logPaths } from "../core/log-paths.ts";

export { refuseOverlap, type UsedFiles };

type Named = {
  readonly [
    Name in "csv" | "files" | "kustoQuery" | "config" | "stateDb" | "logFile" | "metricsFile" | "emulator"
  ]?: RunSettings[Name] | undefined;
};

/** @param path makes a path whole */
export function commandFiles(named: Named, path: (path: string) => string): UsedFiles[] {
  const { csv, files, kustoQuery, config, stateDb, logFile, metricsFile, emulator } = named;
  const read = (option: string, name: string | undefined): UsedFiles[] =>
    name === undefined || name === "-" ? [] : [{ option, paths: [path(name)], use: "read" }];
  return [
    ...read("--csv", csv),
    ...read("--files", files),
    ...read("--kusto-query", kustoQuery),
    ...read("--config", config),
    ...(logFile === undefined
      ? []
      : [{ option: "--log-file", paths: logPaths(path(logFile)), use: "written" } as const]),
    ...(metricsFile === undefined
      ? []
      : [{ option: "--metrics-file", paths: withNext(path(metricsFile)), use: "written" } as const]),
    ...(stateDb === undefined ? [] : [stateFiles(path(stateDb), files !== undefined, emulator === true)]),
  ];
}

/** The file, and the one that becomes it. */
function withNext(path: string): string[] {
  return [path, path + NEXT_ENDING];
}

/** The files that the options of `run` name. @param path makes a path whole */
export function runFiles(given: Given, path: (path: string) => string): UsedFiles[] {
  return commandFiles(
    {
      csv: resolveOne(given, "csv"),
      files: resolveOne(given, "files"),
      kustoQuery: resolveOne(given, "kustoQuery"),
      config: resolveOne(given, "config"),
      stateDb: resolveOne(given, "stateDb"),
      emulator: resolveOne(given, "emulator"),
      metricsFile: resolveOne(given, "metricsFile"),
    },
    path,
  );
}

/** For a command that needs its state alone. */
export function stateAndConfigFiles(given: Given, path: (path: string) => string): UsedFiles[] {
  const [stateDb, config] = [resolveOne(given, "stateDb"), resolveOne(given, "config")];
  return commandFiles({ stateDb, config }, path);
}

/** A state with all that is written beside it. */
function stateFiles(state: string, hasListing: boolean, hasEmulator: boolean): UsedFiles {
  const stem = stateStem(state);
  const rejected = rejectedPath(state);
  const listing = [`${stem}.listing-index`, `${stem}.listing-rejected.csv`];
  const paths = [
    ...STATES.files(state),
    rejected,
    `${rejected}.tmp`,
    ...(hasListing ? listing.flatMap((one) => [one, `${one}.building`]) : []),
    ...(hasListing ? [`${stem}.listing-index.building-spill`, `${stem}.listing-index.fresh`] : []),
    ...(hasEmulator ? [`${stem}.emulator`] : []),
  ];
  return { option: "--state-db", paths, use: "written" };
}

/** The state's path without its ending: what files that belong to it begin with. */
export function stateStem(state: string): string {
  return state.replace(/\.(?:db|sqlite3?)$/, "");
}

/** Where the rows that a run rejects are listed, beside its state. */
export function rejectedPath(state: string): string {
  return `${stateStem(state)}.rejected.csv`;
}
