/**
 * The process that a command runs in: its clock and chance, its proxy and its heap. Every command loads this file at its
 * start, so it imports nothing heavy.
 */
import { every, REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { isMainThread, type ResourceLimits } from "node:worker_threads";

export { REAL_SURROUNDINGS };
export { spellOutProxy } from "../azure/wire/proxy-variables.ts";
export { chooseProxy } from "../azure/wire/proxy.ts";

/**
 * How large each half of the young generation may become while files are transferred, bytes: where the services copy,
 * twice as much saves a twentieth of the processor time (`docs/performance.md`); where content passes here, twice as much saves
 * a hundredth, and half as much would cost a tenth where local files are sent (`docs/design/032-memory-of-streams.md`).
 */
const YOUNG_BYTES = { copied: 32 * 2 ** 20, passed: 8 * 2 ** 20, uploaded: 16 * 2 ** 20 };
/** The same in another thread; more is not faster, less is slower (`docs/design/026-slots-on-threads.md`). */
const YOUNG_BYTES_OF_THREAD = { copied: 16 * 2 ** 20, passed: 8 * 2 ** 20, uploaded: 4 * 2 ** 20 };

/** Whether the services copy the files, this process reads and writes them, or sends what lies on this machine. */
export type ContentWay = keyof typeof YOUNG_BYTES;

/** @param localFiles the catalog may name files of this machine */
export function chooseContentWay(transfer: string, localFiles: boolean): ContentWay {
  if (localFiles) return "uploaded";
  return transfer === "stream" ? "passed" : "copied";
}

/** Where the whole process is smaller than this, as with small files, it may become so large all the same, bytes. */
const ROOMY_BYTES = 160 * 2 ** 20;
const MOST_YOUNG_WITH_ROOM = 16 * 2 ** 20;

/** V8 counts a young generation as its two halves and as much again for large objects. */
const HALVES = 3;
const LOOK_MS = 100;

/**
 * Lets the young generation grow to what files under way need: thousands of requests that each live for some ten
 * milliseconds. In the 1 MB that it starts with, most of them would be taken for old, and the collector would take a
 * third of the processor time (`docs/performance.md`). V8 shrinks it while little happens,
 * and hears of its largest size at its own start only: so it is watched.
 *
 * V8's flag is one for all threads, so each asks for growth only as long as its own heap is small. A thread whose own is
 * large enough grows all the same while another one's is not: `limitHeapOfThread` holds it.
 */
export function growYoungHeap(content: ContentWay): void {
  const most = isMainThread ? YOUNG_BYTES[content] : YOUNG_BYTES_OF_THREAD[content];
  const watch = (): void => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    const rss = isMainThread ? readRss() : Infinity;
    const mayGrow = young !== undefined && mayYoungGrow(young.space_size / 2, { most, rss });
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  };
  watch();
  every(REAL_SURROUNDINGS, LOOK_MS, watch, { background: true });
}

/** How large the process is, bytes; Infinity where the system does not tell, as in a container without /proc. */
export function readRss(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return Infinity;
  }
}

/**
 * Whether the halves of a young generation may become larger.
 *
 * @param half as large as each is, bytes
 * @param limits `most`: what they may become however large the process is; `rss`: how large that is; bytes
 */
export function mayYoungGrow(
  half: number,
  { most, rss }: { readonly most: number; readonly rss: number },
): boolean {
  return half < most || (half < MOST_YOUNG_WITH_ROOM && rss < ROOMY_BYTES);
}

/**
 * The heap of a thread that carries files: it holds requests under way. Should it need more of the old generation, the
 * thread ends, and not the process.
 *
 * @param content as for `growYoungHeap`
 */
export function limitHeapOfThread(content: ContentWay): ResourceLimits {
  const youngBytes = HALVES * YOUNG_BYTES_OF_THREAD[content];
  return { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: youngBytes / 2 ** 20 };
}
