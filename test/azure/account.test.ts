import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { type AccountInput, findAccount, parseConnectionString } from "../../src/azure/account.ts";
import { isAllowed, isLoopback, isTrustedForTokens } from "../../src/azure/sign-in/trusted-hosts.ts";
import { Secret } from "../../src/core/secret.ts";
import { countedSignIn, thrownBy } from "./support.ts";

const { signIn } = countedSignIn();
const find = async (input: AccountInput) => findAccount(input, async () => signIn);
const secret = (text: string): Secret => new Secret(text);

const KEY = "c2VjcmV0a2V5";
const FULL = `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${KEY};EndpointSuffix=core.windows.net`;
const TARGET = "https://acct.blob.core.windows.net";

describe("a connection string", () => {
  it("gives both endpoints and the key", () => {
    expect(parseConnectionString(secret(FULL))).toMatchObject({
      blobEndpoint: TARGET,
      queueEndpoint: "https://acct.queue.core.windows.net",
      credential: { kind: "shared-key", accountName: "acct" },
    });
  });

  it("may be in any case and order, with spaces and a last semicolon", () => {
    const text = ` accountkey=${KEY}; ACCOUNTNAME=acct ;EndpointSuffix=core.chinacloudapi.cn; `;
    expect(parseConnectionString(secret(text))).toMatchObject({
      blobEndpoint: "https://acct.blob.core.chinacloudapi.cn",
      credential: { accountName: "acct" },
    });
  });

  it("may name its endpoints, and hold a SAS in place of a key", () => {
    const sas = "sv=2024-11-04&sig=a%3D%3D&sp=rwc";
    const text = `BlobEndpoint=https://b.example/;QueueEndpoint=https://q.example/;SharedAccessSignature=?${sas}`;
    const account = parseConnectionString(secret(text));
    expect(account).toMatchObject({
      blobEndpoint: "https://b.example",
      queueEndpoint: "https://q.example",
      credential: { kind: "sas" },
    });
    expect(account.credential.kind === "sas" && account.credential.token.reveal()).toBe(sas);
  });

  it("may be the emulator's short form", () => {
    for (const text of ["UseDevelopmentStorage=true", "usedevelopmentstorage=TRUE;"]) {
      expect(parseConnectionString(secret(text))).toMatchObject({
        blobEndpoint: "http://127.0.0.1:10000/devstoreaccount1",
        queueEndpoint: "http://127.0.0.1:10001/devstoreaccount1",
      });
    }
  });

  it.each([
    ["UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://localhost", "http://localhost:10000"],
    ["UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://127.0.0.2/;", "http://127.0.0.2:10000"],
    [
      "BlobEndpoint=http://127.0.0.1:4000/devstoreaccount1;UseDevelopmentStorage=true",
      "http://127.0.0.1:4000",
    ],
    ["UseDevelopmentStorage=false;" + FULL, TARGET],
  ])("of the emulator may say more: %s", (text, origin) => {
    expect(parseConnectionString(secret(text)).blobEndpoint.startsWith(origin)).toBe(true);
  });

  it.each([
    [
      `UseDevelopmentStorage=true;${FULL}`,
      "it has defaultendpointsprotocol besides UseDevelopmentStorage=true",
    ],
    [`UseDevelopmentStorage=true;AccountKey=${KEY}`, "it has accountkey besides UseDevelopmentStorage=true"],
    [
      "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://other.example",
      "blob endpoint is not https",
    ],
    ["UseDevelopmentStorage=true;DevelopmentStorageProxyUri=other", "is not http://HOST"],
    [`AccountName=;AccountKey=${KEY}`, "its AccountName is empty"],
    [`AccountName=acct;AccountKey=;EndpointSuffix=core.windows.net`, "AccountKey is empty"],
    [`AccountName=acct;AccountKey=not base64!`, "AccountKey is not base64"],
    ["AccountName=acct;SharedAccessSignature=", "SharedAccessSignature is empty"],
    ["AccountName=acct;SharedAccessSignature=?", "SharedAccessSignature is empty"],
    ["AccountName=acct;SharedAccessSignature=sv=1", "has no signature"],
    ["", "neither AccountName and AccountKey nor SharedAccessSignature"],
    ["nonsense", "neither AccountName and AccountKey nor SharedAccessSignature"],
    ["AccountName=acct", "neither AccountName and AccountKey nor SharedAccessSignature"],
    [`AccountKey=${KEY}`, "neither AccountName and AccountKey nor SharedAccessSignature"],
    ["SharedAccessSignature=sig=x", "neither AccountName nor BlobEndpoint"],
    ["SharedAccessSignature=sig=x;BlobEndpoint=https://b.example", "neither AccountName nor QueueEndpoint"],
    [`${FULL};BlobEndpoint=not a url`, "blob endpoint is not a URL"],
    [`${FULL};BlobEndpoint=http://acct.blob.core.windows.net`, "blob endpoint is not https"],
    [`${FULL};QueueEndpoint=ftp://127.0.0.1/acct`, "queue endpoint is not https"],
    [FULL.replace("=https", "=http"), "blob endpoint is not https"],
    [
      `${FULL};BlobEndpoint=https://u:c2VjcmV0@acct.blob.core.windows.net`,
      "blob endpoint contains a user name",
    ],
  ])("%j is refused: %s", async (text, why) => {
    const error = await thrownBy(find({ connectionString: secret(text) }));
    expect(error).toMatchObject({ code: "bad-option", exitCode: 2 });
    expect(String(error)).toContain(why);
    expect(inspect(error)).not.toContain(KEY);
  });

  it("prints no secret", () => {
    const account = parseConnectionString(secret(FULL));
    for (const text of [inspect(account, { depth: 9 }), JSON.stringify(account)]) {
      expect(text).not.toContain(KEY);
    }
  });
});

