import { BlobClient } from "@azure/storage-blob";
import { describe, expect, it } from "vitest";
import { parseConnectionString, type StorageAccount } from "../../../src/azure/account.ts";
import { type SourceLink, SourceLinks } from "../../../src/azure/calls/source-links.ts";
import { SignIn } from "../../../src/azure/sign-in/sign-in.ts";
import { SignInError } from "../../../src/azure/sign-in/token-source.ts";
import { Secret } from "../../../src/core/secret.ts";
import { emulator } from "../../support/azurite.ts";
import { countedSignIn, thrownBy } from "../support.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const never = new AbortController().signal;
const endpoints = {
  blobEndpoint: "https://own.blob.core.windows.net",
  queueEndpoint: "https://own.queue.core.windows.net",
};
const withKey: StorageAccount = {
  ...endpoints,
  credential: { kind: "shared-key", accountName: "own", key: new Secret("c2VjcmV0a2V5") },
};
const withSas: StorageAccount = {
  ...endpoints,
  credential: { kind: "sas", token: new Secret("sv=1&sig=own") },
};
const withToken = (lifeMs = 3_600_000) => {
  const { signIn, asked } = countedSignIn(lifeMs);
  const account: StorageAccount = { ...endpoints, credential: { kind: "token", signIn } };
  return { account, asked };
};
const resolve = (account: StorageAccount, uri: string): SourceLink =>
  new SourceLinks(REAL_SURROUNDINGS, account).resolve(uri);
const copyOf = async (link: SourceLink) => link.copySource?.({ signal: never });

const OWN = "https://own.blob.core.windows.net/results/a%20b.json";
const OTHER = "https://other.blob.core.windows.net/results/a.json";

