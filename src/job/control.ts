/** Asks the processes that work on states for something, and says what became of it. */
import { hostname, userInfo } from "node:os";
import { type ControlRequest, describeRequest, isForWorkItem } from "../core/control-request.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { ControlReport, ControlResult } from "../report/control-report.ts";
import { DESK, STATES } from "../state/wiring.ts";
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";
import { rearrangedAnswer } from "./rearranged-text.ts";

/** How long an answer is waited for, ms, and how often it is looked for. */
const ANSWER_MS = 10_000;
const LOOK_MS = 100;
const NEVER = new AbortController().signal;

/** What is worst first: a process that does not answer, nobody there, a request that does not apply. */
const CODES: readonly (readonly [ControlResult["outcome"], ExitCode])[] = [
  ["no-answer", EXIT.unavailable],
  ["nobody", EXIT.refused],
  ["not-taken", EXIT.finishedWithFailures],
];

/**
 * Has each state's process take the requests, one after the other. Where no process works on a state, only what lasts
 * is changed.
 *
 * @param states as the operator named them, and where they are
 * @throws ReuploadError those of `OperatorDesk`
 */
export async function controlStates(
  states: readonly { readonly stateDb: string; readonly location: string }[],
  requests: readonly ControlRequest[],
  surroundings: Surroundings,
): Promise<ControlReport> {
  const perState = await Promise.all(
    states.map(async ({ stateDb, location }) => {
      const results: ControlResult[] = [];
      for (const request of requests) {
        const outcome = await controlState(location, request, surroundings);
        results.push({ place: stateDb, request: describeRequest(request), ...outcome });
      }
      return results;
    }),
  );
  return controlReport(perState.flat());
}

/** The report, with the worst result's exit code. */
export function controlReport(results: readonly ControlResult[]): ControlReport {
  const worst = CODES.find(([outcome]) => results.some((result) => result.outcome === outcome));
  return { results, exitCode: worst?.[1] ?? EXIT.done };
}

async function controlState(
  location: string,
  request: ControlRequest,
  surroundings: Surroundings,
): Promise<Pick<ControlResult, "outcome" | "text">> {
  const asked = await DESK.ask(location, request, describeOperator());
  if (asked === undefined) return changeAtRest(location, request);
  const late = surroundings.monotonic() + ANSWER_MS;
  while (surroundings.monotonic() < late) {
    const answer = await DESK.answer(location, asked);
    if (answer !== undefined) return { outcome: answer.taken ? "taken" : "not-taken", text: answer.text };
    await sleep(surroundings, LOOK_MS, NEVER);
    if (!(await isAtWork(location))) break;
  }
  // It may have answered with its last breath.
  const answer = await DESK.answer(location, asked);
  if (answer !== undefined) return { outcome: answer.taken ? "taken" : "not-taken", text: answer.text };
  if (!(await isAtWork(location))) return changeAtRest(location, request);
  const text = `the process did not answer within ${ANSWER_MS / 1000} s; it may still take the request`;
  return { outcome: "no-answer", text };
}

async function isAtWork(location: string): Promise<boolean> {
  const reader = await STATES.read(location);
  const { writer } = await reader.read();
  reader.close();
  return writer.kind === "running";
}

async function changeAtRest(
  location: string,
  request: ControlRequest,
): Promise<Pick<ControlResult, "outcome" | "text">> {
  const nobody = "no process works on this state, so nobody listens";
  if (!isForWorkItem(request)) return { outcome: "nobody", text: nobody };
  const { taken, text } = rearrangedAnswer(request, await DESK.rearrange(location, request));
  return { outcome: taken ? "changed" : "not-taken", text: `${text} (${nobody}; it is kept in the state)` };
}

/** Who asks, for logs: `user@machine-1, process 4711`. */
export function describeOperator(): string {
  return `${userName()}@${hostname()}, process ${process.pid}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "somebody";
  }
}
