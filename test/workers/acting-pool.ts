/** A pool whose threads do what a file's name says. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { WorkSignals } from "../../src/core/waits.ts";
import type { AnnounceRule, OnTransferred } from "../../src/delivery/delivery.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { SlotThreads, type SlotThreadsOptions } from "../../src/workers/slot-threads.ts";
import { actor } from "./acting-stages.ts";

const ENTRY = join(import.meta.dirname, "acting-thread.ts");

type Death = { readonly why: string; readonly underWay: number; readonly isReplaced: boolean };

/** A pool of so many threads; the main one carries nothing until all others are ready. */
export async function startPool(
  threads: number,
  { replaces, hangsAfterMs }: Partial<Pick<SlotThreadsOptions, "replaces" | "hangsAfterMs">> = {},
) {
  const deaths: Death[] = [];
  const ready: Promise<unknown>[] = [];
  const pool = new SlotThreads({
    surroundings: REAL_SURROUNDINGS,
    delivery: actor(replaces),
    replaces,
    start: () => {
      const worker = new Worker(ENTRY, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 32 } });
      const { promise, resolve } = Promise.withResolvers<void>();
      worker.once("message", () => resolve());
      ready.push(promise);
      return worker;
    },
    threads,
    most: threads,
    ...(hangsAfterMs !== undefined && { hangsAfterMs }),
    load: () => ({ answers: 0, heldMs: 0 }),
    events: { onDeath: (death) => deaths.push(death), onChange: () => {} },
  });
  await Promise.all(ready);
  const file = (fileName: string) => ({ fileName, uri: `https://account.example/source/${fileName}` });
  return {
    pool,
    deaths,
    /** Without an announcement, unless `announces` says otherwise. */
    do: async (
      name: string,
      signals: Partial<WorkSignals> = {},
      {
        announces = "never",
        onTransferred,
      }: { announces?: AnnounceRule; onTransferred?: OnTransferred } = {},
    ) => {
      const task = { file: file(name), blobName: name, announces };
      const own = { signal: new AbortController().signal, ...signals };
      return (await pool.deliver(task, own, onTransferred)).result;
    },
    [Symbol.asyncDispose]: async () => pool.close(),
  };
}
