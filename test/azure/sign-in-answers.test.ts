/** What the ways to sign in make of answers that are not the sign-in service's, over the real libraries. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type AuthWay, openSignIn } from "../../src/azure/sign-in/open-sign-in.ts";
import type { SignIn } from "../../src/azure/sign-in/sign-in.ts";
import { SignInError } from "../../src/azure/sign-in/token-source.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { makeCertificate } from "../support/oauth-emulator.ts";
import { type StubAnswer, type StubServer, startStub } from "../support/stub-server.ts";
import { thrownBy } from "./support.ts";

const JSON_TYPE = { "content-type": "application/json" };
const PAGE_TYPE = { "content-type": "text/html" };
const SCOPE = "https://storage.azure.com/.default";

let folder: string;
let authority: StubServer;
let machine: StubServer;
/** What both say next. */
let answer: StubAnswer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-sign-in-"));
  const certificate = await makeCertificate(folder);
  setDefaultCACertificates([...getCACertificates("default"), certificate.cert]);
  // The library keeps the address of the first managed identity that it saw.
  machine = await startStub(() => answer);
  authority = await startStub(({ method, headers }) => {
    const own = `https://${headers["host"]}/adfs`;
    const about = {
      issuer: own,
      authorization_endpoint: `${own}/authorize`,
      token_endpoint: `${own}/token`,
      jwks_uri: `${own}/keys`,
    };
    return method === "POST" ? answer : { status: 200, headers: JSON_TYPE, body: JSON.stringify(about) };
  }, certificate);
});
afterAll(async () => {
  await machine.stop();
  await authority.stop();
  await rm(folder, { recursive: true });
});
afterEach(() => void vi.unstubAllEnvs());

async function open(auth: AuthWay): Promise<SignIn> {
  const env = {
    ...(auth === "managed-identity" && { IDENTITY_ENDPOINT: `${machine.url}/token`, IDENTITY_HEADER: "x" }),
    ...(auth === "environment" && {
      AZURE_AUTHORITY_HOST: authority.url,
      AZURE_TENANT_ID: "adfs",
      AZURE_CLIENT_ID: "app",
      AZURE_CLIENT_SECRET: "s3cret",
    }),
    ...(auth === "cli" && { PATH: `${folder}:${process.env["PATH"]}` }),
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const { signal } = new AbortController();
  return openSignIn({
    surroundings: REAL_SURROUNDINGS,
    auth,
    env,
    signal,
    tenant: undefined,
    isPersonThere: false,
    hasDisplay: false,
    tell: () => {},
  });
}

async function errorFrom(auth: AuthWay): Promise<SignInError> {
  const signIn = await open(auth);
  const error = await thrownBy(signIn.getToken(SCOPE));
  if (!(error instanceof SignInError)) throw new Error("no error of the sign-in", { cause: error });
  return error;
}

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const token = (more: object) => ({
  status: 200,
  headers: JSON_TYPE,
  body: JSON.stringify({ token_type: "Bearer", expires_in: 3600, expires_on: inAnHour(), ...more }),
});

const FOREIGN: readonly [string, () => StubAnswer, string][] = [
  [
    "a web page",
    () => ({ status: 200, headers: PAGE_TYPE, body: "<html>portal</html>" }),
    "HTTP 200, text/html",
  ],
  [
    "a page that blocks",
    () => ({ status: 403, headers: PAGE_TYPE, body: "<html>no</html>" }),
    "HTTP 403, text/html",
  ],
  ["nothing", () => ({ status: 200 }), "HTTP 200"],
  [
    "cut JSON",
    () => ({ status: 200, headers: JSON_TYPE, body: '{"access_token":"abc' }),
    "HTTP 200, application/json",
  ],
  [
    "JSON without a token",
    () => ({ status: 200, headers: JSON_TYPE, body: "{}" }),
    "HTTP 200, application/json",
  ],
  ["a number for a token", () => token({ access_token: 5 }), "HTTP 200, application/json"],
  ["a token with a line break", () => token({ access_token: "to\nken" }), "HTTP 200, application/json"],
  ["a list", () => ({ status: 200, headers: JSON_TYPE, body: "[]" }), "HTTP 200, application/json"],
];

describe.each(["environment", "managed-identity"] as const)(
  "an answer to %s that is not the service's",
  (auth) => {
    it.each(FOREIGN)("is named, and is no token: %s", async (_, given, facts) => {
      answer = given();
      const error = await errorFrom(auth);
      const { host } = new URL(auth === "environment" ? authority.url : machine.url);
      expect(error.message).toContain(`something between this machine and ${host} answered (${facts})`);
      expect(error.advice).toContain("check the network");
      // Only a managed identity may not exist here at all: then another way is tried.
      expect(error.isUnavailable).toBe(auth === "managed-identity");
    });

    it("is forgotten once the service answers again", async () => {
      answer = { status: 200, headers: PAGE_TYPE, body: "<html>portal</html>" };
      const signIn = await open(auth);
      await thrownBy(signIn.getToken(SCOPE));
      answer = token({ access_token: "good" });
      await vi.waitFor(async () => expect(await signIn.getToken(SCOPE)).toMatchObject({ token: "good" }), {
        timeout: 5000,
        interval: 100,
      });
    });
  },
);

describe("a refusal of the service", () => {
  it("is told in its words, whichever they are", async () => {
    const refusal = { error: "invalid_client", error_description: "the secret has ended" };
    answer = { status: 401, headers: JSON_TYPE, body: JSON.stringify(refusal) };
    const { message, advice } = await errorFrom("environment");
    expect(message).toContain("the secret has ended");
    expect(message).not.toContain("something between");
    expect(advice).toContain("AZURE_CLIENT_ID");
  });
});

describe("what az prints", () => {
  const az = async (output: string): Promise<void> => {
    await writeFile(join(folder, "output"), output);
    await writeFile(join(folder, "az"), `#!/bin/sh\ncat '${folder}/output'\n`);
    await chmod(join(folder, "az"), 0o755);
  };

  it.each([
    ["a web page", "<html>portal</html>", "its answer is not whole, or no JSON"],
    ["nothing", "", "its answer is not whole, or no JSON"],
    ["cut JSON", '{"accessToken":"abc', "its answer is not whole, or no JSON"],
    ["words around a token", "SECRETTOKEN", "its answer is not whole, or no JSON"],
    ["JSON without a token", JSON.stringify({ expires_on: 4e9 }), "what was given is no token"],
    ["a number", JSON.stringify({ accessToken: 5, expires_on: 4e9 }), "what was given is no token"],
    [
      "a token with blanks",
      JSON.stringify({ accessToken: "a b", expires_on: 4e9 }),
      "what was given is no token",
    ],
    ["a token without an end", JSON.stringify({ accessToken: "a" }), "Unexpected response from Azure CLI"],
  ])("is no token: %s", async (_, output, words) => {
    await az(output);
    const { message } = await errorFrom("cli");
    expect(message).toContain(`az: ${words}`);
    expect(message).not.toContain("SECRET");
  });

  it("is one when it has a text and an end", async () => {
    await az(JSON.stringify({ accessToken: "good", expires_on: inAnHour() }));
    expect(await (await open("cli")).getToken(SCOPE)).toMatchObject({ token: "good" });
  });
});
