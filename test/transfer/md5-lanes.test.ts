import { execFile } from "node:child_process";
import { createHash, hash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContentMemory } from "../../src/transfer/content-memory.ts";
import type { FileMd5 } from "../../src/transfer/md5.ts";
import { Md5Lanes } from "../../src/transfer/md5-lanes.ts";

const CONTENT_BYTES = 2 ** 20;
const memory = new ContentMemory(CONTENT_BYTES);
const content = Buffer.from(memory.buffer, 0, CONTENT_BYTES);
const open = (): Md5Lanes => {
  const lanes =
    memory.wasm === undefined ? undefined : Md5Lanes.open(memory.wasm, memory.takeScratch() ?? -1);
  if (lanes === undefined) throw new Error("there is no WebAssembly");
  return lanes;
};
const lanes = open();
const md5 = (bytes: Uint8Array): string => hash("md5", bytes, "base64");
const md5Hex = async (text: string): Promise<string> =>
  Buffer.from(await lanes.md5(Buffer.from(text)), "base64").toString("hex");

/** Bytes that no two places of a message share. */
function fill(bytes: Buffer, seed: number): Buffer {
  for (let at = 0; at < bytes.length; at++) bytes[at] = Math.imul(at + 1, 2_654_435_761 + 2 * seed) >>> 13;
  return bytes;
}

/** Lengths at which blocks and the padding begin or end, and others. */
const lengths = fc.oneof(
  fc.constantFrom(0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 65_535, 65_536, 65_537),
  fc.nat(400),
  fc.nat(140_000),
);

describe("the lanes", () => {
  it("give the digests of RFC 1321", async () => {
    const suite: readonly (readonly [string, string])[] = [
      ["", "d41d8cd98f00b204e9800998ecf8427e"],
      ["a", "0cc175b9c0f1b6a831c399e269772661"],
      ["abc", "900150983cd24fb0d6963f7d28e17f72"],
      ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
      ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
      ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"],
      ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
    ];
    expect(await Promise.all(suite.map(async ([text]) => md5Hex(text)))).toEqual(suite.map(([, hex]) => hex));
    for (const [text, hex] of suite) expect(await md5Hex(text)).toBe(hex);
  });

  it("give OpenSSL's digest of every length up to three blocks, one message after the other and all at once", async () => {
    const all = Array.from({ length: 193 }, (_, length) => fill(Buffer.alloc(length), length));
    expect(await Promise.all(all.map(async (bytes) => lanes.md5(bytes)))).toEqual(all.map(md5));
    for (const bytes of all) expect(await lanes.md5(bytes)).toBe(md5(bytes));
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 17])(
    "give OpenSSL's digests of %i messages at once, wherever they lie and however long each is",
    async (count) => {
      const message = fc.record({
        length: lengths,
        at: fc.nat(CONTENT_BYTES - 140_000),
        isInMemory: fc.boolean(),
      });
      const messages = fc.array(message, { minLength: count, maxLength: count });
      fill(content, count);
      await fc.assert(
        fc.asyncProperty(messages, async (all) => {
          const bytes = all.map(({ length, at, isInMemory }) => {
            const there = content.subarray(at, at + length);
            return isInMemory ? there : Buffer.from(there);
          });
          expect(await Promise.all(bytes.map(async (one) => lanes.md5(one)))).toEqual(bytes.map(md5));
        }),
        { numRuns: 20 },
      );
    },
  );
});

/** What happens with one of some files. */
const action = fc.record({
  file: fc.nat(11),
  length: lengths,
  isInMemory: fc.boolean(),
  /** Whether the loop turns before the next one: lanes are left and taken at any time. */
  isPause: fc.boolean(),
  isDrop: fc.integer({ min: 0, max: 20 }).map((one) => one === 0),
});

interface File {
  readonly hash: FileMd5;
  readonly expected: ReturnType<typeof createHash>;
}

describe("a file in pieces", () => {
  it("has OpenSSL's digest, and so has each piece, however files alternate and whichever is given up", async () => {
    fill(content, 1);
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const files = new Map<number, File>();
        const wanted: string[] = [];
        const given: Promise<string>[] = [];
        for (const [step, { file, length, isInMemory, isPause, isDrop }] of actions.entries()) {
          const known = files.get(file);
          if (isDrop && known !== undefined) {
            // What was given up may not be waited for.
            await Promise.all(given);
            known.hash[Symbol.dispose]();
            files.delete(file);
          }
          const one = files.get(file) ?? { hash: lanes.begin(), expected: createHash("md5") };
          files.set(file, one);
          const there = content.subarray(step * 101, step * 101 + length);
          const piece = isInMemory ? there : Buffer.from(there);
          one.expected.update(piece);
          wanted.push(md5(piece));
          given.push(one.hash.add(piece));
          if (isPause) await new Promise((resolve) => setImmediate(resolve));
        }
        const whole = [...files.values()];
        const ends = await Promise.all(whole.map(async ({ hash: one }) => one.end()));
        expect(ends).toEqual(whole.map(({ expected }) => expected.digest("base64")));
        expect(await Promise.all(given)).toEqual(wanted);
      }),
      { numRuns: 60 },
    );
  });

  it("that is given up while its pieces are under way leaves the others their digests", async () => {
    fill(content, 2);
    const [given, kept] = [lanes.begin(), lanes.begin()];
    const givenUp = [given.add(content), given.add(content)];
    const pieces = [kept.add(content.subarray(3)), kept.add(content.subarray(0, 70_001))];
    await new Promise((resolve) => setImmediate(resolve));
    given[Symbol.dispose]();
    // Nobody waits for ever.
    expect(await Promise.all(givenUp)).toEqual([md5(content), md5(content)]);
    expect(await Promise.all(pieces)).toEqual([md5(content.subarray(3)), md5(content.subarray(0, 70_001))]);
    expect(await kept.end()).toBe(md5(Buffer.concat([content.subarray(3), content.subarray(0, 70_001)])));
  });

  it("of more than 512 MiB has its length in both halves of the 64 bits", async () => {
    const whole = lanes.begin();
    const expected = createHash("md5");
    for (let at = 0; at <= 2 ** 29; at += CONTENT_BYTES) {
      void whole.add(content);
      expected.update(content);
      if (at % 2 ** 25 === 0) await whole.add(Buffer.alloc(0));
    }
    expect(await whole.end()).toBe(expected.digest("base64"));
  }, 60_000);
});

describe("without WebAssembly", () => {
  it("content lies in ordinary shared memory and is hashed by OpenSSL", async () => {
    const path = (name: string): string => {
      const file = new URL(`file://${join(import.meta.dirname, "../../src/transfer", name)}`);
      return JSON.stringify(file.href);
    };
    const script = `import { Hasher } from ${path("hasher.ts")};
      import { ContentMemory } from ${path("content-memory.ts")};
      delete globalThis.WebAssembly;
      const memory = new ContentMemory(300_000);
      const hasher = new Hasher({ fromBytes: 0, memory });
      const never = new AbortController().signal;
      using file = hasher.begin(300_000, never);
      const bytes = Buffer.from(memory.buffer).fill("x");
      console.log(memory.wasm, await hasher.md5(bytes, never), await file.add(bytes), await file.end());`;
    const run = promisify(execFile);
    const args = ["--input-type=module", "-e", script];
    const { stdout } = await run(process.execPath, args, { timeout: 20_000 });
    const wanted = md5(Buffer.alloc(300_000, "x"));
    expect(stdout.trim()).toBe(`undefined ${wanted} ${wanted} ${wanted}`);
  });
});
