import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContentMemory } from "../../src/transfer/content-memory.ts";
import { Hasher } from "../../src/transfer/hasher.ts";
import { thrownBy } from "../azure/support.ts";

const never = new AbortController().signal;
const md5 = (bytes: Uint8Array): string => hash("md5", bytes, "base64");
/** In memory that threads share, as the buffers of a run are. */
const shared = (bytes: Uint8Array): Buffer => {
  const buffer = Buffer.from(new SharedArrayBuffer(bytes.length));
  buffer.set(bytes);
  return buffer;
};

describe.each([
  ["in this thread", new Hasher({ fromBytes: Infinity })],
  ["in another thread", new Hasher({ fromBytes: 0 })],
])("the MD5 %s", (_, hasher) => {
  it("is that of the bytes, whichever memory they are in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
        expect(await hasher.md5(shared(bytes), never)).toBe(md5(bytes));
        expect(await hasher.md5(Buffer.from(bytes), never)).toBe(md5(bytes));
      }),
    );
  });

  it("covers all pieces of a file in their order, however the files alternate", async () => {
    const files = fc.array(fc.array(fc.uint8Array({ maxLength: 500 }), { maxLength: 6 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(files, async (all) => {
        const hashes = all.map(() => hasher.begin(500, never));
        const ofPieces: Promise<string>[][] = all.map(() => []);
        for (let at = 0; at < 6; at++) {
          for (const [file, pieces] of all.entries()) {
            const piece = pieces[at];
            const one = hashes[file];
            if (piece !== undefined && one !== undefined) ofPieces[file]?.push(one.add(shared(piece)));
          }
        }
        for (const [file, pieces] of all.entries()) {
          expect(await hashes[file]?.end()).toBe(md5(Buffer.concat(pieces)));
          expect(await Promise.all(ofPieces[file] ?? [])).toEqual(pieces.map(md5));
        }
      }),
    );
  });

  it("begins anew after a file that was given up", async () => {
    {
      using given = hasher.begin(10, never);
      await given.add(shared(Buffer.from("a piece")));
    }
    using next = hasher.begin(10, never);
    await next.add(shared(Buffer.from("another")));
    expect(await next.end()).toBe(md5(Buffer.from("another")));
  });
});

describe("long contents in this thread", () => {
  it("have OpenSSL's digests in lanes, which begin after some", async () => {
    const memory = new ContentMemory(2 ** 20);
    const hasher = new Hasher({ fromBytes: Infinity, memory });
    const content = Buffer.from(memory.buffer, 0, 2 ** 20);
    content.set(content.map((_, at) => at >> 7));
    const pieces = Array.from({ length: 40 }, (_, at) => content.subarray(at, 2 ** 20 - 7 * at));
    using file = hasher.begin(2 ** 20, never);
    expect(await Promise.all(pieces.map(async (piece) => hasher.md5(piece, never)))).toEqual(pieces.map(md5));
    using other = hasher.begin(2 ** 20, never);
    expect(memory.takeScratch()).toBeDefined();
    expect(memory.takeScratch()).toBeUndefined();
    for (const each of [file, other]) {
      expect(await Promise.all(pieces.map(async (piece) => each.add(piece)))).toEqual(pieces.map(md5));
      expect(await each.end()).toBe(md5(Buffer.concat(pieces)));
    }
  });
});

