/** The thread that hashes: what it is asked and what it answers. `hasher.ts` starts it. */
import { createHash, hash, type Hash } from "node:crypto";
import { parentPort } from "node:worker_threads";

/**
 * `whole` asks for the MD5 of the bytes. A file that comes in pieces begins with its first `piece`, each of which is
 * answered with its own MD5; `end` asks for that of all pieces in their order, `drop` for nothing more of it.
 */
export type HashRequest =
  | { readonly id: number; readonly what: "whole"; readonly bytes: Uint8Array }
  | { readonly id: number; readonly what: "piece"; readonly file: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly what: "end" | "drop"; readonly file: number };

/** @param md5 base64; empty for `drop` */
export interface HashAnswer {
  readonly id: number;
  readonly md5: string;
}

const files = new Map<number, Hash>();

function answerTo(request: HashRequest): string {
  if (request.what === "whole") return hash("md5", request.bytes, "base64");
  const { file } = request;
  const md5 = files.get(file) ?? createHash("md5");
  if (request.what === "piece") {
    files.set(file, md5.update(request.bytes));
    return hash("md5", request.bytes, "base64");
  }
  files.delete(file);
  return request.what === "end" ? md5.digest("base64") : "";
}

parentPort?.on("message", (request: HashRequest) => {
  const answer: HashAnswer = { id: request.id, md5: answerTo(request) };
  parentPort?.postMessage(answer);
});
