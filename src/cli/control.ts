/** `reupload control`: asks running processes for something. */
import { parseLimits } from "../config/limit-changes.ts";
import { type ControlRequest, LIMIT_NAMES, type LimitTexts } from "../core/control-request.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { controlStates } from "../job/control.ts";
import { absolutePath, findStatePaths } from "../job/states.ts";
import { controlJson, jsonText } from "../report/report.ts";
import { controlText } from "../terminal/control-text.ts";
import { type Io, printLines, writeLines } from "../terminal/io.ts";
import { parseOutput } from "./options.ts";

export interface ControlArguments {
  readonly verb: string | undefined;
  readonly ids: readonly string[];
  readonly stateDb: readonly string[] | undefined;
  readonly jobId: string | undefined;
  readonly output: string | undefined;
  readonly limits: LimitTexts;
}

/** @returns the worst result's code @throws ReuploadError */
export async function control(given: ControlArguments, io: Io): Promise<ExitCode> {
  const isJson = parseOutput(given.output) === "json";
  const requests = readRequests(given);
  const states = findStatePaths(given.stateDb, io).map((stateDb) => {
    return { stateDb, location: absolutePath(stateDb, io) };
  });
  const report = await controlStates(states, requests, io.surroundings);
  if (isJson) await writeLines(io, [jsonText(controlJson(report))]);
  else await printLines(io, controlText(report));
  return report.exitCode;
}

/** The limits first, then what the verb says. @throws ReuploadError `usage`, `bad-option` */
function readRequests({ verb, ids, jobId, limits }: ControlArguments): ControlRequest[] {
  parseLimits(limits);
  const isLimited = LIMIT_NAMES.some((name) => limits[name] !== undefined);
  if (verb === undefined && !isLimited) {
    throw new ReuploadError("usage", "Nothing is asked.", { advice: "See `reupload control --help`." });
  }
  const changes: ControlRequest[] = isLimited ? [{ kind: "limits", limits }] : [];
  return verb === undefined ? changes : [...changes, ...readVerb(verb, ids, jobId)];
}

function readVerb(verb: string, ids: readonly string[], jobId: string | undefined): ControlRequest[] {
  if (verb === "pause" || verb === "continue" || verb === "drain") {
    if (ids.length === 0) return [{ kind: verb }];
    throw new ReuploadError("usage", `${verb} takes no work item, but ${ids[0]} is given.`);
  }
  if (verb === "bump" || verb === "skip" || verb === "reset") {
    if (ids.length > 0) return ids.map((workItemId) => ({ kind: verb, workItemId, jobId }));
    throw new ReuploadError("usage", `${verb} needs the id of a work item.`);
  }
  throw new ReuploadError("usage", `Unknown request: ${verb}.`, {
    advice:
      "Give pause, continue, drain, bump ID, skip ID or reset ID, or a limit such as --max-requests 500/s.",
  });
}
