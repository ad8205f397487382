/**
 * The process that a command runs in: its clock and chance, its proxy and its heap. Every command loads this file at its
 * start, so it imports nothing heavy.
 */
import { every, REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

export { REAL_SURROUNDINGS };
export { spellOutProxy } from "../azure/wire/proxy-variables.ts";
export { chooseProxy } from "../azure/wire/proxy.ts";

/**
 * How large each half of the young generation may become while files are transferred, bytes: where the services copy,
 * twice as much saves a twentieth of the processor time; where content passes here, nothing (`docs/performance.md`).
 */
const YOUNG_BYTES = { copied: 32 * 2 ** 20, passed: 16 * 2 ** 20 };
const LOOK_MS = 100;

/**
 * Lets the young generation grow to what files under way need: thousands of requests that each live for some ten
 * milliseconds. In the 1 MB that it starts with, most of them would be taken for old, and the collector would take a
 * third of the processor time (`docs/performance.md`). V8 shrinks it while little happens,
 * and hears of its largest size at its own start only: so it is watched.
 *
 * @param content whether the services copy the files, or this process reads and writes them
 * @param share of a thread that carries a part of them. V8's flag is one for all threads, so each asks for growth only as
 * long as its own heap is small: one that never had enough would let the others grow without end
 */
export function growYoungHeap(content: "copied" | "passed", share = 1): void {
  const watch = (): void => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    const isSmall = young !== undefined && young.space_size < 2 * share * YOUNG_BYTES[content];
    setFlagsFromString(`--semi-space-growth-factor=${isSmall ? 2 : 1}`);
  };
  every(REAL_SURROUNDINGS, LOOK_MS, watch, { background: true });
}
