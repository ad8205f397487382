/** The pipeline of a run, with what carries its files. Loaded late: it needs the services. */
import { parseNameTemplate } from "../core/target-name.ts";
import type { RunningPipeline } from "../pipeline/pipeline.ts";
import { startPipeline } from "../pipeline/run-pipeline.ts";
import type { JobContext } from "./context.ts";
import type { Follower } from "./follow.ts";
import { chooseSlots, ownFailureLimit } from "./limits.ts";
import type { RunParts, RunRequest } from "./run-request.ts";
import { openSlots } from "./slots.ts";

/** A pipeline under way; dispose of it when it has ended: its threads end with it. */
export interface StartedPipeline extends AsyncDisposable {
  readonly pipeline: RunningPipeline;
}

/** Starts the pipeline of a run, and the threads of `--threads`. */
export function startRunPipeline(
  { surroundings, control, reporter }: JobContext,
  { settings, replaces, catalog: source }: RunRequest,
  { services, state, catalog, guarded }: RunParts,
  follow: Follower,
): StartedPipeline {
  const localFiles = source.hasLocalFiles;
  const slots = openSlots({
    services,
    settings,
    localFiles,
    replaces,
    surroundings,
    reporter,
    aborting: control.aborting,
    leftMs: () => follow.leftMs(),
  });
  const { delivery } = slots;
  const pipeline = startPipeline(
    { surroundings, state, catalog, delivery },
    {
      ...settings,
      runBegan: guarded.moment,
      maxFailures: ownFailureLimit(settings),
      workItemWorkers: settings.workitemWorkers,
      slots: chooseSlots(settings, services.limits, (message) => reporter.tell(message)),
      template: parseNameTemplate(settings.nameTemplate),
    },
    {
      stop: control,
      mayBegin: (partition) => control.state === "running" && guarded.mayBegin(partition),
      onFile: follow.onFile,
    },
  );
  return { pipeline, [Symbol.asyncDispose]: async () => slots[Symbol.asyncDispose]() };
}
