import type { AccessToken } from "@azure/identity";
import { SignInError, type TokenRequest } from "./token-source.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** A token is renewed so long before its end, or at half its life when it lasts less than twice that, ms. */
const RENEW_BEFORE_MS = 10 * 60_000;
/**
 * `az` and the sign-in libraries give the token that they keep until 5 minutes before its end: one that came back
 * unchanged is asked for again when that is over.
 */
const SAME_AGAIN_BEFORE_MS = 4.5 * 60_000;
/** Clocks differ and requests take time: a token is not used in its last moments, ms (a tenth of a short life). */
const UNUSED_END_MS = 30_000;
/** After a failure a source is left alone for a while that doubles, ms: many requests wait for the same token. */
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 15_000;

/**
 * The token of one scope, kept and renewed in time.
 *
 * `none`    nobody asked yet, it was refused, or it ended: who needs it waits for the source.
 * `good`    given at once.
 * `ageing`  within its last ten minutes: given at once, while the source is asked for the next one; when that fails,
 *           nobody notices and it is tried again, until it ends.
 *
 * The source is asked by one at a time, whoever waits, and for as long as it takes, whoever gives up.
 */
export class KeptToken {
  readonly #surroundings: Surroundings;
  readonly #ask: (request: Pick<TokenRequest, "fresh" | "claims">) => Promise<AccessToken>;
  #token: AccessToken | undefined;
  #usableUntil = 0;
  #renewAt = 0;
  #asking: Promise<AccessToken> | undefined;
  #isRefused = false;
  #claims: string | undefined;
  #failure: { readonly error: unknown; readonly until: number } | undefined;
  #restMs = 0;

  constructor(
    surroundings: Surroundings,
    ask: (request: Pick<TokenRequest, "fresh" | "claims">) => Promise<AccessToken>,
  ) {
    this.#surroundings = surroundings;
    this.#ask = ask;
  }

  /** The token when it can be used at once. An ageing one starts its renewal. */
  atHand(): AccessToken | undefined {
    const now = this.#surroundings.wall();
    if (this.#token === undefined || now >= this.#usableUntil) return undefined;
    // Who holds a token need not know that the next one is late.
    if (now >= this.#renewAt) this.#renew().catch(() => {});
    return this.#token;
  }

  /**
   * A token that can be used; it is waited for when there is none.
   *
   * @param old what the caller has and wants to renew: while the next one is asked for, that is waited for, too. The same is
   * given when there is no other as long as it can be used
   * @throws SignInError
   */
  async get(old?: string): Promise<AccessToken> {
    const token = this.atHand();
    if (token === undefined) return this.#renew();
    if (token.token !== old || this.#asking === undefined) return token;
    return this.#asking.catch((error: unknown) => {
      const still = this.atHand();
      if (still === undefined) throw error;
      return still;
    });
  }

  /** A service did not take this token. Of many that were refused it at once, the first counts. */
  refuse(token: string, claims: string | undefined): void {
    if (this.#token?.token !== token) return;
    this.#token = undefined;
    this.#isRefused = true;
    this.#claims = claims;
  }

  async #renew(): Promise<AccessToken> {
    if (this.#failure !== undefined && this.#surroundings.wall() < this.#failure.until)
      throw this.#failure.error;
    this.#asking ??= this.#askSource().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askSource(): Promise<AccessToken> {
    try {
      const token = await this.#ask({ fresh: this.#isRefused, claims: this.#claims });
      this.#keep(token);
      return token;
    } catch (error) {
      this.#restMs = Math.min(Math.max(FIRST_REST_MS, this.#restMs * 2), LONGEST_REST_MS);
      this.#failure = { error, until: this.#surroundings.wall() + this.#restMs };
      throw error;
    }
  }

  #keep(token: AccessToken): void {
    const now = this.#surroundings.wall();
    const ends = token.expiresOnTimestamp;
    const lifeMs = ends - now;
    if (!(lifeMs > 0)) {
      const advice = "check this machine's clock, then sign in again";
      throw new SignInError("the token has already expired", advice, { isUnavailable: false });
    }
    const isSame = token.token === this.#token?.token;
    this.#renewAt = isSame
      ? Math.max(now + UNUSED_END_MS, ends - SAME_AGAIN_BEFORE_MS)
      : Math.min(token.refreshAfterTimestamp ?? ends, ends - Math.min(RENEW_BEFORE_MS, lifeMs / 2));
    // A token that came again is no younger than it was: a tenth of what is left of it would be less and less.
    if (!isSame) this.#usableUntil = ends - Math.min(UNUSED_END_MS, lifeMs / 10);
    this.#token = token;
    this.#isRefused = false;
    this.#claims = undefined;
    this.#failure = undefined;
    this.#restMs = 0;
  }
}
