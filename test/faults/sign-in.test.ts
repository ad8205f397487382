/** The real command line on an account that takes tokens only: how it signs in, and what happens when that is lost. */
import { appendFile, chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "../e2e/expectations.ts";
import { makePlain, type PlainInput } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";
import {
  inSeconds,
  type OauthEmulator,
  startOauthEmulator,
  storageToken,
} from "../support/oauth-emulator.ts";
import type { Operation } from "../support/operations.ts";
import type { CliOptions, CliResult } from "../support/run-cli.ts";
import { startStub, type StubRequest, type StubServer } from "../support/stub-server.ts";

let services: OauthEmulator;
beforeAll(async () => {
  services = await startOauthEmulator();
});
afterAll(() => services[Symbol.asyncDispose]());

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene(services);
  input = await makePlain(scene, 4, 3);
});
afterEach(() => scene[Symbol.asyncDispose]());

/** The account without its key, and what the way to sign in needs. */
function signedIn(env: Readonly<Record<string, string>>): CliOptions {
  const { blobEndpoint, queueEndpoint } = scene.proxy;
  return {
    env: {
      AZURE_STORAGE_CONNECTION_STRING: `BlobEndpoint=${blobEndpoint};QueueEndpoint=${queueEndpoint}`,
      NODE_EXTRA_CA_CERTS: services.certificate.path,
      ...env,
    },
  };
}

async function expectAllDone({ code, stdout, stderr }: CliResult): Promise<void> {
  expect(code, stdout + stderr).toBe(0);
  expect(figureOf(stdout, "failed")).toBe(0);
  await expectInTarget(scene, input.files);
  await expectAnnouncedOnce(scene, input.files);
}

/** Resolves when the proxy has seen so many of these requests. */
async function seen(count: number, operation: Operation): Promise<void> {
  while (scene.proxy.count(operation) < count) await sleep(5);
}

const bearersSeen = (): Set<string | undefined> =>
  new Set(scene.proxy.requests.map(({ headers }) => headers["authorization"]));

/** A stand-in for the Azure CLI: prints the token it was given, unless it was told that nobody is logged in. */
class StandInAz {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(folder: string): Promise<StandInAz> {
    await mkdir(folder);
    const script = `#!/bin/sh\ncd '${folder}'\necho "$@" >> calls\nif [ -f lost ]; then cat lost >&2; exit 1; fi\ncat token.json\n`;
    await writeFile(join(folder, "az"), script);
    await chmod(join(folder, "az"), 0o755);
    await appendFile(join(folder, "calls"), "");
    return new StandInAz(folder);
  }

  get env(): Record<string, string> {
    return { PATH: `${this.#folder}:${process.env["PATH"]}` };
  }

