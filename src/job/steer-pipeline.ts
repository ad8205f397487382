import type { RunningPipeline } from "../pipeline/pipeline.ts";
import type { Cancel } from "../surroundings/surroundings.ts";
import type { Listener } from "./context.ts";
import { changeLimits, type Limits } from "./limits.ts";
import type { RunControl } from "./run-control.ts";

/** Has a running pipeline and its limits do what the control of the run says. @returns ends it: another start may follow */
export function steerPipeline(
  control: RunControl,
  pipeline: RunningPipeline,
  services: { readonly limits: Limits },
  reporter: Pick<Listener, "tell">,
): Cancel {
  return control.listen({
    onState: () => pipeline.goOn(),
    onGiveBack: ({ workItemId, jobId }) =>
      pipeline.giveBack((item) => item.workItemId === workItemId && (jobId ?? item.jobId) === item.jobId),
    onLimits: (change) => changeLimits(change, pipeline, services, (message) => reporter.tell(message)),
  });
}
