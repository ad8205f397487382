/** Takes what an operator asks of the running process, one request after the other, and answers each. */
import { parseLimits } from "../config/limit-changes.ts";
import {
  type ControlAnswer,
  type ControlRequest,
  describeRequest,
  isForWorkItem,
} from "../core/control-request.ts";
import { errorMessageText } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { StopRequest } from "../core/stop-request.ts";
import type { OpenState } from "../state/state-kind.ts";
import { type Cancel, every, type Surroundings } from "../surroundings/surroundings.ts";
import type { Listener } from "./context.ts";
import { rearrangedAnswer } from "./rearranged-text.ts";
import type { RunControl } from "./run-control.ts";

/** How often the state is asked for requests, ms: they are effective within two seconds. */
const LOOK_MS = 500;

/** Who pauses by a key or by `control --state-db`: the one takes back the pause of the other. */
export const OPERATOR = "the operator";

export interface Operated {
  readonly control: RunControl;
  readonly state: Pick<OpenState, "presence">;
  readonly reporter: Pick<Listener, "tell">;
  readonly surroundings: Surroundings;
}

/** Takes the requests that reach the state, until it is cancelled. */
export function listenToOperator(operated: Operated): Cancel {
  const { state, surroundings } = operated;
  let last: Promise<void> = Promise.resolve();
  return every(
    surroundings,
    LOOK_MS,
    () => {
      for (const { id, request, by } of state.presence.asked()) {
        last = last.then(async () => {
          const answer = await takeRequest(operated, request, OPERATOR, by);
          state.presence.answer(id, answer);
        });
      }
    },
    { background: true },
  );
}

/**
 * Does what is asked, and tells it. Never throws.
 *
 * @param pauser whose pause it is
 * @param by who asks, for the log
 * @param isForOthersToo what this machine knows nothing of is not told
 */
export async function takeRequest(
  operated: Operated,
  request: ControlRequest,
  pauser: string,
  by: string,
  isForOthersToo = false,
): Promise<ControlAnswer> {
  let answer: ControlAnswer & { readonly isUnknown?: boolean };
  try {
    answer = await answerTo(operated, request, pauser);
  } catch (thrown) {
    answer = { taken: false, text: errorMessageText(thrown) };
  }
  const { taken, text, isUnknown = false } = answer;
  if (!(isForOthersToo && isUnknown)) {
    operated.reporter.tell({ type: "control", request: describeRequest(request), by, taken, text });
  }
  return { taken, text };
}

async function answerTo(
  { control, state }: Operated,
  request: ControlRequest,
  pauser: string,
): Promise<ControlAnswer & { readonly isUnknown?: boolean }> {
  if (request.kind === "skip") control.giveBack(request);
  if (isForWorkItem(request)) {
    const result = await state.presence.rearrange(request);
    return { ...rearrangedAnswer(request, result), isUnknown: result.kind === "unknown" };
  }
  if (control.draining.aborted) return { taken: false, text: "the run is stopping already" };
  switch (request.kind) {
    case "pause":
      control.pause(pauser);
      return { taken: true, text: "paused: nothing new begins, files in flight finish" };
    case "continue":
      control.continue(pauser);
      return continued(control);
    case "drain":
      control.drain(new StopRequest("control", "control drain", EXIT.interrupted));
      return { taken: true, text: "draining: files in flight finish, then the run ends" };
    case "limits":
      control.setLimits(parseLimits(request.limits));
      return { taken: true, text: `${describeRequest(request)} from now on` };
  }
}

function continued({ pausedBy }: RunControl): ControlAnswer {
  if (pausedBy.length === 0) return { taken: true, text: "the run goes on" };
  return { taken: true, text: `still paused by ${pausedBy.join(" and ")}` };
}
