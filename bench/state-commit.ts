/**
 * Does the state's group commit disturb the thread that does everything else? Drives events at a steady rate into
 * the store in this thread, and into the same store in a worker behind messages, and compares what this thread feels.
 * `npx node bench/state-commit.ts [seconds]`; the results stand in README.md.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { StateEvent } from "../src/state/ledger.ts";
import { FileSource, filesOf, type NextClaim, type NextFile, openState } from "./state-support.ts";

const WORK_ITEMS = 2_000;
/** From the blob's upload to the queue's answer. */
const ANNOUNCE_MS = 15;
const TICK_MS = 2;

/** As much of the store as the drive needs. */
interface Store {
  claim(): Promise<NextClaim | undefined>;
  record(event: StateEvent): void;
  committed(): Promise<void>;
  close(): Promise<void>;
}

const noSignal = new AbortController().signal;

async function inThread(path: string): Promise<Store> {
  const store = await openState(path, WORK_ITEMS);
  return {
    claim: async () => {
      const answer = await store.queue.claim(1, { signal: noSignal });
      return answer.kind === "claims" ? answer.claims[0] : undefined;
    },
    record: (event) => store.ledger.record(event),
    committed: () => store.ledger.committed(),
    close: () => store.close(),
  };
}

type Ask = { id: number } & (
  | { kind: "claim" }
  | { kind: "close" }
  | { kind: "events"; events: StateEvent[] }
);
type Answer = { id: number; item?: NextClaim | undefined };

/** The prototype: events go over in batches, an answer says that a batch is committed. */
async function inWorker(path: string): Promise<Store> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { path } });
  const waiting = new Map<number, (reply: Answer) => void>();
  worker.on("message", (reply: Answer) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  let lastId = 0;
  const ask = (request: (id: number) => Ask): Promise<Answer> => {
    const id = ++lastId;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    waiting.set(id, resolve);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of node has no origin
    worker.postMessage(request(id));
    return promise;
  };
  let events: StateEvent[] = [];
  let batch: Promise<Answer> | undefined;
  const send = (): Promise<Answer> => {
    batch = undefined;
    const sent = events;
    events = [];
    return ask((id) => ({ id, kind: "events", events: sent }));
  };
  await ask((id) => ({ id, kind: "events", events: [] }));
  return {
    claim: async () => (await ask((id) => ({ id, kind: "claim" }))).item,
    record: (event) => {
      events.push(event);
      batch ??= sleep(5).then(send);
    },
    committed: async () => {
      await batch;
    },
    close: async () => {
      await batch;
      await ask((id) => ({ id, kind: "close" }));
      await worker.terminate();
    },
  };
}

async function serve(path: string): Promise<void> {
  const store = await inThread(path);
  const answer = async (request: Ask): Promise<void> => {
    let item: NextClaim | undefined;
    if (request.kind === "claim") {
      const claim = await store.claim();
      item = claim && { id: claim.id, workItem: claim.workItem };
    } else if (request.kind === "close") await store.close();
    else {
      for (const event of request.events) store.record(event);
      await store.committed();
    }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- as above
    parentPort?.postMessage({ id: request.id, item } satisfies Answer);
  };
  parentPort?.on("message", (request: Ask) => void answer(request));
}

interface Result {
  readonly files: number;
  readonly p99: number;
  readonly max: number;
  readonly cpuPerThousand: number;
  readonly waitMean: number;
  readonly waitMax: number;
  readonly bytesPerFile: number;
}

/** One file through the state: uploaded, announced a little later, and its slot waits for the commit. */
async function oneFile(
  store: Store,
  { item, file, index }: NextFile,
  wait: (ms: number) => void,
): Promise<void> {
  const workItem = item.id;
  store.record({
    kind: "file-uploaded",
    workItem,
    file,
    place: index,
    bytes: 123_456,
    alreadyThere: false,
    attempts: 1,
  });
  await sleep(ANNOUNCE_MS);
  store.record({ kind: "file-completed", workItem, file, place: index, announced: true });
  const start = performance.now();
  await store.committed();
  wait(performance.now() - start);
}

async function drive(
  openStore: (path: string) => Promise<Store>,
  rate: number,
  seconds: number,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "state-commit-"));
  const path = join(folder, "state.db");
  const store = await openStore(path);
  const left = new Map<number, number>();
  const source = new FileSource(
    () => store.claim(),
    (item, total) => {
      left.set(item.id, total);
      const { workItemName } = item.workItem;
      const receipt = { count: total, digest: "0123456789abcdef" };
      store.record({
        kind: "work-item-opened",
        workItem: item.id,
        workItemName,
        filesTotal: total,
        duplicates: 0,
        receipt,
      });
    },
  );
  await source.fill();

  let files = 0;
  let waited = 0;
  let waitMax = 0;
  const running = new Set<Promise<void>>();
  const startOne = (next: NextFile): void => {
    const id = next.item.id;
    const done = oneFile(store, next, (ms) => {
      waited += ms;
      waitMax = Math.max(waitMax, ms);
      const rest = (left.get(id) ?? filesOf(id)) - 1;
      left.set(id, rest);
      if (rest === 0) store.record({ kind: "work-item-finished", workItem: id, status: "completed" });
    });
    running.add(done);
    void done.finally(() => running.delete(done));
  };

  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.cpuUsage();
  const start = performance.now();
  while (performance.now() - start < seconds * 1_000) {
    const due = ((performance.now() - start) / 1_000) * rate;
    while (files < due) {
      const next = source.next();
      if (next === undefined) break;
      files++;
      startOne(next);
    }
    await source.fill();
    await sleep(TICK_MS);
  }
  await Promise.all(running);
  const used = process.cpuUsage(cpu);
  delay.disable();
  await store.close();
  const bytesPerFile = statSync(path).size / files;
  rmSync(folder, { recursive: true });
  return {
    files,
    p99: delay.percentile(99) / 1e6,
    max: delay.max / 1e6,
    cpuPerThousand: (used.user + used.system) / files,
    waitMean: waited / files,
    waitMax,
    bytesPerFile,
  };
}

/** The same drive without a state: what the drive itself costs. */
async function nothing(path: string): Promise<Store> {
  const store = await inThread(path);
  return { ...store, record: () => undefined, committed: () => sleep(10) };
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 10);
  process.stdout.write(
    "| store | files/s | loop delay p99 ms | max ms | CPU ms per 1,000 files | wait for commit mean ms | max ms | bytes/file |\n" +
      "|---|---|---|---|---|---|---|---|\n",
  );
  for (const rate of [2_000, 8_000]) {
    for (const [name, openStore] of [
      ["none (the drive alone)", nothing],
      ["in thread", inThread],
      ["worker", inWorker],
    ] as const) {
      const result = await drive(openStore, rate, seconds);
      const columns = [
        name,
        Math.round(result.files / seconds).toLocaleString("en"),
        result.p99.toFixed(1),
        result.max.toFixed(1),
        result.cpuPerThousand.toFixed(0),
        result.waitMean.toFixed(1),
        result.waitMax.toFixed(1),
        name.startsWith("none") ? "-" : result.bytesPerFile.toFixed(0),
      ];
      process.stdout.write(`| ${columns.join(" | ")} |\n`);
    }
  }
}

if (isMainThread) await main();
else await serve((workerData as { path: string }).path);
