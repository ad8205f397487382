/**
 * What it costs to have a thread do a call: a file's description there, its result back, by how many travel in one message,
 * as objects and as JSON texts. `node bench/thread-messages.ts`
 */
import { Worker } from "node:worker_threads";

const FILES = 200_000;
const BATCHES = [1, 10, 100];
/** Messages under way at once, as there is always one on its way and one in work. */
const UNDER_WAY = 2;

const CODE = `
  const { parentPort, workerData } = require("node:worker_threads");
  const answer = (id) => ({ id, incidents: [], end: { kind: "transferred", result: {
    outcome: "copied", bytes: 16384, contentMd5: undefined, method: "put-blob-from-url", attempts: 1 } } });
  const isText = workerData === "text";
  parentPort.on("message", (message) => {
    const answers = (isText ? JSON.parse(message) : message).map(({ id }) => answer(id));
    parentPort.postMessage(isText ? JSON.stringify(answers) : answers);
  });
  parentPort.postMessage("ready");`;

/** A call as `--threads` sends it: a link with a SAS is most of it. */
function call(id: number): object {
  const query = `sv=2024-11-04&se=2026-12-01T00%3A00%3A00Z&sr=b&sp=r&sig=${"x".repeat(50)}`;
  const uri = `https://account.blob.core.windows.net/source/job/${id}/part-${id}.json?${query}`;
  const file = { fileName: `part-${id}.json`, uri, length: 16_384 };
  return {
    id,
    what: "transfer",
    waits: 1,
    file,
    blobName: `workitem-${id}-part-${id}.json`,
    replaces: false,
  };
}

/** us a file. */
interface Cost {
  readonly main: number;
  readonly thread: number;
}

async function measure(form: "objects" | "text", batch: number): Promise<Cost> {
  const worker = new Worker(CODE, { eval: true, workerData: form });
  const { promise, resolve } = Promise.withResolvers<Cost>();
  let sent = 0;
  let answered = 0;
  let before = performance.eventLoopUtilization();
  const post = (): void => {
    const calls = Array.from({ length: batch }, () => call(sent++));
    worker.postMessage(form === "text" ? JSON.stringify(calls) : calls);
  };
  worker.on("message", (message: unknown) => {
    if (message === "ready") {
      before = performance.eventLoopUtilization();
      for (let n = 0; n < UNDER_WAY; n++) post();
      return;
    }
    answered += (typeof message === "string" ? (JSON.parse(message) as unknown[]) : (message as unknown[]))
      .length;
    if (answered < FILES) return post();
    const us = (ms: number): number => (1_000 * ms) / answered;
    const main = us(performance.eventLoopUtilization(before).active);
    resolve({ main, thread: us(worker.performance.eventLoopUtilization().active) });
  });
  const cost = await promise;
  await worker.terminate();
  return cost;
}

for (const form of ["objects", "text"] as const) {
  for (const batch of BATCHES) {
    const { main, thread } = await measure(form, batch);
    process.stdout.write(
      `${form}, ${batch} in a message: ${main.toFixed(1)} us a file in the main thread, ${thread.toFixed(1)} in the other\n`,
    );
  }
}
