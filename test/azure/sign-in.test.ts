import type { AccessToken } from "@azure/identity";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chain } from "../../src/azure/sign-in/chain.ts";
import { challengeIn } from "../../src/azure/sign-in/challenge.ts";
import { toSignInError } from "../../src/azure/sign-in/identity-source.ts";
import { KeptToken } from "../../src/azure/sign-in/kept-token.ts";
import { openSignIn, type SignInOptions } from "../../src/azure/sign-in/open-sign-in.ts";
import { SignIn, STORAGE_SCOPE } from "../../src/azure/sign-in/sign-in.ts";
import { SignInError, type TokenRequest, type TokenSource } from "../../src/azure/sign-in/token-source.ts";
import { cliSource } from "../../src/azure/sign-in/ways.ts";
import type { ReuploadError } from "../../src/core/errors.ts";
import { hasDisplay } from "../../src/job/sign-in.ts";
import { countedSignIn, thrownBy } from "./support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const MINUTE = 60_000;
const never = new AbortController().signal;
const lost = (reason = "nobody is signed in") =>
  new SignInError(reason, "run `az login`", { isUnavailable: true });

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());
const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

/** A source that gives what the script says: a life in ms, or an error. Without a script, an hour. */
function source(...script: (number | Error | AccessToken)[]) {
  const requests: Pick<TokenRequest, "fresh" | "claims">[] = [];
  const ask = async (request: Pick<TokenRequest, "fresh" | "claims">): Promise<AccessToken> => {
    const next = script[requests.push(request) - 1] ?? 60 * MINUTE;
    if (next instanceof Error) throw next;
    if (typeof next === "object") return next;
    return { token: `token-${requests.length}`, expiresOnTimestamp: Date.now() + next };
  };
  return { kept: new KeptToken(REAL_SURROUNDINGS, ask), requests };
}
const tokenOf = async (kept: KeptToken): Promise<string> => (await kept.get()).token;

