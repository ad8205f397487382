import { afterEach, describe, expect, it, vi } from "vitest";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import { GATE_DEFAULTS, type GateOptions, ServiceGate } from "../../../src/azure/gate/service-gate.ts";
import type { SharedServices } from "../../../src/azure/shared/share-gates.ts";
import { SignIn, STORAGE_SCOPE } from "../../../src/azure/sign-in/sign-in.ts";
import { SignInError } from "../../../src/azure/sign-in/token-source.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";
import { describeGate, enter, fail, type TestGate } from "../gate/gate-contract.ts";
import { countedSignIn, quickGate, thrownBy } from "../support.ts";
import { shareHere } from "./support.ts";

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

function share(given: Partial<SharedServices> & { readonly target: ServiceGate }) {
  const sharing = shareHere(given);
  toClose.push(() => sharing.close());
  return sharing;
}

/** A gate as another thread has it, over a channel to its judge. */
function openRemote(options: Partial<GateOptions> = {}): TestGate {
  const judge = quickGate(options);
  const { target } = share({ target: judge }).openThread();
  return Object.defineProperty(target, "waiting", { get: () => judge.waiting }) as TestGate;
}

describeGate("a gate in another thread", openRemote);

describe("the gates of several threads", () => {
  it("are closed to all at once by the pause that one is asked for, before the judge has heard of it", async () => {
    const judge = quickGate();
    const { openThread } = share({ target: judge });
    const [one, other] = [openThread(), openThread()];
    const pass = await enter(one.target);
    expect(other.target.enterAtOnce({})).toBeDefined();
    const judging = pass.throttled(60_000);
    expect(other.target.enterAtOnce({})).toBeUndefined();
    expect(judge.waiting).toBeUndefined();
    await judging;
    expect(judge.waiting).toMatchObject({ throttled: true });
    expect(judge.enterAtOnce({})).toBeUndefined();
  });

  it("are closed to all by what the judge meets itself, and by the failures of all together", async () => {
    const judge = quickGate({ firstProbeDelayMs: 60_000 });
    const { openThread } = share({ target: judge });
    const [one, other] = [openThread(), openThread()];
    await fail(one.target, 3, "failing");
    await fail(other.target, 3, "failing");
    await fail(judge, 1, "failing");
    expect(other.target.isDown).toBe(false);
    await fail(judge, 1, "failing");
    expect([one.target.isDown, other.target.isDown]).toEqual([true, true]);
  });

  it("give a thread's probe to another one when the thread has died", async () => {
    const judge = quickGate();
    const { openThread } = share({ target: judge });
    const [one, other] = [openThread(), openThread()];
    (await enter(judge)).answered();
    await fail(one.target, 3, "unreachable");
    await enter(one.target);
    const probe = enter(other.target);
    one.die();
    (await probe).answered();
    await expect.poll(() => judge.isDown, { interval: 5 }).toBe(false);
  });

  it("end a wait at the judge by the signal of the request, and leave the turn to others", async () => {
    const judge = quickGate({ firstProbeDelayMs: 50 });
    const { target } = share({ target: judge }).openThread();
    (await enter(judge)).answered();
    await fail(target, 3, "unreachable");
    const control = new AbortController();
    const waiting = thrownBy(Promise.resolve(target.enter({}, control.signal)));
    const reason = new Error("stop");
    control.abort(reason);
    expect(await waiting).toBe(reason);
    (await enter(target)).answered();
    await expect.poll(() => judge.isDown, { interval: 5 }).toBe(false);
  });

  it("keep to the operator's rate together, and tell the main thread for how long they were held", async () => {
    const clockBegan = performance.now();
    const requests = new Pacer(REAL_SURROUNDINGS, () => 200);
    const { openThread, close } = share({ target: quickGate(), requests });
    const threads = [openThread(), openThread(), openThread()];
    const all = threads.flatMap(({ target }) => Array.from({ length: 20 }, async () => enter(target)));
    await Promise.all(all);
    const ms = performance.now() - clockBegan;
    // So many, but for a burst of 50 ms and one that makes a debt.
    expect(all.length).toBeLessThanOrEqual((200 * (ms + 50)) / 1_000 + 1);
    close();
    expect(requests.heldMs).toBeGreaterThan(0);
  });

  it("count what is answered to them for the judge", async () => {
    const judge = quickGate();
    const { openThread } = share({ target: judge });
    for (const { target } of [openThread(), openThread()]) (await enter(target)).answered();
    await expect.poll(() => judge.load.answers, { interval: 5 }).toBe(2);
  });

  it("are opened for each source account at its first request", async () => {
    const sources = new Map<string, ServiceGate>();
    const source = (url: string): ServiceGate => {
      const made = new ServiceGate(REAL_SURROUNDINGS, `source ${url}`, {
        ...GATE_DEFAULTS,
        essential: false,
      });
      sources.set(url, sources.get(url) ?? made);
      return sources.get(url) ?? made;
    };
    const { openThread } = share({ target: quickGate(), source });
    const [one, other] = [openThread(), openThread()];
    const url = "https://a.blob.example";
    const pass = await enter(one.source(url));
    await enter(other.source(url));
    expect([...sources.keys()]).toEqual([url]);
    await pass.throttled(60_000);
    expect(other.source(url).enterAtOnce({})).toBeUndefined();
    expect(one.target.enterAtOnce({})).toBeDefined();
  });
});