describe("a source link", () => {
  it("is used as it is when it has a SAS, whoever we are", async () => {
    for (const account of [withKey, withSas, withToken().account]) {
      for (const uri of [`${OTHER}?sv=1&sig=x%2B`, `${OWN}?sv=1&sig=x%2B`]) {
        const link = resolve(account, uri);
        expect(link.read).toEqual({ url: uri, as: "anonymous" });
        expect(await copyOf(link)).toEqual({ url: uri });
      }
    }
  });

  it("is read with the key in our own account, and copied with a short read SAS", async () => {
    const link = resolve(withKey, OWN);
    expect(link.read).toEqual({ url: OWN, as: "account" });
    const { url = "", bearer } = (await copyOf(link)) ?? {};
    expect(bearer).toBeUndefined();
    const { searchParams } = new URL(url);
    expect(url.startsWith(`${OWN}?`)).toBe(true);
    expect(searchParams.get("sp")).toBe("r");
    expect(searchParams.get("sr")).toBe("c");
    expect(searchParams.get("spr")).toBe("https");
    const hours = (Date.parse(searchParams.get("se") ?? "") - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(1.9);
    expect(hours).toBeLessThanOrEqual(2);
  });

  it("shares one SAS a container in our own account", async () => {
    const links = new SourceLinks(REAL_SURROUNDINGS, withKey);
    const sasOf = async (uri: string) => new URL((await copyOf(links.resolve(uri)))?.url ?? "").search;
    expect(await sasOf(`${endpoints.blobEndpoint}/one/a`)).toBe(
      await sasOf(`${endpoints.blobEndpoint}/one/b`),
    );
    expect(await sasOf(`${endpoints.blobEndpoint}/one/a`)).not.toBe(
      await sasOf(`${endpoints.blobEndpoint}/two/a`),
    );
  });

  it("is copied with the account's SAS in our own account when we have that", async () => {
    const link = resolve(withSas, OWN);
    expect(link.read).toEqual({ url: OWN, as: "account" });
    expect(await copyOf(link)).toEqual({ url: `${OWN}?sv=1&sig=own` });
    expect(await copyOf(resolve(withSas, `${OWN}?versionid=7`))).toEqual({
      url: `${OWN}?versionid=7&sv=1&sig=own`,
    });
  });

  it("gets the bearer token without a SAS, on Azure's own hosts over https alone", async () => {
    const { account } = withToken();
    for (const uri of [OWN, OTHER, "https://a.z9.blob.storage.azure.net/c/b"]) {
      expect(resolve(account, uri).read).toEqual({ url: uri, as: "token" });
      expect(await copyOf(resolve(account, uri))).toMatchObject({ url: uri, bearer: /^token-/ });
    }
    for (const uri of ["https://files.example/c/b", "https://a.blob.core.windows.net.evil.example/c/b"]) {
      const link = resolve(account, uri);
      expect(link.read).toEqual({ url: uri, as: "anonymous" });
      expect(link.copySource).toBeUndefined();
    }
  });

  it("takes the token that the requests to the target take", async () => {
    const { account, asked } = withToken();
    const links = new SourceLinks(REAL_SURROUNDINGS, account);
    await Promise.all([OWN, OTHER, OWN].map(async (uri) => copyOf(links.resolve(uri))));
    const bearer =
      account.credential.kind === "token" && account.credential.signIn.storageTokenFor(OWN, never);
    expect(await copyOf(links.resolve(OTHER))).toEqual({ url: OTHER, bearer: await bearer });
    expect(asked()).toBe(1);
  });

  it("cannot be copied by token when nobody is signed in", async () => {
    const account: StorageAccount = {
      ...endpoints,
      credential: {
        kind: "token",
        signIn: new SignIn(
          REAL_SURROUNDINGS,
          {
            way: "test",
            advice: "",
            ask: () => Promise.reject(new SignInError("no token", "", { isUnavailable: true })),
          },
          { isTenantFixed: false },
        ),
      },
    };
    expect(await thrownBy(copyOf(resolve(account, OWN)))).toBeInstanceOf(SignInError);
  });

  it("is read as it stands elsewhere without a SAS: it may be public", () => {
    const link = resolve(withKey, OTHER);
    expect(link.read).toEqual({ url: OTHER, as: "anonymous" });
    expect(link.copySource).toBeUndefined();
  });

  it.each([
    ["日本 ü.json", "%E6%97%A5%E6%9C%AC%20%C3%BC.json"],
    ["100%.json", "100%25.json"],
    ["100%zz%4.json", "100%25zz%254.json"],
    ["a%20b+c%2Bd.json", "a%20b+c%2Bd.json"],
    ['a#1 [b]{c}|d^e`f"g<h>.json', "a%231%20%5Bb%5D%7Bc%7D%7Cd%5Ee%60f%22g%3Ch%3E.json"],
    ["a\\b.json", "a%5Cb.json"],
    ["a\ud800.json", "a%EF%BF%BD.json"],
  ])("%s is encoded, once, for us and for the service", async (name, encoded) => {
    for (const query of ["sv=1&sig=x%2F", "sv=1&sig=x%2F#part"]) {
      const link = resolve(withKey, `https://other.blob.core.windows.net/c/${name}?${query}`);
      const url = `https://other.blob.core.windows.net/c/${encoded}?sv=1&sig=x%2F`;
      expect(link.read.url).toBe(url);
      expect(await copyOf(link)).toEqual({ url });
      expect(resolve(withKey, url).read.url).toBe(url);
    }
    const own = resolve(withKey, `${endpoints.blobEndpoint}/c/${name}`);
    expect(own.read).toEqual({ url: `${endpoints.blobEndpoint}/c/${encoded}`, as: "account" });
    expect((await copyOf(own))?.url).toMatch(/^[\x21-\x7e]+$/);
  });

  it("has its query encoded too, and a signature that somebody decoded is as it was", () => {
    const { url } = resolve(withKey, `${OTHER}?rscd=a b ü%&sig=a+b c/d=&se=1`).read;
    expect(url).toBe(`${OTHER}?rscd=a%20b%20%C3%BC%25&sig=a%2Bb%2Bc/d=&se=1`);
  });

  it("of our own account that cannot be decoded is no fault of ours", async () => {
    const uri = `${endpoints.blobEndpoint}/%FF/a`;
    expect((await copyOf(resolve(withKey, uri)))?.url.startsWith(`${uri}?`)).toBe(true);
  });

  it("with a user name or a password is refused without either", () => {
    for (const user of ["u:SECRETPW", "SECRETPW", ":SECRETPW", "u:SECRET@PW"]) {
      const uri = `https://${user}@other.blob.core.windows.net/c/b?sig=x`;
      const refusal = {
        code: "source-forbidden",
        message: expect.stringMatching(/user name or a password$/) as string,
      };
      expect(() => resolve(withKey, uri), uri).toThrow(expect.objectContaining(refusal));
      expect(() => resolve(withKey, uri), uri).not.toThrow(/SECRET|PW/);
    }
  });

  it("is refused without its query when it is not https beyond this machine, or is no URL", () => {
    for (const uri of [
      "http://other.blob.core.windows.net/c/b?sig=c2VjcmV0",
      "ftp://x/c/b",
      "c/b?sig=c2VjcmV0",
    ]) {
      const refusal = { name: "FileFailure", code: "source-forbidden" };
      expect(() => resolve(withKey, uri)).toThrow(expect.objectContaining(refusal));
      expect(() => resolve(withKey, uri)).not.toThrow("c2VjcmV0");
    }
  });

  it("is out of the target service's reach on another service of this machine", () => {
    for (const uri of ["http://127.0.0.1:9/acct/c/b?sig=x", "https://localhost:9/acct/c/b?sig=x"]) {
      expect(resolve(withKey, uri).copySource).toBeUndefined();
    }
  });

  it("belongs to the account that is gone or refuses as a whole", () => {
    expect(resolve(withKey, OWN).accountUrl).toBe("https://own.blob.core.windows.net");
    expect(resolve(withKey, `${OTHER}?sig=x`).accountUrl).toBe("https://other.blob.core.windows.net");
    expect(resolve(withKey, "http://127.0.0.1:9/acct/c/b?sig=x").accountUrl).toBe("http://127.0.0.1:9/acct");
    // A name that only begins like ours is not ours.
    expect(resolve(withKey, "https://own.blob.core.windows.net.example/c/b").read.as).toBe("anonymous");
  });

  it("can be read in our own emulator account with the SAS that is made for it", async () => {
    const storage = emulator();
    const container = await storage.newContainer();
    await container.getBlockBlobClient("a b.json").upload("{}", 2);
    const account = parseConnectionString(new Secret(storage.connectionString));
    const uri = `${account.blobEndpoint}/${container.containerName}/a%20b.json`;
    const source = await copyOf(resolve(account, uri));
    expect((await new BlobClient(source?.url ?? "").downloadToBuffer()).toString()).toBe("{}");
  });
});
