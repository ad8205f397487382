import {
  generateAccountSASQueryParameters,
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseConnectionString, type StorageAccount } from "../../../src/azure/account.ts";
import { Attempts } from "../../../src/azure/attempts/attempt.ts";
import { probeRights } from "../../../src/azure/calls/probe-rights.ts";
import type { Pairs } from "../../../src/core/blob-attributes.ts";
import { Secret } from "../../../src/core/secret.ts";
import { emulator } from "../../support/azurite.ts";
import { asStorage, startStub } from "../../support/stub-server.ts";
import { QUICK, quickGate, restTo } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const storage = emulator();
const account = parseConnectionString(new Secret(storage.connectionString));

/** The account as it is seen with a SAS that gives only these permissions. */
function accountWith(permissions: string): StorageAccount {
  if (account.credential.kind !== "shared-key") throw new TypeError("the emulator has a key");
  const { accountName, key } = account.credential;
  const token = generateAccountSASQueryParameters(
    {
      permissions: AccountSASPermissions.parse(permissions),
      services: AccountSASServices.parse("bq").toString(),
      resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
      protocol: SASProtocol.HttpsAndHttp,
      expiresOn: new Date(Date.now() + 600_000),
    },
    new StorageSharedKeyCredential(accountName, key.reveal()),
  ).toString();
  return { ...account, credential: { kind: "sas", token: new Secret(token) } };
}

async function probed(as: StorageAccount, tags: Pairs = {}) {
  const [container, queue] = [await storage.newContainer(), await storage.newQueue()];
  const rights = await probeRights({
    client: restTo(as),
    container: container.containerName,
    queue: queue.name,
    tags,
    attempts: new Attempts(REAL_SURROUNDINGS, QUICK),
    gates: { target: quickGate(), queue: quickGate() },
    signal: new AbortController().signal,
  });
  const blobs = [];
  for await (const blob of container.listBlobsFlat()) blobs.push(blob.name);
  const { receivedMessageItems: messages } = await queue.receiveMessages();
  return { rights, left: blobs.length + messages.length };
}

describe("the probe of rights", () => {
  it("finds the rights that are given and leaves nothing behind", async () => {
    expect(await probed(account)).toEqual({
      rights: { mayWrite: { isGiven: true }, maySend: { isGiven: true } },
      left: 0,
    });
  });

  it("finds whether tags may be written, when there are some, and leaves nothing behind", async () => {
    const tags = { batch: "7" };
    expect(await probed(account, tags)).toMatchObject({ rights: { mayTag: { isGiven: true } }, left: 0 });
    // The emulator takes tags from everybody who may write.
    const stub = await startStub(({ headers }) => {
      const code = headers["x-ms-tags"] === "batch=7" ? "AuthorizationPermissionMismatch" : "ConditionNotMet";
      const status = code === "ConditionNotMet" ? 412 : 403;
      return asStorage({ status, headers: { "x-ms-error-code": code } });
    });
    onTestFinished(() => stub.stop());
    const { rights } = await probed({ ...account, blobEndpoint: `${stub.url}/acct` }, tags);
    expect(rights).toMatchObject({ mayWrite: { isGiven: true }, mayTag: { isGiven: false } });
  });

  it("finds that neither writing nor sending is allowed", async () => {
    const { rights, left } = await probed(accountWith("rl"));
    expect(rights).toMatchObject({ mayWrite: { isGiven: false }, maySend: { isGiven: false } });
    expect(left).toBe(0);
    expect(JSON.stringify(rights)).not.toContain("sig=");
  });
});
