/**
 * Run by `young-garbage.ts` in a process of its own, with V8's flags `--expose-gc` and a young generation of a fixed size:
 * prints how many MiB are kept of what came and went, in the collection that is named.
 */
import { getHeapStatistics } from "node:v8";
import { onAbort } from "../../src/azure/on-abort.ts";
import { LinkedList } from "../../src/core/linked-list.ts";
import { Numbered } from "../../src/core/numbered.ts";

/** How many come and go, how many are there at a time, and what each refers to, numbers of 8 bytes. */
const ALL = 20_000;
const AT_ONCE = 100;
const NUMBERS = 500;

type Held = readonly number[];
/** Adds one that refers to `held`, and gives what takes it out. */
type Come = (held: Held) => () => void;

const { signal } = new AbortController();
const list = new LinkedList<Held>();
const numbered = new Numbered<Held>();
let numbers = 0;

const COLLECTIONS: Readonly<Record<string, Come>> = {
  signal: (held) => onAbort(signal, () => void held.length),
  list: (held) => {
    const link = list.add(held);
    return () => list.remove(link);
  },
  numbered: (held) => {
    const number = numbers++;
    numbered.put(number, held);
    return () => void numbered.take(number);
  },
};

const come = COLLECTIONS[process.argv[2] ?? ""];
if (come === undefined) throw new TypeError("it takes the name of a collection");
process.stdout.write(String(measurePile(come)));

/** Lets 80 MB come and go, 0.4 MB at a time, with collections of the young generation alone. */
function measurePile(comeOne: Come): number {
  const leaves: (() => void)[] = [];
  const oneMore = (): void => void leaves.push(comeOne(Array.from({ length: NUMBERS }, () => 0.5)));
  for (let n = 0; n < AT_ONCE; n++) oneMore();
  for (let n = 0; n < 4; n++) collectYoung();
  const before = getHeapStatistics().used_heap_size;
  for (let n = 0; n < ALL; n++) {
    oneMore();
    leaves.shift()?.();
    if (n % 1_000 === 0) collectYoung();
  }
  collectYoung();
  return (getHeapStatistics().used_heap_size - before) / 2 ** 20;
}

function collectYoung(): void {
  globalThis.gc?.({ type: "minor" });
}
