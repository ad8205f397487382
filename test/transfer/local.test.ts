/** Local files as sources: the same blobs as from links, and never one that mixes two versions of a file. */
import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CatalogFile } from "../../src/core/file.ts";
import { Buffers } from "../../src/transfer/buffers.ts";
import { thrownBy } from "../azure/support.ts";
import { Bench, BLOCK, content, type LadderOptions, md5Of } from "./support.ts";

const LOCAL: LadderOptions = { settings: { localFiles: true, mode: "auto" } };
const isRoot = process.getuid?.() === 0;

let bench: Bench;
let folder: string;
beforeAll(async () => {
  bench = await Bench.start();
  folder = await mkdtemp(join(tmpdir(), "reupload-local-"));
});
afterAll(async () => {
  await bench.proxy.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => bench.reset());

const pathOf = (name: string): string => join(folder, name);

/** Writes a file, and gives it as a catalog lists it. */
async function local(name: string, body: Buffer): Promise<CatalogFile> {
  await writeFile(pathOf(name), body);
  return { fileName: name, uri: pathToFileURL(pathOf(name)).href, length: body.length };
}

describe("a local file", () => {
  it.each([
    ["empty", 0, "put-blob"],
    ["of exactly one block", BLOCK, "put-blob"],
    ["of a block and a byte", BLOCK + 1, "put-blocks"],
    ["of many blocks", 9 * BLOCK + 123, "put-blocks"],
  ] as const)("%s arrives whole, as JSON, with its MD5 and no metadata", async (_, bytes, method) => {
    const body = content(bytes);
    const file = await local("a file+1 %#?\\ü.json", body);
    const { ladder } = bench.ladder(LOCAL);
    const { signal } = new AbortController();
    expect(await ladder.transfer(file, "a.json", { signal })).toEqual({
      outcome: "copied",
      bytes,
      contentMd5: md5Of(body),
      method,
      attempts: 1,
      existingSince: undefined,
    });
    expect((await bench.found()).get("a.json")).toMatchObject({
      bytes,
      md5: md5Of(body),
      contentMd5: md5Of(body),
      contentType: "application/json",
      contentEncoding: "",
      metadata: {},
    });
    expect(bench.proxy.count("get-blob", "get-blob-properties")).toBe(0);
  });

  it("is success when it is there already with the same content, and a conflict with other content", async () => {
    const file = await local("a", content(2 * BLOCK));
    await bench.transfer(file, LOCAL);
    expect(await bench.transfer(file, LOCAL)).toMatchObject({ outcome: "already-there" });
    await writeFile(pathOf("a"), content(2 * BLOCK));
    expect(await thrownBy(bench.transfer(file, LOCAL))).toMatchObject({ code: "conflict" });
  });

  it("is compared by its bytes with a blob that has no MD5", async () => {
    const body = content(3 * BLOCK);
    const file = await local("a", body);
    await bench.target.getBlockBlobClient("a").stageBlock("AAAA", body, body.length);
    await bench.target.getBlockBlobClient("a").commitBlockList(["AAAA"]);
    expect((await bench.found()).get("a")?.contentMd5).toBe("");
    expect(await bench.transfer(file, LOCAL)).toMatchObject({ outcome: "already-there" });
  });

  it("has no type of its own to keep", async () => {
    const file = await local("a", content(10));
    await bench.transfer(file, { settings: { localFiles: true, contentType: "source" } });
    expect((await bench.found()).get("a")?.contentType).toBe("application/octet-stream");
  });

  it("continues where an abort in the middle left it, and sends no block of an earlier version", async () => {
    const interrupt = async (file: CatalogFile): Promise<void> => {
      const run = new AbortController();
      bench.proxy.fail({ fault: { kind: "hang" }, operation: "put-block-list" });
      const cut = thrownBy(bench.transfer(file, { ...LOCAL, signal: run.signal }));
      await expect.poll(() => bench.proxy.count("put-block-list")).toBe(1);
      run.abort(new Error("killed"));
      await cut;
      bench.proxy.heal();
      bench.proxy.forget();
    };
    const file = await local("a", content(6 * BLOCK));
    await interrupt(file);
    const body = content(6 * BLOCK);
    await writeFile(pathOf("a"), body);
    await interrupt(file);
    expect(await bench.transfer(file, LOCAL)).toMatchObject({ outcome: "copied" });
    expect(bench.proxy.count("put-block")).toBe(0);
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
  });

  it("takes no more memory than the buffers give, and gives all of it back", async () => {
    const buffers = new Buffers(2 * BLOCK);
    await bench.transfer(await local("a", content(9 * BLOCK)), { ...LOCAL, buffers });
    const gone = await local("gone", content(10));
    await rm(pathOf("gone"));
    await thrownBy(bench.transfer(gone, { ...LOCAL, buffers }));
    const all = buffers.acquire(2 * BLOCK, AbortSignal.timeout(1000));
    await expect(all).resolves.toBeDefined();
    (await all).release();
  });
});

describe("the memory of a local file's bytes", () => {
  // A body that the socket sends in slices.
  const LONG = 8 * BLOCK;
  const long = { ...LOCAL, settings: { ...LOCAL.settings, blockBytes: LONG } };
  const one = (): Buffers => new Buffers(LONG);

  it("is free for the next block when they have left, though the service has not answered", async () => {
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    const body = content(3 * LONG + 5);
    const file = await local("a", body);
    bench.proxy.fail({ fault: { kind: "hold", until }, operation: "put-block" });
    const work = bench.transfer(file, { ...long, buffers: one() });
    await expect.poll(() => bench.proxy.count("put-block")).toBe(4);
    release();
    expect(await work).toMatchObject({ outcome: "copied", contentMd5: md5Of(body) });
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
  });

  it("is free for another file, too, when they go up whole", async () => {
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    const bodies = [content(LONG), content(LONG - 1)];
    const files = await Promise.all(bodies.map(async (body, n) => local(`whole-${n}`, body)));
    bench.proxy.fail({ fault: { kind: "hold", until }, operation: "put-blob" });
    const buffers = one();
    const work = Promise.all(files.map(async (file) => bench.transfer(file, { ...long, buffers })));
    await expect.poll(() => bench.proxy.count("put-blob")).toBe(2);
    release();
    await work;
    const found = await bench.found();
    expect(files.map(({ fileName }) => found.get(fileName)?.md5)).toEqual(bodies.map(md5Of));
  });

  it("is taken again when the service refuses them after they have left", async () => {
    const body = content(3 * LONG + 5);
    const file = await local("a", body);
    bench.proxy.fail({ fault: { kind: "answer", status: 503 }, operation: "put-block", skip: 1, times: 2 });
    bench.proxy.fail({ fault: { kind: "reset-after" }, operation: "put-block", skip: 2, times: 1 });
    const buffers = one();
    expect(await bench.transfer(file, { ...long, buffers })).toMatchObject({ outcome: "copied" });
    expect(bench.proxy.count("put-block")).toBe(7);
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
    const all = await buffers.acquire(LONG, AbortSignal.timeout(1000));
    all.release();
  });

  it.each([
    ["in blocks", 3 * LONG, "put-block"],
    ["whole", LONG, "put-blob"],
  ] as const)(
    "is not taken again for a file that changed meanwhile, which is reported (%s)",
    async (_, bytes, operation) => {
      const file = await local("a", content(bytes));
      bench.proxy.fail({ fault: { kind: "hang" }, operation });
      const options = { ...long, policy: { idleMs: 1_000 }, buffers: one() };
      const work = thrownBy(bench.transfer(file, options));
      await expect.poll(() => bench.proxy.count(operation)).toBe(bytes / LONG);
      await writeFile(pathOf("a"), content(bytes));
      expect(await work).toMatchObject({ code: "source-changed" });
      expect((await bench.found()).size).toBe(0);
    },
  );

  it("is not held while the service is asked which blocks it has", async () => {
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    bench.proxy.fail({ fault: { kind: "hold", until }, operation: "get-block-list" });
    const [large, small] = [await local("large", content(2 * LONG)), await local("small", content(LONG))];
    const buffers = one();
    const first = bench.transfer(large, { ...long, buffers });
    await expect.poll(() => bench.proxy.count("get-block-list")).toBe(1);
    expect(await bench.transfer(small, { ...long, buffers })).toMatchObject({ outcome: "copied" });
    release();
    expect(await first).toMatchObject({ outcome: "copied" });
  });
});

describe("a local file that changes", () => {
  const changes: readonly [string, (path: string, body: Buffer) => Promise<void>][] = [
    ["grows", async (path) => appendFile(path, "x")],
    ["is cut short", async (path, body) => writeFile(path, body.subarray(0, BLOCK))],
    [
      "gets other bytes and its old time",
      async (path, body) => {
        await writeFile(path, content(body.length));
        await utimes(path, 1_700_000_000, 1_700_000_000);
      },
    ],
    [
      "is replaced",
      async (path, body) => {
        await writeFile(`${path}.new`, content(body.length));
        await rename(`${path}.new`, path);
      },
    ],
  ];

  it.each(changes)("is reported and leaves no blob when it %s while it is read", async (_, change) => {
    const body = content(9 * BLOCK);
    const file = await local("a", body);
    await utimes(pathOf("a"), 1_700_000_000, 1_700_000_000);
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    bench.proxy.fail({ fault: { kind: "hold", until }, operation: "put-block" });
    const work = thrownBy(bench.transfer(file, { ...LOCAL, buffers: new Buffers(3 * BLOCK) }));
    await expect.poll(() => bench.proxy.count("put-block")).toBeGreaterThan(0);
    await change(pathOf("a"), body);
    release();
    expect(await work).toMatchObject({ code: "source-changed" });
    expect((await bench.found()).size).toBe(0);
  });

  it("is reported when it has another length than when it was listed", async () => {
    const file = await local("a", content(10));
    await appendFile(pathOf("a"), "x");
    const failure = await thrownBy(bench.transfer(file, LOCAL));
    expect(failure).toMatchObject({ code: "source-changed" });
    expect(String(failure)).toContain("11 bytes, it had 10");
  });

  it("is reported when it became a folder", async () => {
    const file = await local("was-file", content(10));
    await rm(pathOf("was-file"));
    await mkdir(pathOf("was-file"));
    expect(await thrownBy(bench.transfer(file, LOCAL))).toMatchObject({ code: "source-changed" });
  });

  it.skipIf(process.platform === "win32")(
    "is reported when it became a pipe, and nobody waits for a writer",
    async () => {
      const file = await local("was-file-too", content(10));
      await rm(pathOf("was-file-too"));
      execFileSync("mkfifo", [pathOf("was-file-too")]);
      expect(await thrownBy(bench.transfer(file, LOCAL))).toMatchObject({ code: "source-changed" });
    },
  );
});

describe("a local file that cannot be read", () => {
  it("is not found when it is gone", async () => {
    const file = await local("gone", content(10));
    await rm(pathOf("gone"));
    expect(await thrownBy(bench.transfer(file, LOCAL))).toMatchObject({ code: "source-not-found" });
  });

  it.skipIf(isRoot)("is forbidden because of its permissions", async () => {
    const file = await local("locked", content(10));
    await chmod(pathOf("locked"), 0);
    expect(await thrownBy(bench.transfer(file, LOCAL))).toMatchObject({ code: "source-forbidden" });
  });

  it.each(["auto", "server", "stream"] as const)(
    "because no catalog of this machine's files named it is forbidden (--transfer %s)",
    async (mode) => {
      const file = await local("secret", content(10));
      const failure = await thrownBy(bench.transfer(file, { settings: { mode } }));
      expect(failure).toMatchObject({ code: "source-forbidden" });
      expect(bench.proxy.requests).toEqual([]);
    },
  );

  it("is refused with --transfer server, because the service itself cannot read it", async () => {
    const file = await local("a", content(10));
    const work = bench.transfer(file, { settings: { localFiles: true, mode: "server" } });
    expect(await thrownBy(work)).toMatchObject({ code: "source-forbidden" });
  });
});
