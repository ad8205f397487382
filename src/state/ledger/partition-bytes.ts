/**
 * Bytes put into the target, by partition, of a state that holds many. They are in memory only: to add them up, each file
 * of the partition is looked at, which a checkpoint every few seconds cannot do.
 */
export class PartitionBytes {
  readonly #bytes = new Map<number, number>();

  /** A partition was admitted. @param bytes of its files as they are stored */
  begin(partition: number, bytes: number): void {
    this.#bytes.set(partition, bytes);
  }

  /** A file of the partition changed. What is not followed is left alone. @param more may be less than 0 */
  add(partition: number, more: number): void {
    const known = this.#bytes.get(partition);
    if (known !== undefined && more !== 0) this.#bytes.set(partition, known + more);
  }

  /** undefined: the partition was never admitted in this start */
  of(partition: number): number | undefined {
    return this.#bytes.get(partition);
  }
}
