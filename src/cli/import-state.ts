/** `reupload import-state`: a new state that knows what states of the original Python tool know. */
import { keptSettings, resolve } from "../config/config.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { runFiles } from "../job/command-files.ts";
import { importState as importOld, originalFiles } from "../job/import-state.ts";
import { importJson, type ImportReport, jsonText } from "../report/report.ts";
import { count } from "../terminal/format.ts";
import { importText } from "../terminal/import-text.ts";
import { type Io, printLines, writeLines } from "../terminal/io.ts";
import { wordResume } from "./next-command.ts";
import { inSession, type RunFlags, type Session, type StopWords } from "./session.ts";

const WORDS: StopWords = {
  stops: "stopping the import",
  left: "stopped: nothing was imported and no state was made; run the same command again",
};

/**
 * @param old paths of the old states
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function importState(old: readonly string[], flags: RunFlags, io: Io): Promise<ExitCode> {
  return inSession(flags, io, async (session) => importInSession(old, session), {
    words: WORDS,
    files: (given, path) => [...runFiles(given, path), originalFiles(old, path)],
  });
}

async function importInSession(old: readonly string[], session: Session): Promise<ExitCode> {
  const { given, io, path, notice } = session;
  const settings = resolve(given, {});
  const imported = await importOld(session, {
    settings,
    kept: keptSettings(given, {}, path),
    old,
    onProgress: (done, total) => notice("info", `checked ${count(done)} of ${count(total)} work items`),
  });
  const report: ImportReport = { ...imported, nextCommand: wordResume(io)(settings.stateDb) };
  if (settings.output === "json") await writeLines(io, [jsonText(importJson(report))]);
  else await printLines(io, importText(report));
  const { input, workItems, doubts } = report;
  const isWhole = input.rejected === 0 && workItems.lookupsFailed === 0 && doubts.length === 0;
  return isWhole ? EXIT.done : EXIT.finishedWithFailures;
}
