/**
 * V8's flags of this program. They are set before its code is loaded: V8 takes compiled code only from a V8 with the same
 * flags.
 */
import { setFlagsFromString } from "node:v8";

const START_FLAGS = [
  // Keeps the heap close to what is alive, for a process that works through millions of rows and files. As it is, V8
  // lets some hundred MB of garbage lie that gain nothing: 383 MB in a run with lookups in Kusto where 202 do
  // (`bench/kusto-lookup.ts`), 40 MB more while a CSV of 5 million rows is read (`bench/huge-csv.ts`). V8 reads these
  // flags whenever the heap is about to grow.
  "--heap-growing-percent=40",
  "--semi-space-growth-factor=1",
  // The largest: V8 optimizes the parser of HTTP answers, one function of 33 KB, after thousands of answers and not after
  // a hundred. That takes 50 ms and 15 MiB, which a short run never gets back (`docs/design/029-code-cache.md`).
  "--wasm-tiering-budget=2147483647",
];

/** Sets them; repeating it changes nothing but what `growYoungHeap` has changed. */
export function setStartFlags(): void {
  for (const flag of START_FLAGS) setFlagsFromString(flag);
}
