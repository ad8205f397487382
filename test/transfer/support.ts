/** A ladder on the emulator through the fault proxy, with small blocks and short waits. */
import { createHash, randomBytes } from "node:crypto";
import { BlobSASPermissions, type BlockBlobUploadOptions, type ContainerClient } from "@azure/storage-blob";
import { inject } from "vitest";
import { parseConnectionString, type StorageAccount } from "../../src/azure/account.ts";
import { type AttemptPolicy, Attempts } from "../../src/azure/attempts/attempt.ts";
import type { Hedging } from "../../src/azure/attempts/hedge.ts";
import { RestBlobReader } from "../../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../../src/azure/calls/rest-blob-writer.ts";
import type { GateOptions, ServiceGate } from "../../src/azure/gate/service-gate.ts";
import { SourceLinks } from "../../src/azure/calls/source-links.ts";
import type { CatalogFile } from "../../src/core/file.ts";
import { Secret } from "../../src/core/secret.ts";
import { Buffers } from "../../src/transfer/buffers.ts";
import { Hasher } from "../../src/transfer/hasher.ts";
import { AutoTransfer } from "../../src/transfer/auto-transfer.ts";
import { TRANSFER_DEFAULTS, type TransferSettings, type TransferTools } from "../../src/transfer/tools.ts";
import type { Transfer, TransferResult } from "../../src/transfer/transfer.ts";
import { QUICK, quickGate, restTo } from "../azure/support.ts";
import { carriedTransfer } from "../support/carried.ts";
import { emulator, type TestEmulator } from "../support/azurite.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { type HashedBlob, readerOf } from "../support/reader.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

export const BLOCK = 64 * 1024;

/** One for all tests of a file: its thread starts once. */
const HASHER = new Hasher({ fromBytes: BLOCK });

export interface LadderOptions {
  readonly settings?: Partial<TransferSettings>;
  readonly policy?: Partial<AttemptPolicy>;
  readonly gate?: Partial<GateOptions>;
  readonly buffers?: Buffers;
  /** By default nothing is asked twice. */
  readonly hedging?: Hedging;
  readonly hasher?: Hasher;
}

/** A ladder for this account; by default it streams in blocks of `BLOCK`. */
export function ladderTo(
  account: StorageAccount,
  container: string,
  { settings, policy, gate, hedging, hasher = HASHER, buffers = new Buffers(16 * BLOCK) }: LadderOptions = {},
): { readonly ladder: Transfer; readonly tools: TransferTools & { readonly targetGate: ServiceGate } } {
  const sources = new Map<string, ServiceGate>();
  const client = restTo(account);
  const tools = {
    surroundings: REAL_SURROUNDINGS,
    settings: {
      ...TRANSFER_DEFAULTS,
      mode: "stream" as const,
      blockBytes: BLOCK,
      serverBlockBytes: BLOCK,
      ...settings,
    },
    writer: new RestBlobWriter(client, container),
    reader: new RestBlobReader(client),
    links: new SourceLinks(REAL_SURROUNDINGS, account),
    attempts: new Attempts(REAL_SURROUNDINGS, { ...QUICK, ...policy }, hedging),
    targetGate: quickGate(gate),
    sourceGate: (accountUrl: string) => {
      const known = sources.get(accountUrl) ?? quickGate({ ...gate, essential: false });
      sources.set(accountUrl, known);
      return known;
    },
    buffers,
    hasher,
  };
  const transfer = (replaces: TransferSettings["replaces"]): Transfer =>
    new AutoTransfer({ ...tools, settings: { ...tools.settings, replaces } });
  return { ladder: carriedTransfer(transfer, tools.settings.replaces), tools };
}

/** The emulator with a source and a target container, and a fault proxy that the product goes through. */
export class Bench {
  readonly proxy: FaultProxy;
  readonly storage: TestEmulator = emulator();
  source!: ContainerClient;
  target!: ContainerClient;

  constructor(proxy: FaultProxy) {
    this.proxy = proxy;
  }

  static async start(): Promise<Bench> {
    return new Bench(await startFaultProxy(inject("emulator")));
  }

  /** New containers, no faults, nothing counted. */
  async reset(): Promise<void> {
    await this.proxy.online();
    this.proxy.heal();
    this.source = await this.storage.newContainer();
    this.target = await this.storage.newContainer();
    this.proxy.forget();
  }

  get account(): StorageAccount {
    return parseConnectionString(new Secret(this.proxy.connectionString));
  }

  ladder(options: LadderOptions = {}) {
    return ladderTo(this.account, this.target.containerName, options);
  }

  /** Puts a source blob past the proxy. Gives its link through the proxy, without a SAS. */
  async put(name: string, content: Buffer, options: BlockBlobUploadOptions = {}): Promise<CatalogFile> {
    await this.source.getBlockBlobClient(name).upload(content, content.length, {
      blobHTTPHeaders: { blobContentType: "application/octet-stream" },
      ...options,
    });
    return { fileName: name, uri: this.linkTo(name) };
  }

  linkTo(name: string): string {
    return `${this.proxy.blobEndpoint}/${this.source.containerName}/${encodeURIComponent(name)}`;
  }

  /** A link with a SAS that lasts so long, through the proxy. */
  async sasLinkTo(name: string, lastsMs = 3_600_000): Promise<string> {
    return emulator(this.proxy.connectionString)
      .container(this.source.containerName)
      .getBlobClient(name)
      .generateSasUrl({
        permissions: BlobSASPermissions.parse("r"),
        startsOn: new Date(Date.now() - 7_200_000),
        expiresOn: new Date(Date.now() + lastsMs),
      });
  }

  /** Transfers with a new ladder, as a new process would. */
  async transfer(
    file: CatalogFile,
    options: LadderOptions & { readonly signal?: AbortSignal } = {},
  ): Promise<TransferResult> {
    const signal = options.signal ?? new AbortController().signal;
    return this.ladder(options).ladder.transfer(file, file.fileName, { signal });
  }

  /** What an independent reader finds in the target. */
  async found(): Promise<Map<string, HashedBlob>> {
    return readerOf(this.storage.connectionString).hashAll(this.target.containerName);
  }
}

export const md5Of = (content: Buffer): string => createHash("md5").update(content).digest("base64");

/** Content that is no other's. */
export const content = (bytes: number): Buffer => randomBytes(bytes);
