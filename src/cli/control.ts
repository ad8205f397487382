/** `reupload control`: asks running processes for something. */
import { collect } from "../config/config.ts";
import { parseLimits } from "../config/limit-changes.ts";
import { type ControlRequest, LIMIT_NAMES, type LimitTexts } from "../core/control-request.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { controlStates } from "../job/control.ts";
import { absolutePath, findStatePaths } from "../job/states.ts";
import { type ControlReport, controlJson, jsonText } from "../report/report.ts";
import { controlText } from "../terminal/control-text.ts";
import { type Io, printLines, writeLines } from "../terminal/io.ts";
import { accountRequest } from "./account-run.ts";
import { parseOutput } from "./options.ts";
import type { RunFlags } from "./session.ts";
import { listenForStop } from "./stop-signals.ts";

export interface ControlArguments {
  readonly verb: string | undefined;
  readonly ids: readonly string[];
  readonly stateDb: readonly string[] | undefined;
  readonly jobId: string | undefined;
  readonly output: string | undefined;
  readonly limits: LimitTexts;
  /** Given when all machines of a run are meant. */
  readonly account: { readonly flags: RunFlags; readonly runId: string | undefined } | undefined;
}

/** @returns the worst result's code @throws ReuploadError */
export async function control(given: ControlArguments, io: Io): Promise<ExitCode> {
  const isJson = parseOutput(given.output) === "json";
  const requests = readRequests(given);
  const report = await (given.account === undefined
    ? controlStates(findStates(given.stateDb, io), requests, io.surroundings)
    : controlAll(given.account, requests, io));
  if (isJson) await writeLines(io, [jsonText(controlJson(report))]);
  else await printLines(io, controlText(report));
  return report.exitCode;
}

function findStates(given: readonly string[] | undefined, io: Io) {
  return findStatePaths(given, io).map((stateDb) => ({ stateDb, location: absolutePath(stateDb, io) }));
}

async function controlAll(
  { flags, runId }: NonNullable<ControlArguments["account"]>,
  requests: readonly ControlRequest[],
  io: Io,
): Promise<ControlReport> {
  const { controlRun } = await import("../job/control-run.ts");
  const stop = listenForStop(io);
  try {
    const given = collect(flags, io.env, io.cwd);
    return await controlRun(
      accountRequest(given, runId, io, { signal: stop.signal, isQuiet: false }),
      requests,
    );
  } finally {
    stop.dispose();
  }
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
