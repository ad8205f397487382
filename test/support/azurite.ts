import { randomUUID } from "node:crypto";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { type QueueClient, QueueServiceClient } from "@azure/storage-queue";
import { inject } from "vitest";

export interface TestEmulator {
  readonly connectionString: string;
  /** Such as `http://127.0.0.1:10000/devstoreaccount1`. */
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  /** A name that no other test has, for a container, queue or blob. */
  uniqueName(): string;
  /** A client without retries. */
  container(name: string): ContainerClient;
  queue(name: string): QueueClient;
  /** A new, empty container or queue of its own name. */
  newContainer(): Promise<ContainerClient>;
  newQueue(): Promise<QueueClient>;
}

/** Nor with connections kept: the emulator closes idle ones, sometimes just when they are used again. */
const WITHOUT_RETRIES = { retryOptions: { maxTries: 1 }, keepAliveOptions: { enable: false } };

/** The test run's emulator, or the same one reached through a proxy's connection string. */
export function emulator(connectionString = inject("emulator").connectionString): TestEmulator {
  const blobs = BlobServiceClient.fromConnectionString(connectionString, WITHOUT_RETRIES);
  const queues = QueueServiceClient.fromConnectionString(connectionString, WITHOUT_RETRIES);
  const uniqueName = (): string => `t-${randomUUID()}`;
  const container = (name: string): ContainerClient => blobs.getContainerClient(name);
  const queue = (name: string): QueueClient => queues.getQueueClient(name);
  return {
    connectionString,
    blobEndpoint: blobs.url,
    queueEndpoint: queues.url,
    uniqueName,
    container,
    queue,
    async newContainer() {
      const made = container(uniqueName());
      await made.create();
      return made;
    },
    async newQueue() {
      const made = queue(uniqueName());
      await made.create();
      return made;
    },
  };
}