describe("the other thread", () => {
  it("is not waited for once the signal has aborted, and others get their answers", async () => {
    const hasher = new Hasher({ fromBytes: 0 });
    const long = Buffer.from(new SharedArrayBuffer(64 * 2 ** 20));
    const abort = new AbortController();
    const given = thrownBy(hasher.md5(long, abort.signal));
    const kept = hasher.md5(shared(Buffer.from("kept")), never);
    const reason = new Error("the run ends");
    abort.abort(reason);
    expect(await given).toBe(reason);
    expect(await kept).toBe(md5(Buffer.from("kept")));
    expect(await thrownBy(hasher.md5(long, abort.signal))).toBe(reason);
  });

  it("fails the files whose pieces it knew when it dies, and all else is hashed here from then on", async () => {
    const hasher = new Hasher({ fromBytes: 0 });
    using begun = hasher.begin(10, never);
    await begun.add(shared(Buffer.from("a piece")));
    // No bytes at all: neither thread can hash that.
    const noBytes = thrownBy(hasher.md5({ length: 1 } as Buffer, never));
    const waiting = hasher.md5(shared(Buffer.from("waits")), never);
    expect(await noBytes).toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
    expect(await waiting).toBe(md5(Buffer.from("waits")));
    const error = await thrownBy(begun.add(shared(Buffer.from("another"))));
    expect((error as Error).message).toMatch(/^the thread that hashes ended: .*is not a function/);
    expect(await thrownBy(begun.end())).toBe(error);
    expect(await hasher.md5(shared(Buffer.from("new")), never)).toBe(md5(Buffer.from("new")));
    using next = hasher.begin(10, never);
    await next.add(shared(Buffer.from("next")));
    expect(await next.end()).toBe(md5(Buffer.from("next")));
  });

  it("keeps the process until it has answered, and not for longer", async () => {
    const hasherUrl = new URL(`file://${join(import.meta.dirname, "../../src/transfer/hasher.ts")}`);
    const script = `import { Hasher } from ${JSON.stringify(hasherUrl.href)};
      const bytes = Buffer.from(new SharedArrayBuffer(32 * 2 ** 20));
      void new Hasher({ fromBytes: 0 }).md5(bytes, new AbortController().signal).then(console.log);`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      timeout: 20_000,
    });
    expect(stdout.trim()).toBe(md5(Buffer.alloc(32 * 2 ** 20)));
  });
});

describe("the other thread, when its loop never ends,", () => {
  const HANG = shared(Buffer.from("hi"));
  const start = () => new Worker(join(import.meta.dirname, "hanging-hash-thread.ts"), { execArgv: [] });
  const hanging = (hangsAfterMs: number) => new Hasher({ fromBytes: 0, hangsAfterMs, start });

  it("is ended: what waits for it is hashed here, and the files whose pieces it knew fail", async () => {
    const hasher = hanging(500);
    using begun = hasher.begin(10, never);
    await begun.add(shared(Buffer.from("a piece")));
    const all = [HANG, shared(Buffer.from("waits"))].map(async (bytes) => hasher.md5(bytes, never));
    const piece = thrownBy(begun.add(shared(Buffer.from("another"))));
    expect(await Promise.all(all)).toEqual([md5(HANG), md5(Buffer.from("waits"))]);
    expect((await piece) as Error).toMatchObject({
      message: "the thread that hashes ended: it was busy for 0.5 s without a word",
    });
    expect(await hasher.md5(shared(Buffer.from("new")), never)).toBe(md5(Buffer.from("new")));
  });

  it("is ended 5 s after a file of it was given up", async () => {
    const hasher = hanging(60_000);
    const given = hasher.begin(10, never);
    await given.add(shared(Buffer.from("a piece")));
    const asked = hasher.md5(HANG, never);
    given[Symbol.dispose]();
    expect(await asked).toBe(md5(HANG));
  }, 20_000);

  it("is not ended while it rests or answers", async () => {
    const hasher = hanging(300);
    await hasher.md5(shared(Buffer.from("it starts")), never);
    const until = performance.now() + 1_500;
    using begun = hasher.begin(10, never);
    while (performance.now() < until) await begun.add(shared(Buffer.from("a piece")));
    await setTimeout(1_500);
    await begun.add(shared(Buffer.from("a piece")));
    expect(await begun.end()).toBe("");
  });

  it("keeps no process that has given up what it asked", async () => {
    const url = (path: string) => new URL(`file://${join(import.meta.dirname, path)}`).href;
    const script = `import { Worker } from "node:worker_threads";
      import { Hasher } from ${JSON.stringify(url("../../src/transfer/hasher.ts"))};
      const start = () => new Worker(new URL(${JSON.stringify(url("hanging-hash-thread.ts"))}), { execArgv: [] });
      const abort = new AbortController();
      const asked = new Hasher({ fromBytes: 0, start }).md5(Buffer.from("hi"), abort.signal);
      setTimeout(() => abort.abort(new Error("given up")), 1_000);
      await asked.catch(({ message }) => console.log(message));`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      timeout: 20_000,
    });
    expect(stdout.trim()).toBe("given up");
  });
});
