/** How a run is watched from any machine. */
import { RUN_OPTIONS, type RunSettings } from "../config/run-options.ts";
import type { JobContext } from "./context.ts";
import { isWhole } from "./coordination-settings.ts";

/** The names that need not be given. */
const { targetContainer: TARGET, coordinationContainer: COORDINATION } = RUN_OPTIONS;

/**
 * Tells the command. The emulator of one run is nobody else's to watch.
 *
 * @param runId the same on every machine
 */
export function tellHowToWatch({ notice }: JobContext, runId: string, settings: RunSettings): void {
  const { target, targetContainer, coordinationContainer: coordination } = settings;
  if (settings.emulator) return;
  const words = [
    "reupload monitor",
    ...(target === undefined ? [] : [`--target ${target}`]),
    ...(targetContainer === TARGET.default ? [] : [`--target-container ${targetContainer}`]),
    ...(coordination === COORDINATION.default ? [] : [`--coordination-container ${coordination}`]),
    `--run ${runId}`,
  ];
  const isAlone = isWhole(settings) && settings.partition !== "auto";
  const what = isAlone ? "this run" : "all machines of this run";
  notice("info", `${what}, from anywhere: ${words.join(" ")}`);
}