describe("the target account", () => {
  it("is the connection string's when no target is given or the same one is given", async () => {
    for (const target of [undefined, TARGET, `${TARGET}/`]) {
      const account = await find({ target, connectionString: secret(FULL) });
      expect(account).toMatchObject({ blobEndpoint: TARGET, credential: { kind: "shared-key" } });
    }
  });

  it("is signed in to with the key, else the SAS, else a token", async () => {
    const both = { target: TARGET, key: secret(KEY), sasToken: secret("?sig=x") };
    expect((await find(both)).credential).toMatchObject({ kind: "shared-key", accountName: "acct" });
    const { credential: sas } = await find({ target: TARGET, sasToken: secret("?sv=1&sig=x") });
    expect(sas.kind === "sas" && sas.token.reveal()).toBe("sv=1&sig=x");
    expect((await find({ target: TARGET })).credential).toEqual({ kind: "token", signIn });
    expect((await find({ target: TARGET })).queueEndpoint).toBe("https://acct.queue.core.windows.net");
  });

  it.each([
    [undefined, "No target account is given"],
    ["acct", "is not a URL"],
    ["http://acct.blob.core.windows.net", "is not https"],
    ["ftp://acct.blob.core.windows.net", "is not https"],
    [`${TARGET}/results`, "names more than the account"],
    [`${TARGET}?sv=1&sig=c2lnbmF0dXJl`, "contains a SAS or a password"],
    ["https://user:c2lnbmF0dXJl@acct.blob.core.windows.net", "contains a SAS or a password"],
    ["http://127.0.0.1:10000/devstoreaccount1", "is on this machine"],
    ["https://localhost:10000", "is on this machine"],
    ["https://acct.queue.core.windows.net", "is not a blob endpoint"],
    ["https://.blob.core.windows.net", "names no account"],
    ["https://acct.blob.example.com", "does not send a sign-in token to"],
  ])("%j is refused: %s", async (target, why) => {
    const error = await thrownBy(find({ target }));
    expect(error).toMatchObject({ code: "target-invalid", exitCode: 2 });
    expect(String(error)).toContain(why);
    expect(inspect(error)).not.toContain("c2lnbmF0dXJl");
  });

  it("on this machine: the advice is to omit it where the connection string is set, else to set that", async () => {
    const target = "http://127.0.0.1:10000/devstoreaccount1";
    const connectionString = secret("UseDevelopmentStorage=true");
    expect(await thrownBy(find({ target, connectionString }))).toMatchObject({
      advice: expect.stringMatching(/^Omit --target: AZURE_STORAGE_CONNECTION_STRING is set/) as string,
    });
    expect(await thrownBy(find({ target }))).toMatchObject({
      advice: expect.stringContaining("set AZURE_STORAGE_CONNECTION_STRING instead") as string,
    });
  });

  it("is signed in to when the connection string names its endpoints over https and holds no secret", async () => {
    for (const [blob, queue] of [
      ["https://127.0.0.1:10000/devstoreaccount1", "https://127.0.0.1:10001/devstoreaccount1"],
      [TARGET, "https://acct.queue.core.windows.net"],
    ]) {
      const connectionString = secret(`BlobEndpoint=${blob};QueueEndpoint=${queue}/`);
      expect(await find({ connectionString })).toEqual({
        blobEndpoint: blob,
        queueEndpoint: queue,
        credential: { kind: "token", signIn },
      });
    }
  });

  it.each([
    [
      "https://b.example",
      "https://acct.queue.core.windows.net",
      "target-invalid",
      "does not send a sign-in token to",
    ],
    [TARGET, "https://q.example", "target-invalid", "does not send a sign-in token to"],
    ["http://127.0.0.1:10000/a", "https://127.0.0.1:10001/a", "bad-option", "neither AccountName"],
    ["https://127.0.0.1:10000/a", "http://127.0.0.1:10001/a", "bad-option", "neither AccountName"],
  ])("is never signed in to at %s and %s: %s", async (blob, queue, code, why) => {
    const error = await thrownBy(
      find({ connectionString: secret(`BlobEndpoint=${blob};QueueEndpoint=${queue}`) }),
    );
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(why);
  });

  it("is refused when it differs from the connection string's", async () => {
    const error = await thrownBy(
      find({ target: "https://other.blob.core.windows.net", connectionString: secret(FULL) }),
    );
    expect(error).toMatchObject({ code: "target-invalid" });
    expect(String(error)).toContain("is for https://acct.blob.core.windows.net");
  });

  it("is signed in to with what stands between the blanks and line ends", async () => {
    const byKey = await find({ target: ` ${TARGET}\n`, key: secret(` ${KEY}\r\n`) });
    const { credential } = byKey;
    expect(credential.kind === "shared-key" && credential.key.reveal()).toBe(KEY);
    const { credential: sas } = await find({ target: TARGET, sasToken: secret("\t?sv=1&sig=x\n") });
    expect(sas.kind === "sas" && sas.token.reveal()).toBe("sv=1&sig=x");
  });

  it.each([
    [{ key: secret(" \n") }, "AZURE_STORAGE_KEY is empty"],
    [{ key: secret("c2Vj\ncmV0") }, "AZURE_STORAGE_KEY is not base64"],
    [{ key: secret("c2VjcmV0é") }, "AZURE_STORAGE_KEY is not base64"],
    [{ sasToken: secret("?") }, "AZURE_STORAGE_SAS_TOKEN is empty"],
    [{ sasToken: secret("sv=1&sig=c2Vj\ncmV0") }, "AZURE_STORAGE_SAS_TOKEN contains a blank, a line end"],
    [
      { sasToken: secret("sv=1&sig=c2VjcmV0é") },
      "AZURE_STORAGE_SAS_TOKEN contains a blank, a line end or a character",
    ],
    [{ sasToken: secret(`${TARGET}/c?sv=1&sig=c2VjcmV0`) }, "AZURE_STORAGE_SAS_TOKEN contains a whole link"],
    [{ sasToken: secret("sv=1&sig=") }, "AZURE_STORAGE_SAS_TOKEN has no signature"],
  ])("is not signed in to with what no service would take (%#): %s", async (given, why) => {
    const error = await thrownBy(find({ target: TARGET, ...given }));
    expect(error).toMatchObject({ code: "bad-option", exitCode: 2 });
    expect(String(error)).toContain(why);
    expect(inspect(error)).not.toMatch(/c2Vj/);
  });

  it("may be used with a key outside Azure's own hosts", async () => {
    const account = await find({ target: "https://acct.blob.example.com", key: secret(KEY) });
    expect(account.blobEndpoint).toBe("https://acct.blob.example.com");
  });
});

