/** The coordination account by the SDK: an independent reader, which tells what the emulator itself does. */
import { type ContainerClient, RestError } from "@azure/storage-blob";
import {
  type CoordinationAccount,
  CoordinationRefusal,
  type LeaseStatus,
} from "../../src/machines/coordination-account.ts";

export class SdkAccount implements CoordinationAccount {
  readonly #container: ContainerClient;

  constructor(container: ContainerClient) {
    this.#container = container;
  }

  read: CoordinationAccount["read"] = async (name) =>
    told("read", async () => {
      const client = this.#container.getBlobClient(name);
      const body = await client.downloadToBuffer().catch((thrown: unknown) => {
        if (thrown instanceof RestError && thrown.statusCode === 404) return undefined;
        throw thrown;
      });
      if (body === undefined) return undefined;
      const { etag, lastModified, metadata, leaseState, date } = await client.getProperties();
      return {
        name,
        body,
        etag: etag ?? "",
        lastModified: Number(lastModified),
        metadata: metadata ?? {},
        lease: leaseState as LeaseStatus,
        date: Number(date),
      };
    });

  list: CoordinationAccount["list"] = async (prefix) =>
    told("list", async () => {
      const blobs = [];
      for await (const { name, properties, metadata } of this.#container.listBlobsFlat({
        prefix,
        includeMetadata: true,
      })) {
        blobs.push({
          name,
          lastModified: Number(properties.lastModified),
          metadata: metadata ?? {},
          lease: properties.leaseState as LeaseStatus,
        });
      }
      return { blobs, date: Date.now() };
    });

  write: CoordinationAccount["write"] = async (name, { body, metadata = {} }, conditions) =>
    told("write", async () => {
      const { etag, date } = await this.#container
        .getBlockBlobClient(name)
        .upload(body, body.length, { metadata, conditions });
      return { etag: etag ?? "", date: Number(date) };
    });

  acquire: CoordinationAccount["acquire"] = async (name, leaseId, seconds) =>
    told("acquire", async () => ({
      date: Number((await this.#lease(name, leaseId).acquireLease(seconds)).date),
    }));

  renew: CoordinationAccount["renew"] = async (name, leaseId) =>
    told("renew", async () => ({ date: Number((await this.#lease(name, leaseId).renewLease()).date) }));

  release: CoordinationAccount["release"] = async (name, leaseId) =>
    told("release", async () => ({ date: Number((await this.#lease(name, leaseId).releaseLease()).date) }));

  makeContainer: CoordinationAccount["makeContainer"] = async () =>
    told("make container", async () => void (await this.#container.createIfNotExists()));

  #lease(name: string, leaseId: string) {
    return this.#container.getBlobClient(name).getBlobLeaseClient(leaseId);
  }
}

async function told<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    if (!(thrown instanceof RestError) || thrown.statusCode === undefined) throw thrown;
    const code = thrown.code ?? "";
    throw new CoordinationRefusal(operation, { status: thrown.statusCode, code, date: Date.now() });
  }
}
