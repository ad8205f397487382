import type { RunPart } from "../../src/progress/progress.ts";
import type { RunMonitorPicture } from "../../src/terminal/run-picture-text.ts";
import { donePart, LOOKED_AT, notStarted, partOf, pictureOfRun } from "../progress/run-samples.ts";

/** Four fixed partitions, one of each kind, after four looks. */
export function runPictureOf(
  parts: readonly RunPart[] = [
    partOf(0),
    donePart(1),
    partOf(2, { life: "dead", toldAgo: 65 }),
    notStarted(3),
  ],
  more: Partial<RunMonitorPicture> & {
    readonly mode?: "fixed" | "auto";
    /** Fewer than `parts` when work was given away. */
    readonly totalPartitions?: number;
  } = {},
): RunMonitorPicture {
  const { mode = "fixed", totalPartitions = parts.length, ...rest } = more;
  return {
    time: LOOKED_AT,
    picture: pictureOfRun(parts, { mode, totalPartitions }),
    differences: [],
    silent: undefined,
    history: { rates: [2, 4, 8, 10], stepMs: 10_000 },
    ...rest,
  };
}

/** So many partitions of six machines: most done, some held, two dead, the rest free. */
export function autoParts(total: number): RunPart[] {
  return Array.from({ length: total }, (_, partition) => {
    const machine = { host: `vm-worker-${partition % 6}`, stateId: `state-${partition % 6}` };
    if (partition < total / 2) return donePart(partition, machine);
    if (partition >= total / 2 + 18) return notStarted(partition);
    return partOf(partition, { ...machine, life: partition % 9 === 0 ? "dead" : "alive" });
  });
}
