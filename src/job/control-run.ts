/** Leaves requests for all machines of a run in its account, and waits until they have taken them. */
import { type ControlRequest, describeRequest } from "../core/control-request.ts";
import { viewRun } from "../machines/completion.ts";
import { leaveControl } from "../machines/control.ts";
import type { ManifestContext } from "../machines/generation.ts";
import type { ControlReport, ControlResult } from "../report/report.ts";
import { abortAfter, moment, passedSince, sleep } from "../surroundings/surroundings.ts";
import { AccountRun, type AccountRunRequest } from "./account-run.ts";
import { controlReport, describeOperator } from "./control.ts";

/** A machine looks every 12 s, and tells it with its next checkpoint 15 s later. */
const TAKEN_MS = 40_000;
const LOOK_MS = 3_000;
/** The account is asked for so long, ms. */
const ANSWER_MS = 30_000;

/** @throws ReuploadError those of `AccountRun.find` */
export async function controlRun(
  request: AccountRunRequest,
  requests: readonly ControlRequest[],
): Promise<ControlReport> {
  const { surroundings, prompt } = request;
  const run = await AccountRun.find(request);
  const outcome = await run.use(async (place) => {
    const signal = AbortSignal.any([prompt.signal, abortAfter(surroundings, ANSWER_MS)]);
    const last = await leaveControl(place, requests, describeOperator(), signal);
    return untilTaken(place, last, prompt.signal);
  });
  return controlReport(
    requests.map((one) => ({ place: `run ${run.runId}`, request: describeRequest(one), ...outcome })),
  );
}

/** Waits until every machine that works now has told that it looked at the requests. */
async function untilTaken(
  context: ManifestContext,
  last: number,
  signal: AbortSignal,
): Promise<Pick<ControlResult, "outcome" | "text">> {
  const { surroundings } = context;
  const began = moment(surroundings);
  let hadWorking = false;
  for (;;) {
    const view = await viewRun(context, AbortSignal.any([signal, abortAfter(surroundings, ANSWER_MS)]));
    const working = (view?.partitions ?? []).filter(({ lease }) => lease === "leased");
    const taken = working.filter(({ record }) => (record?.control ?? 0) >= last);
    if (working.length === 0 && hadWorking) return { outcome: "taken", text: "the machines have ended" };
    hadWorking ||= working.length > 0;
    if (working.length === 0) {
      return {
        outcome: "left",
        text: "no machine works now; those that begin will find it (but for a drain)",
      };
    }
    if (taken.length === working.length)
      return { outcome: "taken", text: `taken by ${countMachines(taken.length)}` };
    if (passedSince(surroundings, began) > TAKEN_MS) {
      const text = `left for all machines; ${taken.length} of ${working.length} have said so far that they took it`;
      return { outcome: "left", text };
    }
    await sleep(surroundings, LOOK_MS, signal);
  }
}

function countMachines(count: number): string {
  return count === 1 ? "the one partition that is worked on" : `all ${count} partitions that are worked on`;
}
