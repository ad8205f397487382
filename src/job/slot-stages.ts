/** What carries a file through a slot, built alike in the main thread and in the threads of `--threads`. */
import type { Announcer } from "../announce/announcer.ts";
import { QueueAnnouncer } from "../announce/queue-announcer.ts";
import type { StorageAccount } from "../azure/account.ts";
import type { Attempts } from "../azure/attempts/attempt.ts";
import { BrakedReader, BrakedWriter } from "../azure/calls/braked-calls.ts";
import { RestBlobReader } from "../azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../azure/calls/rest-blob-writer.ts";
import { RestQueueCalls } from "../azure/calls/rest-queue-calls.ts";
import { SourceLinks } from "../azure/calls/source-links.ts";
import type { Pacer } from "../azure/gate/pacer.ts";
import type { Gate } from "../azure/gate/gate.ts";
import type { RestClient } from "../azure/wire/rest-client.ts";
import type { RunSettings } from "../config/run-options.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";
import { Buffers } from "../transfer/buffers.ts";
import { ContentMemory } from "../transfer/content-memory.ts";
import { Hasher } from "../transfer/hasher.ts";
import { TRANSFER_DEFAULTS, type TransferSettings, type TransferTools } from "../transfer/tools.ts";
import { chooseBlockBytes } from "./limits.ts";
import { ownQueue } from "./own-queue.ts";

/** Bytes of file content in memory at once, over all slots; threads share it, and each has enough for a few blocks. */
const BUFFER_BYTES = 64 * 2 ** 20;
const LEAST_BUFFER_BYTES = 32 * 2 ** 20;

/** What a slot does, as data that can be cloned to another thread. */
export interface SlotDescription {
  readonly container: string;
  /** undefined: nothing is announced */
  readonly queue: string | undefined;
  /** Of an announcement; -1 = never expires */
  readonly timeToLiveSeconds: number;
  readonly transfer: Omit<TransferSettings, "replaces">;
  /** The file content that may be in memory at once, bytes. */
  readonly bufferBytes: number;
  /** Long contents are hashed by a thread of their own. */
  readonly hashesApart: boolean;
}

/** The services as a slot needs them. */
export interface SlotServices {
  readonly account: StorageAccount;
  readonly client: RestClient;
  readonly attempts: Attempts;
  readonly target: Gate;
  readonly queue: Gate;
  /** The gate of a source account, by its URL. */
  source(accountUrl: string): Gate;
  /** Bytes through this machine. */
  readonly bandwidth: Pacer;
}

/** @param localFiles the catalog's files are local ones: `file:` links may be read */
export function describeSlots(settings: RunSettings, localFiles: boolean): SlotDescription {
  const { messageTtl, metadata, tier, tags, cacheControl } = settings;
  return {
    container: settings.targetContainer,
    queue: ownQueue(settings),
    timeToLiveSeconds: messageTtl === undefined ? -1 : Math.max(1, Math.round(messageTtl / 1000)),
    transfer: {
      ...TRANSFER_DEFAULTS,
      mode: settings.transfer,
      contentType: settings.contentType,
      attributes: { metadata, tier, tags, cacheControl },
      onConflict: settings.onConflict,
      blockBytes: chooseBlockBytes(settings, TRANSFER_DEFAULTS.blockBytes),
      localFiles,
    },
    bufferBytes: Math.max(
      LEAST_BUFFER_BYTES,
      BUFFER_BYTES / (settings.threads === "auto" ? 1 : settings.threads),
    ),
    hashesApart: true,
  };
}

/** What all ways of transfer work with. */
export function buildSlotTools(services: SlotServices, slots: SlotDescription): TransferTools {
  const { client, bandwidth } = services;
  const memory = new ContentMemory(slots.bufferBytes);
  return {
    surroundings: REAL_SURROUNDINGS,
    settings: slots.transfer,
    writer: new BrakedWriter(new RestBlobWriter(client, slots.container), bandwidth),
    reader: new BrakedReader(new RestBlobReader(client), bandwidth),
    links: new SourceLinks(REAL_SURROUNDINGS, services.account),
    attempts: services.attempts,
    targetGate: services.target,
    sourceGate: (accountUrl) => services.source(accountUrl),
    buffers: new Buffers(slots.bufferBytes, { memory: memory.buffer }),
    hasher: new Hasher(slots.hashesApart ? { memory } : { memory, fromBytes: Infinity }),
  };
}

/** undefined with --no-queue */
export function buildSlotAnnouncer(services: SlotServices, slots: SlotDescription): Announcer | undefined {
  if (slots.queue === undefined) return undefined;
  return new QueueAnnouncer({
    calls: new RestQueueCalls(services.client, slots.queue),
    gate: services.queue,
    attempts: services.attempts,
    containerName: slots.container,
    timeToLiveSeconds: slots.timeToLiveSeconds,
  });
}
