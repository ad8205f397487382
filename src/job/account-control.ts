/** Takes what an operator asks of all machines of a run, by the account. */
import { isForWorkItem } from "../core/control-request.ts";
import type { PartitionFacts } from "../machines/claim.ts";
import { ControlWatch } from "../machines/control.ts";
import type { ManifestContext } from "../machines/generation.ts";
import { type Operated, takeRequest } from "./operator.ts";

/** Who pauses all machines: it is another pause than that of one machine's operator. */
export const ALL_MACHINES = "control of all machines";

/** Does what stands, once it is begun, and looks again from then on; `ControlWatch.end` ends it. */
export function watchAccount(operated: Operated, context: ManifestContext): ControlWatch {
  return new ControlWatch(context, async ({ request, by }) => {
    // A work item of another machine's partition is none of this one's business.
    const isQuiet = isForWorkItem(request);
    await takeRequest(operated, request, ALL_MACHINES, `${by}, for all machines`, isQuiet);
  });
}

/** The facts, with the last request of an operator that this machine has looked at. */
export function tellTaken(facts: PartitionFacts, lastTaken: () => number | undefined): PartitionFacts {
  return {
    adopt: (...given) => facts.adopt(...given),
    async checkpoint() {
      const { summary, ...others } = await facts.checkpoint();
      const control = lastTaken();
      return {
        ...others,
        summary: control === undefined || control === 0 ? summary : { ...summary, control },
      };
    },
  };
}
