/** What `monitor` and `status` have in common when they look at a run by the account. */
import { isAbsolute, resolve as resolvePath } from "node:path";
import { collect, type Given } from "../config/config.ts";
import type { AccountRunRequest } from "../job/account-run.ts";
import { looksAtAccount } from "../job/looked-at.ts";
import { type Io, printLine } from "../terminal/io.ts";
import type { RunFlags } from "./session.ts";

export interface AccountArguments {
  readonly stateDb?: readonly string[];
  /** Options of `run` that stand on the command line. */
  readonly flags?: RunFlags;
  /** `--run` */
  readonly runId?: string | undefined;
}

/** Which of them name a run. */
const NAMES_RUN = ["target", "csv", "coordinationContainer"] as const;

/** Whether the command line means a run of the account, and no state of this machine. */
export function namesRun({ flags = {}, runId }: Pick<AccountArguments, "flags" | "runId">): boolean {
  return runId !== undefined || NAMES_RUN.some((name) => flags[name] !== undefined);
}

/** @returns undefined when states are to be looked at @throws ReuploadError what is wrong with the configuration */
export function accountRunGiven(
  { stateDb = [], flags = {}, runId }: AccountArguments,
  io: Io,
): Given | undefined {
  const given = collect(flags, io.env, io.cwd);
  const looked = { states: stateDb, namesRun: namesRun({ flags, runId }) };
  return looksAtAccount(looked, given, io) ? given : undefined;
}

/** @param isQuiet nobody reads what is told beside the result */
export function accountRequest(
  given: Given,
  runId: string | undefined,
  io: Io,
  { signal, isQuiet }: { readonly signal: AbortSignal; readonly isQuiet: boolean },
): AccountRunRequest {
  return {
    given,
    runId,
    env: io.env,
    surroundings: io.surroundings,
    stdin: io.stdin,
    path: (path) => (isAbsolute(path) ? path : resolvePath(io.cwd, path)),
    prompt: {
      isPersonThere: !isQuiet && io.stdin.isTTY && io.stderr.isTTY,
      notice: (_level, message) => printLine(io.stderr, message),
      signal,
    },
  };
}
