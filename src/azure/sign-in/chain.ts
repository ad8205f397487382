import type { AccessToken } from "@azure/identity";
import { SignInError, type TokenRequest, type TokenSource } from "./token-source.ts";

/**
 * Ways to sign in, tried in order. The first that gives a token is the one for the rest of the run: at night nobody
 * wants another identity than the one that began. A way that is there and is refused (a wrong secret) ends the search.
 */
export class Chain implements TokenSource {
  readonly #sources: readonly TokenSource[];
  readonly #advice: string;
  #chosen: TokenSource | undefined;

  /** @param advice what to do while none of them gives a token */
  constructor(sources: readonly TokenSource[], advice: string) {
    this.#sources = sources;
    this.#advice = advice;
  }

  get way(): string {
    return this.#chosen?.way ?? "no way yet";
  }

  get advice(): string {
    return this.#chosen?.advice ?? this.#advice;
  }

  async ask(request: TokenRequest): Promise<AccessToken> {
    if (this.#chosen !== undefined) return this.#chosen.ask(request);
    const reasons: string[] = [];
    for (const source of this.#sources) {
      try {
        const token = await source.ask(request);
        this.#chosen = source;
        return token;
      } catch (thrown) {
        if (!(thrown instanceof SignInError) || !thrown.isUnavailable) throw thrown;
        reasons.push(thrown.message);
      }
    }
    throw new SignInError(reasons.join("; "), this.#advice, { isUnavailable: true });
  }
}
