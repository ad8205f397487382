/** What the memory of a program is made of while it runs (Linux). */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_MS = 250;
const MIB = 2 ** 20;
/** glibc takes memory for another thread's `malloc` in pieces of this length, at its multiples. */
const ARENA_BYTES = 64 * MIB;
/** The memory of contents is the one map between these lengths (`ContentMemory`). */
const CONTENT_BYTES = { least: 64 * MIB, most: 67 * MIB };

/** Resident, MiB. */
export interface MemoryParts {
  /** All of it. */
  readonly all: number;
  /** Node's own program and its libraries. */
  readonly program: number;
  /** What the main thread took by `malloc`: sockets, TLS, buffers. */
  readonly malloc: number;
  /** What other threads took by it. */
  readonly otherMalloc: number;
  /** Contents under way. */
  readonly content: number;
  /** The two halves of V8's young generation. */
  readonly young: number;
  /** The rest of V8's heap. */
  readonly old: number;
}

/** What a program's environment needs for that. @param file that nobody else uses */
export function tellsParts(file: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--require ${join(import.meta.dirname, "memory-parts.cjs")}`,
    MEMORY_PARTS: file,
  };
}

/** Looks at the program until the signal. @returns its parts when it had most */
export async function followParts(file: string, until: AbortSignal): Promise<MemoryParts | undefined> {
  let most: MemoryParts | undefined;
  while (!until.aborted) {
    const now = await readParts(file).catch(() => undefined);
    if (now !== undefined && now.all > (most?.all ?? 0)) most = now;
    await sleep(LOOK_MS, undefined, { signal: until }).catch(() => {});
  }
  return most;
}

async function readParts(file: string): Promise<MemoryParts> {
  const { pid, heap } = JSON.parse(await readFile(file, "utf8")) as {
    readonly pid: number;
    readonly heap: { readonly young: number; readonly old: number };
  };
  const parts = { all: 0, program: 0, malloc: 0, otherMalloc: 0, content: 0 };
  for (const map of parseMaps(await readFile(`/proc/${pid}/smaps`, "utf8"))) {
    parts.all += map.residentMiB;
    const part = partOf(map);
    if (part !== undefined) parts[part] += map.residentMiB;
  }
  return { ...parts, young: heap.young / MIB, old: heap.old / MIB };
}

interface MemoryMap {
  readonly from: number;
  readonly bytes: number;
  readonly access: string;
  readonly path: string;
  readonly residentMiB: number;
}

/** @param text of /proc/PID/smaps */
function parseMaps(text: string): MemoryMap[] {
  const maps = text.matchAll(
    /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)\n(?:(?![0-9a-f]+-).*\n)*?Rss: +(\d+) kB/gm,
  );
  return [...maps].map(([, from = "", to = "", access = "", path = "", kiB]) => ({
    from: parseInt(from, 16),
    bytes: parseInt(to, 16) - parseInt(from, 16),
    access,
    path,
    residentMiB: Number(kiB) / 1_024,
  }));
}

function partOf({
  from,
  bytes,
  access,
  path,
}: MemoryMap): "program" | "malloc" | "otherMalloc" | "content" | undefined {
  if (path.startsWith("/")) return "program";
  if (path === "[heap]") return "malloc";
  if (!access.startsWith("rw") || path !== "") return undefined;
  if (bytes > CONTENT_BYTES.least && bytes < CONTENT_BYTES.most) return "content";
  return from % ARENA_BYTES === 0 && bytes < ARENA_BYTES ? "otherMalloc" : undefined;
}
