/** `reupload doctor`: whether a run would find all that it needs. */
import { resolveOne } from "../config/config.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { doctor as lookAtEverything } from "../job/doctor/doctor.ts";
import { doctorJson, jsonText } from "../report/report.ts";
import { checkText } from "../terminal/doctor-text.ts";
import { type Io, printLine, writeLines } from "../terminal/io.ts";
import { inSession, type RunFlags, type StopWords } from "./session.ts";

const WORDS: StopWords = {
  stops: "stopping; nothing was changed",
  left: "stopped before all checks were made",
};

/** @returns 0, or the code that `run` would end with */
export async function doctor(flags: RunFlags, io: Io): Promise<ExitCode> {
  const work: Parameters<typeof inSession>[2] = async (session) => {
    const isJson = resolveOne(session.given, "output") === "json";
    const report = await lookAtEverything(session, session.given, (check) => {
      if (!isJson) for (const line of checkText(check)) printLine(io.stdout, line);
    });
    if (isJson) await writeLines(io, [jsonText(doctorJson(report))]);
    return report.exitCode;
  };
  return inSession(flags, io, work, { words: WORDS });
}