  /** `az login` */
  async login(): Promise<string> {
    const expires_on = inSeconds(3600);
    const accessToken = storageToken(expires_on);
    await writeFile(join(this.#folder, "token.json"), JSON.stringify({ accessToken, expires_on }));
    await rm(join(this.#folder, "lost"), { force: true });
    return accessToken;
  }

  async lose(says: string): Promise<void> {
    await writeFile(join(this.#folder, "lost"), says);
  }

  /** The arguments of each call. */
  async calls(): Promise<string[]> {
    return (await readFile(join(this.#folder, "calls"), "utf8")).split("\n").filter((line) => line !== "");
  }
}

/** Starts a run whose sign-in is lost after four files, and has the service refuse the token of before. */
async function startAndLose(az: StandInAz, token: string, flags: readonly string[]) {
  const isLost = Promise.withResolvers<void>();
  // One file at a time, and the fifth waits: however fast the machine, the run is not done by then.
  scene.proxy.fail({
    operation: "put-message",
    skip: 4,
    times: 1,
    fault: { kind: "hold", until: isLost.promise },
  });
  const few = ["--workitem-workers", "1", "--file-workers", "1"];
  const running = scene.startRun([...few, ...flags], signedIn(az.env));
  await seen(5, "put-message");
  await az.lose(EXPIRED);
  const heal = scene.proxy.fail({
    fault: { kind: "answer", status: 401, errorCode: "InvalidAuthenticationInfo" },
    when: ({ headers }) => headers["authorization"] === `Bearer ${token}`,
  });
  isLost.resolve();
  return { running, heal };
}

const EXPIRED =
  "ERROR: AADSTS70043: The refresh token has expired.\nTrace ID: 1\nInteractive authentication is needed. Please run:\naz login --scope https://storage.azure.com/.default\n";

const WAITING =
  /waiting for sign-in since .*: run `az login --scope \S+` \(az: AADSTS70043: The refresh token has expired\.\)/;

describe("a managed identity", () => {
  let identity: StubServer;
  afterEach(() => identity.stop());

  it("is asked again when its tokens end in the middle of the run, and no request is refused", async () => {
    identity = await startStub(() => {
      const ends = inSeconds(4);
      const token = { access_token: storageToken(ends), expires_on: ends, token_type: "Bearer" };
      return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(token) };
    });
    // The run lasts longer than its first token, and no request longer than a part of it: a token may end under way.
    for (let held = 1; held <= 8; held++) {
      const fault = { kind: "hold", until: sleep(1000 + held * 550) } as const;
      scene.proxy.fail({ operation: "put-message", skip: 4, times: 1, fault });
    }
    const few = ["--workitem-workers", "1", "--file-workers", "1"];
    const env = { IDENTITY_ENDPOINT: `${identity.url}/token`, IDENTITY_HEADER: "x" };
    await expectAllDone(await scene.run([...few, "--auth", "managed-identity"], signedIn(env)));
    expect(scene.proxy.requests.filter(({ status }) => status === 401 || status === 403)).toEqual([]);
    expect(bearersSeen().size).toBeGreaterThan(1);
    expect(identity.requests.length).toBeLessThan(10);
    expect(identity.requests[0]).toMatchObject({
      headers: { "x-identity-header": "x" },
    });
    expect(identity.requests[0]?.url).toContain(
      `resource=${encodeURIComponent("https://storage.azure.com")}`,
    );
  });
});

describe("the login of az", () => {
  let az: StandInAz;
  beforeEach(async () => {
    az = await StandInAz.make(scene.path("bin"));
  });

  it("pauses the run when it is lost in the middle, until the next az login; no file is charged", async () => {
    const first = await az.login();
    const { running } = await startAndLose(az, first, []);
    await running.waitFor(WAITING);
    await az.login();
    const result = await running.done;
    await expectAllDone(result);
    expect(result.stderr.match(/^waiting for/gm)).toHaveLength(1);
    expect(result.stderr).toContain("sign-in answers again");
    expect(bearersSeen().size).toBe(2);
    expect((await az.calls()).length).toBeLessThan(10);
  });

  it("ends the run after --max-wait when it stays lost; az login and --resume finish the run", async () => {
    const first = await az.login();
    const { running, heal } = await startAndLose(az, first, ["--auth", "cli", "--max-wait", "1s"]);
    const lost = await running.done;
    expect(lost.code, lost.stderr).toBe(4);
    expect(lost.stderr).toMatch(/error: Nobody is signed in to reach the .*AADSTS70043/);
    expect(lost.stderr).toContain(
      "Run `az login --scope https://storage.azure.com/.default`, then run the command again.",
    );
    expect(figureOf(lost.stdout, "failed")).toBe(0);
    heal();
    await az.login();
    const calls = await az.calls();
    const result = await scene.resume([], signedIn(az.env));
    expect(result.code, result.stderr).toBe(0);
    await expectInTarget(scene, input.files);
    // Once, however many files there are.
    expect((await az.calls()).slice(calls.length)).toEqual([
      expect.stringContaining("--resource https://storage.azure.com"),
    ]);
  });

  it("ends the run before it began when nobody has logged in, with the tenant to log in to", async () => {
    await az.lose("ERROR: Please run 'az login' to setup account.\n");
    const flags = ["--auth", "cli", "--tenant", "contoso.example", "--max-wait", "500ms"];
    const { code, stderr } = await scene.run(flags, signedIn(az.env));
    expect(code).toBe(4);
    expect(stderr).toContain("Run `az login --tenant contoso.example`, then run the command again.");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(scene.proxy.count()).toBe(0);
    expect(await az.calls()).toContainEqual(expect.stringContaining("--tenant contoso.example"));
  });
});

const json = (body: object, status = 200) => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** A sign-in service (of the kind AD FS, which needs no other host) that answers token requests by `answer`. */
async function startAuthority(answer: (request: StubRequest) => object): Promise<StubServer> {
  return startStub((request) => {
    const own = `https://${request.headers["host"]}/adfs`;
    if (request.url.includes("/devicecode")) {
      const verification_uri = "https://login.example/device";
      return json({
        device_code: "d",
        user_code: "ABC-123",
        verification_uri,
        expires_in: 900,
        interval: 0.1,
      });
    }
    if (request.method !== "POST") {
      return json({
        issuer: own,
        authorization_endpoint: `${own}/authorize`,
        token_endpoint: `${own}/token`,
        jwks_uri: `${own}/keys`,
      });
    }
    const answered = answer(request);
    return json(answered, "error" in answered ? 400 : 200);
  }, services.certificate);
}

describe("a person", () => {
  it("signs in with a code on another device, and later tokens come without a person", async () => {
    let polls = 0;
    await using authority = await startAuthority(({ body }) => {
      const isRefresh = body.toString().includes("grant_type=refresh_token");
      if (!isRefresh && ++polls < 3) {
        return { error: "authorization_pending", error_description: "not yet" };
      }
      const id_token = storageToken(inSeconds(3600));
      return {
        access_token: storageToken(inSeconds(3600)),
        expires_in: 3600,
        refresh_token: "r3fresh",
        id_token,
      };
    });
    const env = { AZURE_AUTHORITY_HOST: authority.url };
    const result = await scene.run(["--auth", "device-code", "--tenant", "adfs"], signedIn(env));
    await expectAllDone(result);
    expect(result.stderr).toContain(
      "To sign in, open https://login.example/device and enter the code ABC-123",
    );
    expect(result.stderr).not.toContain("r3fresh");
    expect(polls).toBe(3);
  });
});

describe("the environment", () => {
  it("signs an application in, and gets a new token once for a 401", async () => {
    await using authority = await startAuthority(() => ({
      access_token: storageToken(inSeconds(3600)),
      expires_in: 3600,
    }));
    scene.proxy.fail({ operation: "put-blob", times: 1, fault: { kind: "answer", status: 401 } });
    const application = {
      AZURE_AUTHORITY_HOST: authority.url,
      AZURE_TENANT_ID: "adfs",
      AZURE_CLIENT_ID: "app",
      AZURE_CLIENT_SECRET: "s3cret",
    };
    const result = await scene.run(["--auth", "environment"], signedIn(application));
    await expectAllDone(result);
    expect(authority.requests.filter(({ method }) => method === "POST")).toHaveLength(2);
    expect(result.stdout + result.stderr).not.toContain("s3cret");
  });
});