describe("a host", () => {
  const url = (text: string): URL => new URL(text);

  it("is trusted with a token over https, by its whole suffix", () => {
    for (const trusted of [
      "https://a.blob.core.windows.net/c/b",
      "https://a.z01.blob.storage.azure.net",
      "https://a.blob.core.chinacloudapi.cn",
      "https://a.blob.core.usgovcloudapi.net",
      "https://127.0.0.1:10000/a",
    ]) {
      expect(isTrustedForTokens(url(trusted)), trusted).toBe(true);
    }
    for (const foreign of [
      "http://a.blob.core.windows.net",
      "http://127.0.0.1:10000/a",
      "https://core.windows.net.evil.example",
      "https://evilcore.windows.net",
      "https://a.blob.core.windows.net.",
      "https://a.example/?.core.windows.net",
      "https://a.blob.core.windows.net@evil.example",
    ]) {
      expect(isTrustedForTokens(url(foreign)), foreign).toBe(false);
    }
  });

  it("is this machine when it is called by its address or name, not when it only begins so", () => {
    for (const local of ["http://localhost", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:1"]) {
      expect(isLoopback(url(local)), local).toBe(true);
      expect(isAllowed(url(local)), local).toBe(true);
    }
    for (const other of [
      "http://localhost.evil.example",
      "http://127.0.0.1.evil.example",
      "http://10.0.0.1",
    ]) {
      expect(isLoopback(url(other)), other).toBe(false);
      expect(isAllowed(url(other)), other).toBe(false);
    }
  });
});
