/** Short waits, and answers as the attempts see them. */
import type { StorageAccount } from "../../src/azure/account.ts";
import type { AttemptPolicy } from "../../src/azure/attempts/attempt.ts";
import { AttemptClock, type AttemptContext } from "../../src/azure/attempts/attempt-clock.ts";
import { RequestBudget } from "../../src/azure/attempts/effort.ts";
import { Connections } from "../../src/azure/wire/connections.ts";
import { RestClient } from "../../src/azure/wire/rest-client.ts";
import { ServiceFailure, toServiceFailure } from "../../src/azure/wire/service-error.ts";
import { type TokenSource } from "../../src/azure/sign-in/token-source.ts";
import { SignIn } from "../../src/azure/sign-in/sign-in.ts";
import { GATE_DEFAULTS, type GateOptions, ServiceGate } from "../../src/azure/gate/service-gate.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

export const QUICK: AttemptPolicy = { maxAttempts: 8, baseDelayMs: 1, maxDelayMs: 4, idleMs: 10_000 };

export function quickGate(options: Partial<GateOptions> = {}): ServiceGate {
  return new ServiceGate(REAL_SURROUNDINGS, "target account.example", {
    ...GATE_DEFAULTS,
    maxWaitMs: 10_000,
    maxFirstWaitMs: 10_000,
    firstProbeDelayMs: 5,
    longestProbeDelayMs: 20,
    ...options,
  });
}

/** A service's "no". */
export function answered(status: number, errorCode?: string, retryAfterMs?: number): ServiceFailure {
  return new ServiceFailure("test", `HTTP ${status}`, { status, errorCode }, { retryAfterMs });
}

/** No answer at all. */
export function lost(systemCode: string): ServiceFailure {
  return new ServiceFailure("test", systemCode, { systemCode });
}

/** A request that gives these outcomes one after the other (the last is repeated), and how often it was made. */
export function scripted(...outcomes: readonly (Error | string)[]): {
  readonly request: () => Promise<string>;
  readonly calls: () => number;
} {
  let calls = 0;
  return {
    calls: () => calls,
    request: async () => {
      const outcome = outcomes[Math.min(calls++, outcomes.length - 1)] ?? "";
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
}

/** What must fail fails with this. */
export async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => {
      throw new Error(`it did not fail but gave ${String(value)}`);
    },
    (thrown: unknown) => thrown,
  );
}

/** A sign-in whose source gives `token-1`, `token-2`, ..., each for so long. */
export function countedSignIn(lifeMs = 3_600_000): { readonly signIn: SignIn; readonly asked: () => number } {
  let asked = 0;
  const source: TokenSource = {
    way: "test",
    advice: "run `az login`",
    ask: async () => ({ token: `token-${++asked}`, expiresOnTimestamp: Date.now() + lifeMs }),
  };
  return { signIn: new SignIn(REAL_SURROUNDINGS, source, { isTenantFixed: false }), asked: () => asked };
}

/** The request, made once and without a gate; what fails is told as a ServiceFailure. */
export async function bare<T>(request: (pulse: AttemptContext) => Promise<T>): Promise<T> {
  const clock = new AttemptClock(
    REAL_SURROUNDINGS,
    new RequestBudget(new AbortController().signal, 60_000),
    "call",
    QUICK.idleMs,
  );
  try {
    return await request(clock);
  } catch (thrown) {
    throw toServiceFailure(thrown, "call", REAL_SURROUNDINGS.wall()) ?? thrown;
  } finally {
    clock.stop();
  }
}

/** A client of its own, that makes the calls of every file without a proxy. */
export function restTo(account: StorageAccount): RestClient {
  return new RestClient(REAL_SURROUNDINGS, account, new Connections(() => undefined, QUICK.idleMs));
}
