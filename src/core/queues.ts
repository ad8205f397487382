/** The queues of a run: one, or several whose names stand in a list. Partition I announces in queue I modulo their number. */

/** @param list such as `a,b,c`, as the settings and the state have it */
export function splitQueues(list: string): readonly string[] {
  return list.split(",");
}

/**
 * The queue of one partition.
 *
 * @param list one name, or several with commas
 */
export function queueOfPartition(list: string, partition: number): string {
  const queues = splitQueues(list);
  return queues[partition % queues.length] ?? list;
}
