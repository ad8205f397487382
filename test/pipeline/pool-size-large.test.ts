/** Large files in virtual time: memory for a few blocks, one link, and a service that answers some time after the last byte. */
import { describe, expect, it } from "vitest";
import { POOL_BOUNDS, PoolSize } from "../../src/pipeline/pool-size.ts";
import { Buffers } from "../../src/transfer/buffers.ts";
import { VirtualClock } from "../azure/virtual-service.ts";

const MIB = 2 ** 20;
const BLOCK_BYTES = 8 * MIB;
const BLOCKS_A_FILE = 7;
const BLOCKS_AT_ONCE = 4;

interface Conduct {
  /** Of the link, bytes a ms. */
  readonly bytesPerMs: number;
  readonly latencyMs: number;
}

/** Files without end. @param slots undefined: as many as the pool finds */
async function run({ bytesPerMs, latencyMs }: Conduct, slots: number | undefined, seconds: number) {
  const clock = new VirtualClock();
  const buffers = new Buffers(64 * MIB, { surroundings: clock });
  const never = new AbortController().signal;
  const pool = new PoolSize(0, { answers: 0, heldMs: 0, threadMs: 0 });
  const sizes: number[] = [];
  let [inUse, answers, sent, linkFreeAt, threadMs] = [0, 0, 0, 0, 0];
  const wait = async (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  const answer = async (): Promise<void> => {
    await wait(latencyMs);
    answers++;
  };
  const block = async (bytes: { readonly release: () => void }): Promise<void> => {
    linkFreeAt = Math.max(clock.now(), linkFreeAt) + BLOCK_BYTES / bytesPerMs;
    await wait(linkFreeAt - clock.now());
    sent += BLOCK_BYTES;
    bytes.release();
    await answer();
  };
  const file = async (): Promise<void> => {
    await answer();
    const lanes = new Set<Promise<void>>();
    for (let n = 0; n < BLOCKS_A_FILE; n++) {
      const buffer = await buffers.acquire(BLOCK_BYTES, never);
      while (lanes.size >= BLOCKS_AT_ONCE) await Promise.race(lanes);
      const lane: Promise<void> = block(buffer).then(() => void lanes.delete(lane));
      lanes.add(lane);
    }
    await Promise.all(lanes);
    await answer();
  };
  const fill = (): void => {
    for (; inUse < (slots ?? pool.size); inUse++) void file().then(() => (inUse--, fill()));
  };
  fill();
  for (let at = 0; at < 1_000 * seconds; at++) {
    clock.runUntil(at);
    // What waits for a promise goes on.
    await new Promise((resolve) => setImmediate(resolve));
    if (at % 100 > 0) continue;
    threadMs += 50;
    const load = { answers, heldMs: buffers.heldMs, threadMs, isTryingThread: false };
    pool.look(clock.now(), load, inUse);
    sizes.push(pool.size);
    fill();
  }
  return { bytesASecond: sent / seconds, sizes };
}

describe("the pool of a run of large files", () => {
  it.each([
    ["a fast link", { bytesPerMs: 700_000, latencyMs: 20 }, 15],
    ["a far service", { bytesPerMs: 700_000, latencyMs: 200 }, 15],
    ["a slow link", { bytesPerMs: 20_000, latencyMs: 200 }, 60],
  ] as const)(
    "sends as much as 100 slots do and hardly opens more than it began with: %s",
    async (_, conduct, seconds) => {
      const found = await run(conduct, undefined, seconds);
      const fixed = await run(conduct, 100, seconds);
      expect(found.bytesASecond).toBeGreaterThan(0.95 * fixed.bytesASecond);
      expect(Math.max(...found.sizes)).toBeLessThanOrEqual(2 * POOL_BOUNDS.start);
    },
  );
});