/** The sign-in of two threads that share this one. */
function openTwo(signIn: SignIn) {
  const { openThread } = share({ target: quickGate(), signIn });
  const threads = [openThread(), openThread()].map((opened) => opened.signIn as SignIn);
  const tokens = async (): Promise<string[]> =>
    Promise.all(threads.map(async (own) => (await own.getToken(STORAGE_SCOPE)).token));
  return { threads, tokens };
}

describe("the sign-in of several threads", () => {
  it("asks for one token for all, and for one more when a service has refused it", async () => {
    const { signIn, asked } = countedSignIn();
    const { threads, tokens } = openTwo(signIn);
    expect(await tokens()).toEqual(["token-1", "token-1"]);
    for (const own of threads) own.refused("token-1", "https://a.blob.core.windows.net/c", undefined);
    expect(await tokens()).toEqual(["token-2", "token-2"]);
    expect(asked()).toBe(2);
  });

  it("gives every thread the next token when the old one ages, and asks for it once", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
    try {
      const { signIn, asked } = countedSignIn();
      const { tokens } = openTwo(signIn);
      expect(await tokens()).toEqual(["token-1", "token-1"]);
      vi.setSystemTime(Date.now() + 51 * 60_000);
      // Nobody waits for it.
      expect(await tokens()).toEqual(["token-1", "token-1"]);
      await expect.poll(tokens, { interval: 5 }).toEqual(["token-2", "token-2"]);
      expect(asked()).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it("has worked once a service has taken a token in any of them", async () => {
    const { signIn } = countedSignIn();
    const { openThread } = share({ target: quickGate(), signIn });
    openThread().signIn?.accepted();
    await expect.poll(() => signIn.forGate(STORAGE_SCOPE).hasWorked, { interval: 5 }).toBe(true);
  });

  it("says why there is no token as the main thread's does", async () => {
    const error = new SignInError("az: nobody has logged in", "run `az login`", { isUnavailable: true });
    const ask = async (): Promise<never> => Promise.reject(error);
    const signIn = new SignIn(
      REAL_SURROUNDINGS,
      { way: "az", advice: "run `az login`", ask },
      { isTenantFixed: false },
    );
    const { openThread } = share({ target: quickGate(), signIn });
    const own = openThread().signIn as SignIn;
    expect(own.way).toBe("az");
    const thrown = await thrownBy(own.getToken(STORAGE_SCOPE));
    expect(thrown).toBeInstanceOf(SignInError);
    expect(thrown).toMatchObject({ message: error.message, advice: error.advice, isUnavailable: true });
  });
});
