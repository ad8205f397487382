/** The thread that hashes: what it is asked and what it answers. `hasher.ts` starts it. */
import { parentPort, workerData } from "node:worker_threads";
import type { Place } from "./content-memory.ts";
import { type FileMd5, type Md5Maker, NativeMd5 } from "./md5.ts";
import { Md5Lanes } from "./md5-lanes.ts";

/** What the thread is given when it starts. */
export interface HashThreadData {
  readonly memory: WebAssembly.Memory | undefined;
  /** Where its scratch begins; undefined when the memory has none left. */
  readonly scratch: number | undefined;
}

/** Content in the memory that the thread was given, or elsewhere. */
export type Content = Place | Uint8Array;

/**
 * `whole` asks for the MD5 of the bytes. A file that comes in pieces begins with its first `piece`, each of which is
 * answered with its own MD5; `end` asks for that of all pieces in their order, `drop` for nothing more of it.
 */
export type HashRequest =
  | { readonly id: number; readonly what: "whole"; readonly content: Content }
  | { readonly id: number; readonly what: "piece"; readonly file: number; readonly content: Content }
  | { readonly id: number; readonly what: "end" | "drop"; readonly file: number };

/** @param md5 base64; empty for `drop` */
export interface HashAnswer {
  readonly id: number;
  readonly md5: string;
}

const { memory, scratch } = workerData as HashThreadData;
const maker: Md5Maker =
  (memory && scratch !== undefined && Md5Lanes.open(memory, scratch)) || new NativeMd5();
const files = new Map<number, FileMd5>();

/** @throws RangeError when they would not be in the memory */
function bytesOf(content: Content): Uint8Array {
  if (!("begin" in content)) return content;
  if (memory === undefined) throw new Error("there is no memory in which content could be");
  return new Uint8Array<ArrayBufferLike>(memory.buffer, content.begin, content.length);
}

async function answerTo(request: HashRequest): Promise<string> {
  if (request.what === "whole") return maker.md5(bytesOf(request.content));
  const file = files.get(request.file) ?? maker.begin();
  if (request.what === "piece") {
    files.set(request.file, file);
    return file.add(bytesOf(request.content));
  }
  files.delete(request.file);
  if (request.what === "end") return file.end();
  file[Symbol.dispose]();
  return "";
}

async function answer(request: HashRequest): Promise<void> {
  const md5 = await answerTo(request);
  parentPort?.postMessage({ id: request.id, md5 } satisfies HashAnswer);
}

parentPort?.on("message", (request: HashRequest) => void answer(request));