describe("a kept token", () => {
  it("is asked for once by all who want it, and again when a tenth of a short life, or half a minute, is left", async () => {
    const { kept, requests } = source(10 * MINUTE, 60_000, 60_000);
    expect(kept.atHand()).toBeUndefined();
    const all = await Promise.all(Array.from({ length: 50 }, () => tokenOf(kept)));
    expect(new Set(all)).toEqual(new Set(["token-1"]));
    expect(requests).toHaveLength(1);
    pass(9.6 * MINUTE);
    expect(await tokenOf(kept)).toBe("token-2");
    pass(55_000);
    expect(await tokenOf(kept)).toBe("token-3");
  });

  it("is renewed ten minutes before its end, while the old one is still given", async () => {
    const { kept, requests } = source();
    await kept.get();
    pass(49 * MINUTE);
    expect(kept.atHand()?.token).toBe("token-1");
    expect(requests).toHaveLength(1);
    pass(2 * MINUTE);
    expect(kept.atHand()?.token).toBe("token-1");
    expect(requests).toHaveLength(2);
    await expect.poll(() => kept.atHand()?.token, { interval: 1 }).toBe("token-2");
  });

  it("hides a renewal that fails, tries again, and reports it only when the old token has ended", async () => {
    const { kept, requests } = source(60 * MINUTE, lost(), lost(), lost(), 60 * MINUTE);
    await kept.get();
    pass(51 * MINUTE);
    for (let minute = 0; minute < 2; minute++) {
      expect(await tokenOf(kept)).toBe("token-1");
      await Promise.resolve();
      pass(MINUTE);
    }
    expect(requests).toHaveLength(3);
    pass(10 * MINUTE);
    expect(await thrownBy(kept.get())).toBeInstanceOf(SignInError);
    pass(MINUTE);
    expect(await tokenOf(kept)).toBe("token-5");
  });

  it("leaves a source that failed alone for a moment, whoever asks", async () => {
    const { kept, requests } = source(lost(), lost());
    for (let n = 0; n < 20; n++) await thrownBy(kept.get());
    expect(requests).toHaveLength(1);
    pass(1001);
    for (let n = 0; n < 20; n++) await thrownBy(kept.get());
    pass(1001);
    await thrownBy(kept.get());
    expect(requests).toHaveLength(2);
    pass(1001);
    expect(await tokenOf(kept)).toBe("token-3");
  });

  it("is asked for again when it comes back unchanged and its source has let go of it", async () => {
    const same = { token: "same", expiresOnTimestamp: Date.now() + 60 * MINUTE };
    const { kept, requests } = source(same, same);
    await kept.get();
    pass(51 * MINUTE);
    for (let n = 0; n < 4; n++) {
      expect(await tokenOf(kept)).toBe("same");
      pass(MINUTE);
    }
    expect(requests).toHaveLength(2);
    pass(MINUTE);
    kept.atHand();
    expect(requests).toHaveLength(3);
  });

  it("is used no longer when it comes back unchanged: not in the tenth of its life that is left out", async () => {
    const same = { token: "same", expiresOnTimestamp: Date.now() + 60_000 };
    const { kept, requests } = source(same, same, same);
    await kept.get();
    pass(31_000);
    kept.atHand();
    await expect.poll(() => requests.length, { interval: 1 }).toBe(2);
    pass(22_000);
    expect(kept.atHand()?.token).toBe("same");
    pass(2000);
    expect(kept.atHand()).toBeUndefined();
  });

  it("gives one who renews the next token as soon as there is one, and this one when there is no other", async () => {
    const { kept } = source(60 * MINUTE, lost(), 60 * MINUTE);
    expect((await kept.get(undefined)).token).toBe("token-1");
    expect((await kept.get("token-1")).token).toBe("token-1");
    pass(51 * MINUTE);
    expect((await kept.get("token-1")).token).toBe("token-1");
    pass(MINUTE);
    expect((await kept.get("token-1")).token).toBe("token-3");
    expect((await kept.get("token-1")).token).toBe("token-3");
  });

  it("is not given again once it was refused; the next one is asked for once for all who were refused", async () => {
    const { kept, requests } = source();
    await kept.get();
    for (let n = 0; n < 10; n++) kept.refuse("token-1", "{}");
    expect(kept.atHand()).toBeUndefined();
    expect(await tokenOf(kept)).toBe("token-2");
    expect(requests[1]).toEqual({ fresh: true, claims: "{}" });
    // A late answer about the old one.
    kept.refuse("token-1", undefined);
    expect(kept.atHand()?.token).toBe("token-2");
    kept.refuse("token-2", undefined);
    await kept.get();
    expect(requests[2]).toEqual({ fresh: true, claims: undefined });
  });

  it("is an error when it has ended before it comes", async () => {
    const { kept } = source(-1);
    expect(await thrownBy(kept.get())).toHaveProperty(
      "advice",
      "check this machine's clock, then sign in again",
    );
  });

  it("is never given after its end, nor after it was refused, whatever happens", async () => {
    const step = fc.oneof(
      fc.record({ pass: fc.integer({ min: 0, max: 3 * 60 * MINUTE }) }),
      fc.constant("refuse" as const),
      fc.constant("ask" as const),
    );
    const life = fc.oneof(fc.integer({ min: 1, max: 26 * 60 * MINUTE }), fc.constant(lost()));
    await fc.assert(
      fc.asyncProperty(fc.array(life, { maxLength: 20 }), fc.array(step), async (lives, steps) => {
        const { kept } = source(...lives);
        let last: string | undefined;
        const refused = new Set<string>();
        for (const action of steps) {
          if (typeof action === "object") pass(action.pass);
          else if (action === "refuse" && last !== undefined) {
            kept.refuse(last, undefined);
            refused.add(last);
          } else {
            const given = await kept.get().catch(() => undefined);
            if (given === undefined) continue;
            expect(given.expiresOnTimestamp).toBeGreaterThan(Date.now());
            expect(refused).not.toContain(given.token);
            last = given.token;
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("the sign-in", () => {
  const URL_A = "https://a.blob.core.windows.net/c/b";
  const URL_B = "https://b.blob.core.windows.net/c/b";
  const TENANT = "11111111-2222-3333-4444-555555555555";
  const challenge = `Bearer authorization_uri=https://login.microsoftonline.com/${TENANT}/oauth2/authorize resource_id=https://storage.azure.com`;
  const recorded = (isTenantFixed: boolean) => {
    const requests: TokenRequest[] = [];
    const its: TokenSource = {
      way: "test",
      advice: "",
      ask: async (request) => ({
        token: `t${requests.push(request)}`,
        expiresOnTimestamp: Date.now() + 60 * MINUTE,
      }),
    };
    return { signIn: new SignIn(REAL_SURROUNDINGS, its, { isTenantFixed }), requests };
  };

  it("keeps one token a scope", async () => {
    const { signIn, requests } = recorded(false);
    const kusto = "https://kusto.kusto.windows.net/.default";
    for (const scope of [STORAGE_SCOPE, kusto, [kusto]]) await signIn.getToken(scope);
    await signIn.storageTokenFor(URL_A, never);
    expect(requests.map(({ scope }) => scope)).toEqual([STORAGE_SCOPE, kusto]);
  });

  it("gives no token to http, not even on this machine, and to no other host", async () => {
    const { signIn, asked } = countedSignIn();
    for (const url of [
      "http://127.0.0.1:10000/devstoreaccount1/c/b",
      "http://a.blob.core.windows.net/c/b",
      "https://files.example/c/b",
    ]) {
      expect(await thrownBy(signIn.storageTokenFor(url, never))).toMatchObject({ code: "target-invalid" });
    }
    expect(asked()).toBe(0);
  });

  it("follows the tenant that an account names, for that account, unless --tenant was given", async () => {
    for (const [isTenantFixed, tenants] of [
      [false, [undefined, TENANT, undefined]],
      [true, [undefined, undefined]],
    ] as const) {
      const { signIn, requests } = recorded(isTenantFixed);
      signIn.refused(await signIn.storageTokenFor(URL_A, never), URL_A, challenge);
      const token = await signIn.storageTokenFor(URL_A, never);
      expect(await signIn.storageTokenFor(URL_A, never)).toBe(token);
      await signIn.storageTokenFor(URL_B, never);
      expect(requests.map(({ tenantId }) => tenantId)).toEqual(tenants);
    }
  });

  it("may be given up by one who waits, and continues for the others", async () => {
    const { promise, resolve } = Promise.withResolvers<AccessToken>();
    const signIn = new SignIn(
      REAL_SURROUNDINGS,
      { way: "test", advice: "", ask: () => promise },
      { isTenantFixed: false },
    );
    const impatient = new AbortController();
    const [left, stayed] = [signIn.getToken("s", { abortSignal: impatient.signal }), signIn.getToken("s")];
    impatient.abort();
    expect(await thrownBy(left)).toMatchObject({ name: "AbortError" });
    resolve({ token: "t", expiresOnTimestamp: Date.now() + MINUTE });
    expect((await stayed).token).toBe("t");
  });

  it("tells a gate whether a token is available, and whether one has been taken", async () => {
    const { signIn } = countedSignIn();
    const gate = signIn.forGate(STORAGE_SCOPE);
    expect(gate.hasWorked).toBe(false);
    await gate.ready(never);
    expect(gate.ready(never)).toBeUndefined();
    signIn.accepted();
    expect(gate).toMatchObject({ hasWorked: true, advice: "run `az login`" });
  });
});

describe("several ways to sign in", () => {
  const request = { scope: "s", fresh: false };
  const way = (name: string, outcomes: (string | SignInError)[]): TokenSource => ({
    way: name,
    advice: `use ${name}`,
    ask: async () => {
      const next = outcomes.shift() ?? lost(`${name}: no more`);
      if (next instanceof SignInError) throw next;
      return { token: next, expiresOnTimestamp: 0 };
    },
  });

  it("are tried in order, and the first that works stays, also when it is lost", async () => {
    const chain = new Chain(
      [way("a", [lost("a: none")]), way("b", ["from b"]), way("c", ["from c"])],
      "sign in",
    );
    expect(chain.advice).toBe("sign in");
    expect((await chain.ask(request)).token).toBe("from b");
    expect(chain.advice).toBe("use b");
    expect(await thrownBy(chain.ask(request))).toMatchObject({ message: "b: no more" });
  });

  it("say why each of them failed when all fail", async () => {
    const chain = new Chain([way("a", []), way("b", [])], "sign in");
    const error = await thrownBy(chain.ask(request));
    expect(error).toMatchObject({
      message: "a: no more; b: no more",
      advice: "sign in",
      isUnavailable: true,
    });
  });

  it("end at one that exists and is refused: a wrong secret must not become another identity", async () => {
    const wrong = new SignInError("a: wrong secret", "check it", { isUnavailable: false });
    const chain = new Chain([way("a", [wrong]), way("b", ["from b"])], "sign in");
    expect(await thrownBy(chain.ask(request))).toBe(wrong);
  });
});

describe("the message when there is no token", () => {
  it("is the service's own sentence on one line, without a secret, a trace or a stack", () => {
    const jwt = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2ln";
    const said = `invalid_client Status code: 401\nMore details:\nAADSTS7000215: Invalid client secret provided. Bearer ${jwt}\r\nTrace ID: 5 Correlation ID: 6`;
    const error = toSignInError("environment", () => "", new Error(said));
    expect(error.message).toBe("environment: AADSTS7000215: Invalid client secret provided. Bearer ***");
    const bare = toSignInError("az", () => "", new Error(`Unexpected end: {"accessToken": "${jwt}"`));
    expect(bare.message).not.toContain("c2ln");
  });

  it("comes with the command that helps", () => {
    expect(cliSource(REAL_SURROUNDINGS, undefined).advice).toBe("run `az login`");
    expect(cliSource(REAL_SURROUNDINGS, "t").advice).toBe("run `az login --tenant t`");
  });
});

describe("a challenge", () => {
  it.each([
    [undefined, undefined, undefined],
    [
      "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize",
      undefined,
      undefined,
    ],
    [
      'Bearer authorization="https://login.windows.net/AAAAAAAA-2222-3333-4444-555555555555", error="insufficient_claims", claims="eyJhIjoxfQ=="',
      "aaaaaaaa-2222-3333-4444-555555555555",
      '{"a":1}',
    ],
  ])("%s names tenant %s and claims %s", (header, tenantId, claims) => {
    expect(challengeIn(header)).toEqual({ tenantId, claims });
  });
});

describe("opening the sign-in", () => {
  const options: SignInOptions = {
    surroundings: REAL_SURROUNDINGS,
    auth: "environment",
    tenant: undefined,
    env: {},
    isPersonThere: false,
    hasDisplay: false,
    tell: () => {},
    signal: never,
  };

  it("refuses a tenant that cannot be one: it stands on az's command line", async () => {
    const error = await thrownBy(openSignIn({ ...options, auth: "cli", tenant: "t; rm -rf /" }));
    expect(error).toMatchObject({ code: "bad-option", exitCode: 2 });
  });

  it("refuses an environment without an application at once: waiting would not set it", async () => {
    const error = await thrownBy(
      openSignIn({
        ...options,
        env: { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "" },
      }),
    );
    expect(error).toMatchObject({ code: "sign-in", exitCode: 4 });
    expect((error as ReuploadError).advice).toMatch(/^Set AZURE_TENANT_ID, AZURE_CLIENT_ID and /);
    for (const name of ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"]) {
      const env = { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c", [name]: "x" };
      expect(await openSignIn({ ...options, env })).toBeInstanceOf(SignIn);
    }
  });

  it("asks nobody and loads nothing as long as no token is wanted", async () => {
    expect(await openSignIn({ ...options, auth: "auto" })).toBeInstanceOf(SignIn);
  });

  it("opens a browser only where the person sees it", () => {
    expect(hasDisplay({}, "win32")).toBe(true);
    expect(hasDisplay({ SSH_CONNECTION: "1 2" }, "darwin")).toBe(false);
    expect(hasDisplay({}, "linux")).toBe(false);
    expect(hasDisplay({ WAYLAND_DISPLAY: "wayland-0" }, "linux")).toBe(true);
    expect(hasDisplay({ DISPLAY: ":10", SSH_TTY: "/dev/pts/1" }, "linux")).toBe(false);
  });
});
