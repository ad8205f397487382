/** What the blobs get beside their content (`--metadata`, `--tier`, `--tags`, `--cache-control`), whichever way they go. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type BlobAttributes, DEFAULT_ATTRIBUTES } from "../../src/core/blob-attributes.ts";
import type { CatalogFile } from "../../src/core/file.ts";
import { ContainerCheck } from "../../src/transfer/target-check.ts";
import type { TransferSettings } from "../../src/transfer/tools.ts";
import { restTo, thrownBy } from "../azure/support.ts";
import { Bench, BLOCK, content } from "./support.ts";

let bench: Bench;
let folder: string;
beforeAll(async () => {
  bench = await Bench.start();
  folder = await mkdtemp(join(tmpdir(), "reupload-attributes-"));
});
afterAll(async () => {
  await bench.proxy.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => bench.reset());

const SOURCE = {
  metadata: { origin: "here", Owner: "b" },
  blobHTTPHeaders: { blobCacheControl: "max-age=9" },
};

/** A way, the settings that take it, and how many bytes the file has. */
const WAYS: readonly (readonly [string, Partial<TransferSettings>, number])[] = [
  ["put-blob", {}, 10],
  ["put-blocks", {}, BLOCK + 1],
  ["put-block-from-url", { mode: "server", serverCopyLimit: 1 }, BLOCK + 1],
];

async function transferred(
  attributes: Partial<BlobAttributes>,
  [method, settings, bytes]: (typeof WAYS)[number],
  file?: CatalogFile,
) {
  const source = file ?? (await bench.put("a", content(bytes), SOURCE));
  const result = await bench.transfer(
    { ...source, fileName: "a", length: bytes },
    { settings: { ...settings, attributes: { ...DEFAULT_ATTRIBUTES, ...attributes } } },
  );
  expect(result).toMatchObject({ outcome: "copied", method });
  return made();
}

/** As the SDK reads it. */
async function made() {
  const blob = bench.target.getBlobClient("a");
  const { metadata, accessTier, accessTierInferred = false, cacheControl } = await blob.getProperties();
  const { tags } = await blob.getTags();
  const tier = accessTierInferred ? "account" : accessTier;
  return { metadata, tier, tags, cacheControl };
}

const AS_SOURCE = {
  metadata: { origin: "here", owner: "b" },
  tier: "account",
  tags: {},
  cacheControl: "max-age=9",
};
const ALL: BlobAttributes = {
  metadata: { batch: "7", note: "a, b=c %" },
  tier: "cool",
  tags: { "Batch id": "a+b/c:d=e_1", empty: "" },
  cacheControl: "no-store, max-age=0",
};
const LOCAL = { localFiles: true };

async function local(bytes: number): Promise<CatalogFile> {
  const path = join(folder, "local");
  await writeFile(path, content(bytes));
  return { fileName: "a", uri: pathToFileURL(path).href };
}

describe.each(WAYS)("a blob made by %s", (...way) => {
  it("has the source's metadata and cache control, the account's tier and no tags when nothing is asked for", async () => {
    expect(await transferred({}, way)).toEqual(AS_SOURCE);
  });

  it("has all that is asked for, and nothing of the source in its place", async () => {
    expect(await transferred(ALL, way)).toEqual({ ...ALL, tier: "Cool" });
  });

  it("has no metadata on request", async () => {
    expect(await transferred({ metadata: {} }, way)).toEqual({ ...AS_SOURCE, metadata: {} });
  });

  it("has the source's tier on request, by one look at the source", async () => {
    const [, , bytes] = way;
    const file = await bench.put("a", content(bytes), { ...SOURCE, tier: "Cool" });
    expect(await transferred({ tier: "source" }, way, file)).toEqual({ ...AS_SOURCE, tier: "Cool" });
    expect(bench.proxy.count("get-blob-properties")).toBe(1);
  });
});

describe("a local file's blob", () => {
  it.each([10, BLOCK + 1])(
    "of %i bytes has what is asked for; a local file has nothing to keep",
    async (bytes) => {
      const way = [bytes > BLOCK ? "put-blocks" : "put-blob", LOCAL, bytes] as const;
      expect(await transferred(ALL, way, await local(bytes))).toEqual({ ...ALL, tier: "Cool" });
      await bench.target.deleteBlob("a");
      expect(await transferred({ tier: "source" }, way, await local(bytes))).toEqual({
        metadata: {},
        tier: "account",
        tags: {},
        cacheControl: undefined,
      });
    },
  );
});

function checkWith(attributes: Partial<BlobAttributes>): ContainerCheck {
  const settings = { attributes: { ...DEFAULT_ATTRIBUTES, ...attributes } };
  const { tools } = bench.ladder({ settings });
  return new ContainerCheck(tools, { client: restTo(bench.account), container: bench.target.containerName });
}

