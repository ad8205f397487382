/**
 * MB/s of MD5 that one thread makes of a processor second: OpenSSL, and the lanes (`src/transfer/md5-lanes.ts`) with so many
 * messages of 8 MiB at once, which lie in the content memory or elsewhere; and what the lanes cost to begin with.
 *
 *     node bench/md5.ts
 */
import { hash } from "node:crypto";
import { ContentMemory } from "../src/transfer/content-memory.ts";
import { Md5Lanes } from "../src/transfer/md5-lanes.ts";

const MESSAGE_BYTES = 8 * 2 ** 20;
const MOST = 8;
/** The best of some tries: other work on the machine only ever slows one down. */
const TRIES = 7;

const memory = new ContentMemory(MOST * MESSAGE_BYTES);
const scratch = memory.takeScratch();
const begun = process.cpuUsage();
const lanes =
  memory.wasm === undefined || scratch === undefined ? undefined : Md5Lanes.open(memory.wasm, scratch);
if (lanes === undefined) throw new Error("there is no WebAssembly");
say(`made and compiled: ${(cpuSeconds(begun) * 1_000).toFixed(0)} ms of processor time`);
const content = Buffer.from(memory.buffer, 0, MOST * MESSAGE_BYTES);
for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
const elsewhere = Buffer.from(content);

say("| messages at once | OpenSSL | lanes | lanes, copied first |\n|---|---|---|---|");
for (const count of [1, 2, 3, 4, 5, 6, 7, MOST]) {
  const figures = [
    await rate(count, content, async (bytes) => hash("md5", bytes, "base64")),
    await rate(count, content, async (bytes) => lanes.md5(bytes)),
    await rate(count, elsewhere, async (bytes) => lanes.md5(bytes)),
  ];
  say(`| ${count} | ${figures.map((one) => one.toFixed(0)).join(" | ")} |`);
}

/** MB/s of processor time. */
async function rate(count: number, all: Buffer, md5: (bytes: Buffer) => Promise<string>): Promise<number> {
  const messages = Array.from({ length: count }, (_, at) => {
    return all.subarray(at * MESSAGE_BYTES, (at + 1) * MESSAGE_BYTES);
  });
  let best = 0;
  for (let run = 0; run < TRIES; run++) {
    const before = process.cpuUsage();
    await Promise.all(messages.map(md5));
    best = Math.max(best, (count * MESSAGE_BYTES) / 1e6 / cpuSeconds(before));
  }
  return best;
}

function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
