/** The thread that hashes, with a loop that never ends once it is given content of two bytes. */
import { parentPort } from "node:worker_threads";
import type { HashAnswer, HashRequest } from "../../src/transfer/hash-thread.ts";
import { NativeMd5 } from "../../src/transfer/md5.ts";

const maker = new NativeMd5();
const answer = (id: number, md5: string) => parentPort?.postMessage({ id, md5 } satisfies HashAnswer);

parentPort?.on("message", (request: HashRequest) => {
  if (!("content" in request) || "begin" in request.content) return answer(request.id, "");
  if (request.content.length === 2) for (;;);
  void maker.md5(request.content).then((md5) => answer(request.id, md5));
});
