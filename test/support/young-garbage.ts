import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options: { readonly type: "minor" }) => void;

/** How many come and go, how many are there at a time, and what each refers to, numbers of 8 bytes. */
const ALL = 20_000;
const AT_ONCE = 100;
const NUMBERS = 500;

/**
 * Lets 80 MB come and go in a collection of ours, 0.4 MB at a time, with collections of the young generation alone.
 *
 * @param come adds one that refers to `held`, and gives what takes it out
 * @returns MiB that are kept without being in it
 */
export function measurePile(come: (held: readonly number[]) => () => void): number {
  const leaves: (() => void)[] = [];
  const oneMore = (): void => void leaves.push(come(Array.from({ length: NUMBERS }, () => 0.5)));
  for (let n = 0; n < AT_ONCE; n++) oneMore();
  for (let n = 0; n < 4; n++) collect({ type: "minor" });
  const before = getHeapStatistics().used_heap_size;
  for (let n = 0; n < ALL; n++) {
    oneMore();
    leaves.shift()?.();
    if (n % 1_000 === 0) collect({ type: "minor" });
  }
  collect({ type: "minor" });
  return (getHeapStatistics().used_heap_size - before) / 2 ** 20;
}