describe("a blob in the archive tier", () => {
  it("that this or another start made is recognised by its MD5, and its attributes stay as they are", async () => {
    const body = content(10);
    const file = await bench.put("a", body);
    const settings = { attributes: { ...DEFAULT_ATTRIBUTES, tier: "archive" } } as const;
    await bench.transfer(file, { settings });
    expect(await made()).toMatchObject({ tier: "Archive" });
    const again = { settings: { attributes: { ...ALL, tier: "archive" } } } as const;
    expect(await bench.transfer(file, again)).toMatchObject({ outcome: "already-there" });
    expect(await made()).toMatchObject({ tier: "Archive", tags: {} });
  });

  it("without an MD5 cannot be compared, and is neither taken for the file nor written over", async () => {
    const body = content(10);
    const file = await bench.put("a", body);
    const there = bench.target.getBlockBlobClient("a");
    await there.stageBlock("AAAA", body, body.length);
    await there.commitBlockList(["AAAA"], {
      tier: "Archive",
      blobHTTPHeaders: { blobContentType: "application/json" },
    });
    // The first is the read of the source.
    const archived = { kind: "answer", status: 409, headers: { "x-ms-error-code": "BlobArchived" } } as const;
    const refuseSecondRead = () => bench.proxy.fail({ fault: archived, operation: "get-blob", skip: 1 });
    refuseSecondRead();
    const thrown = await thrownBy(bench.transfer(file));
    expect(thrown).toMatchObject({
      code: "target-locked",
      message: "the blob in the target is in the archive tier, so its content cannot be read and compared",
    });
    bench.proxy.heal();
    refuseSecondRead();
    const options = { depth: "bytes", signal: new AbortController().signal } as const;
    expect(await checkWith({}).look(file, "a", options)).toMatchObject({
      kind: "unreadable",
      code: "target-locked",
    });
  });
});

it("a blob in the archive tier that is to be written over is told as the target's, not as the source", async () => {
  const file = await bench.put("a", content(10));
  const archived = { kind: "answer", status: 409, headers: { "x-ms-error-code": "BlobArchived" } } as const;
  bench.proxy.fail({ fault: archived, operation: "put-blob" });
  expect(await thrownBy(bench.transfer(file, { settings: { replaces: () => true } }))).toMatchObject({
    code: "target-locked",
    message: "the blob in the target is in the archive tier, so it cannot be written over",
  });
});

describe("a look at the target", () => {
  const { signal } = new AbortController();
  const fileOf = () => ({ fileName: "a", uri: bench.linkTo("a"), length: 10 });

  /** What a list tells, what a look by itself tells, and what `--deep` tells. */
  async function verdicts(attributes: Partial<BlobAttributes>): Promise<readonly string[]> {
    const check = checkWith(attributes);
    const looked = [];
    for await (const { blobs } of check.list("a", { signal }))
      for (const blob of blobs) looked.push(check.judge(fileOf(), blob));
    looked.push(await check.look(fileOf(), "a", { depth: "properties", signal }));
    looked.push(await check.look(fileOf(), "a", { depth: "bytes", signal }));
    return looked.map((one) => (one.kind === "different" ? one.how : one.kind));
  }

  it("finds nothing different in what was made as asked", async () => {
    await transferred(ALL, ["put-blob", {}, 10]);
    expect(await verdicts(ALL)).toEqual(["same", "same", "same"]);
    await bench.target.deleteBlob("a");
    await transferred({}, ["put-blob", {}, 10]);
    expect(await verdicts({})).toEqual(["same", "same", "same"]);
  });

  it.each<[Partial<BlobAttributes>, string]>([
    [{ metadata: { batch: "8" } }, "its metadata are batch=7,note=a%2C b=c %25, not batch=8"],
    [{ metadata: {} }, "its metadata are batch=7,note=a%2C b=c %25, not none"],
    [{ tier: "hot" }, "its access tier is Cool, not Hot"],
    [{ tags: { a: "1" } }, "its tags are Batch id=a+b/c:d=e_1,empty=, not a=1"],
    [{ cacheControl: "no-cache" }, "its cache control is no-store, max-age=0, not no-cache"],
  ])("tells %j in words", async (other, how) => {
    await transferred(ALL, ["put-blob", {}, 10]);
    expect(await verdicts({ ...ALL, ...other })).toEqual([how, how, how]);
  });

  it("names the right to read tags when it is refused", async () => {
    const refused = { "x-ms-error-code": "AuthorizationPermissionMismatch" };
    bench.proxy.fail({ fault: { kind: "answer", status: 403, headers: refused }, operation: "list-blobs" });
    const pages = checkWith({ tags: { a: "1" } }).list("a", { signal });
    expect(await thrownBy(pages[Symbol.asyncIterator]().next())).toMatchObject({
      code: "permission",
      advice: expect.stringContaining("Storage Blob Data Owner") as string,
    });
  });

  it("compares with the source only where the bytes are compared, too", async () => {
    await transferred({ ...ALL, tier: "hot" }, ["put-blob", {}, 10]);
    const how = "its metadata are batch=7,note=a%2C b=c %25, not origin=here,owner=b";
    expect(await verdicts({})).toEqual(["same", "same", how]);
    await bench.source.getBlobClient("a").setAccessTier("Cool");
    const tier = "its access tier is Hot, not Cool";
    expect(await verdicts({ metadata: ALL.metadata, tier: "source" })).toEqual(["same", "same", tier]);
  });
});
