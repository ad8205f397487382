/**
 * The three ways of transfer on a real account: what the emulator cannot show (Put Blob From URL), and that all give
 * the same blob. Makes two containers of its own and deletes them.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConnectionString } from "../../src/azure/account.ts";
import { Attempts, ATTEMPT_DEFAULTS } from "../../src/azure/attempts/attempt.ts";
import { Connections } from "../../src/azure/wire/connections.ts";
import { chooseProxy } from "../../src/azure/wire/proxy.ts";
import { RestBlobReader } from "../../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../../src/azure/calls/rest-blob-writer.ts";
import { RestClient } from "../../src/azure/wire/rest-client.ts";
import { GATE_DEFAULTS, ServiceGate } from "../../src/azure/gate/service-gate.ts";
import { SourceLinks } from "../../src/azure/calls/source-links.ts";
import { DEFAULT_ATTRIBUTES } from "../../src/core/blob-attributes.ts";
import type { CatalogFile } from "../../src/core/file.ts";
import { Secret } from "../../src/core/secret.ts";
import { Buffers } from "../../src/transfer/buffers.ts";
import { Hasher } from "../../src/transfer/hasher.ts";
import { AutoTransfer } from "../../src/transfer/auto-transfer.ts";
import { TRANSFER_DEFAULTS, type TransferSettings } from "../../src/transfer/tools.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const connectionString = process.env["AZURE_TEST_CONNECTION_STRING"] ?? "";

const BLOCK = 512 * 1024;
const WAYS = {
  "put-blob-from-url": { mode: "server" },
  "put-block-from-url": { mode: "server", serverCopyLimit: 1 },
  "put-blocks": { mode: "stream" },
} as const satisfies Record<string, Partial<TransferSettings>>;

const body = randomBytes(3 * BLOCK + 17);
let source: ContainerClient;
let target: ContainerClient;
let file: CatalogFile;

function ladder(settings: Partial<TransferSettings>): AutoTransfer {
  const account = parseConnectionString(new Secret(connectionString));
  const client = new RestClient(
    REAL_SURROUNDINGS,
    account,
    new Connections(chooseProxy(process.env), ATTEMPT_DEFAULTS.idleMs),
  );
  const gate = new ServiceGate(REAL_SURROUNDINGS, "test account", GATE_DEFAULTS);
  return new AutoTransfer({
    surroundings: REAL_SURROUNDINGS,
    settings: { ...TRANSFER_DEFAULTS, blockBytes: BLOCK, serverBlockBytes: BLOCK, ...settings },
    writer: new RestBlobWriter(client, target.containerName),
    reader: new RestBlobReader(client),
    links: new SourceLinks(REAL_SURROUNDINGS, account),
    attempts: new Attempts(REAL_SURROUNDINGS, ATTEMPT_DEFAULTS),
    targetGate: gate,
    sourceGate: () => gate,
    buffers: new Buffers(16 * BLOCK),
    hasher: new Hasher(),
  });
}

const transfer = async (name: string, settings: Partial<TransferSettings>, of: CatalogFile = file) =>
  ladder(settings).transfer(of, name, { signal: new AbortController().signal });

/** What a blob is to whoever reads it. */
async function blobOf(name: string) {
  const blob = target.getBlobClient(name);
  const { contentType, contentEncoding, contentMD5, metadata } = await blob.getProperties();
  return {
    isWhole: body.equals(await blob.downloadToBuffer()),
    contentType,
    contentEncoding,
    contentMd5: contentMD5 && Buffer.from(contentMD5).toString("base64"),
    metadata,
  };
}

if (connectionString === "") {
  it("a real account is not tested: AZURE_TEST_CONNECTION_STRING is not set", (context) => context.skip());
} else {
  describe("on a real account", onRealAccount);
}

