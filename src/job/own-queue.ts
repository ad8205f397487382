import type { RunSettings } from "../config/run-options.ts";
import { queueOfPartition } from "../core/queues.ts";

/** The queue in which a start announces: of several that of its partition. @returns undefined with --no-queue */
export function ownQueue({
  announce,
  queue,
  partition,
}: Pick<RunSettings, "announce" | "queue" | "partition">): string | undefined {
  return announce ? queueOfPartition(queue, partition === "auto" ? 0 : (partition ?? 0)) : undefined;
}
