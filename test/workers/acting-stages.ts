/** Stages that do what a file's name says, in the main thread or in another one. */
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, threadId } from "node:worker_threads";
import { FileFailure } from "../../src/core/failure.ts";
import { chooseWaitSignal, type WorkSignals } from "../../src/core/waits.ts";
import { LocalDelivery } from "../../src/delivery/local-delivery.ts";

/** Until the signal aborts. @throws its reason */
async function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) throw signal.reason;
  signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  return promise;
}

function die(how: string): void {
  if (isMainThread) return;
  if (how === "exit") process.exit(7);
  if (how === "error")
    setImmediate(() => {
      throw new Error("it is broken");
    });
  if (how === "hang") for (;;);
  if (how !== "memory") return;
  for (const kept: unknown[] = []; ;) kept.push(Array.from({ length: 10_000 }, (_, n) => `${n}`));
}

async function act(name: string, signals: WorkSignals, isAnnouncement = false): Promise<void> {
  const [what, how = ""] = name.split("-");
  if (what === "announcing" && isAnnouncement) {
    // What was told before has gone by then.
    await sleep(20);
    die("error");
    await sleep(100);
  }
  if (what === "wait") await sleep(Number(how));
  if (what === "hang") await untilAborted(signals.signal);
  if (what === "gate") await untilAborted(chooseWaitSignal(signals));
  if (what === "die") {
    die(how);
    await sleep(100);
  }
  if (what === "fail") {
    signals.onIncident?.({ at: 1, kind: "repeated", what: name });
    throw new FileFailure("source-not-found", "it is not there", { requestId: "r" });
  }
}

/** @param replaces told in the answer's method: `put-blocks` when the blob is to be written over */
export function actor(replaces: ((blobName: string) => boolean) | undefined): LocalDelivery {
  return new LocalDelivery({
    transfer: {
      async transfer({ fileName }, blobName, signals) {
        const method = replaces?.(blobName) === true ? "put-blocks" : "put-blob";
        await act(fileName, signals);
        return {
          outcome: "copied",
          bytes: fileName.length,
          contentMd5: String(threadId),
          method,
          attempts: 1,
          existingSince: undefined,
        };
      },
    },
    announcer: {
      async announce(blobName, signals) {
        await act(blobName, signals, true);
        return { attempts: 1 };
      },
    },
  });
}