function onRealAccount(): void {
  beforeAll(async () => {
    const service = BlobServiceClient.fromConnectionString(connectionString);
    const name = `reupload-test-${randomUUID()}`;
    source = service.getContainerClient(`${name}-source`);
    target = service.getContainerClient(`${name}-target`);
    await Promise.all([source.create(), target.create()]);
    const blob = source.getBlockBlobClient("a file+1 %#.json");
    await blob.upload(body, body.length, {
      blobHTTPHeaders: { blobContentType: "application/octet-stream", blobContentEncoding: "identity" },
      metadata: { origin: "here" },
    });
    file = { fileName: "a.json", uri: blob.url, length: body.length };
  });
  afterAll(() => Promise.all([source.deleteIfExists(), target.deleteIfExists()]));

  it("all ways give the same blob: bytes, the type that is set, MD5, encoding, metadata", async () => {
    for (const [method, settings] of Object.entries(WAYS)) {
      expect(await transfer(method, settings)).toMatchObject({ outcome: "copied", method });
    }
    const [first, ...others] = await Promise.all(Object.keys(WAYS).map(blobOf));
    expect(first).toMatchObject({
      isWhole: true,
      contentType: "application/json",
      contentEncoding: "identity",
      metadata: { origin: "here" },
    });
    expect(first?.contentMd5).toBeDefined();
    for (const other of others) expect(other).toEqual(first);
  });

  it("all ways keep the source's type on request", async () => {
    for (const [method, settings] of Object.entries(WAYS)) {
      await transfer(`source-${method}`, { ...settings, contentType: "source" });
      expect(await blobOf(`source-${method}`), method).toMatchObject({
        isWhole: true,
        contentType: "application/octet-stream",
        contentEncoding: "identity",
        metadata: { origin: "here" },
      });
    }
  });

  it("all ways set the metadata, tier, tags and cache control that are asked for, or no metadata at all", async () => {
    const attributes = {
      metadata: { batch: "7" },
      tier: "cool",
      tags: { "a b": "x+y/z:1=2", empty: "" },
      cacheControl: "no-cache",
    } as const;
    for (const [method, settings] of Object.entries(WAYS)) {
      await transfer(`attributes-${method}`, { ...settings, attributes });
      const blob = target.getBlobClient(`attributes-${method}`);
      const { accessTier, cacheControl } = await blob.getProperties();
      const { tags } = await blob.getTags();
      expect({ accessTier, cacheControl, tags }, method).toEqual({
        accessTier: "Cool",
        cacheControl: attributes.cacheControl,
        tags: attributes.tags,
      });
      expect(await blobOf(blob.name), method).toMatchObject({
        isWhole: true,
        contentEncoding: "identity",
        metadata: attributes.metadata,
      });
      await transfer(`bare-${method}`, { ...settings, attributes: { ...DEFAULT_ATTRIBUTES, metadata: {} } });
      expect(await blobOf(`bare-${method}`), method).toMatchObject({ isWhole: true, metadata: {} });
    }
  });

  it("all ways find a blob that is there, and a source that is not", async () => {
    for (const [method, settings] of Object.entries(WAYS)) {
      await transfer(`twice-${method}`, settings);
      expect(await transfer(`twice-${method}`, settings)).toMatchObject({ outcome: "already-there" });
      const missing = { ...file, uri: `${source.url}/missing` };
      await expect(transfer(`missing-${method}`, settings, missing)).rejects.toMatchObject({
        code: "source-not-found",
      });
    }
  });

  it("a wrong MD5 in the catalog creates nothing", async () => {
    for (const [method, settings] of Object.entries(WAYS)) {
      const wrong = { ...file, contentMd5: "AAAAAAAAAAAAAAAAAAAAAA==" };
      await expect(transfer(`wrong-${method}`, settings, wrong)).rejects.toMatchObject({
        code: "integrity-mismatch",
      });
      expect(await target.getBlobClient(`wrong-${method}`).exists()).toBe(false);
    }
  });
}
