import type { AccessToken, TokenCredential } from "@azure/identity";
import { errorMessageText } from "../../core/errors.ts";
import { describeReason, SignInError, type TokenRequest, type TokenSource } from "./token-source.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** How long a source may take: `az` on a busy machine needs many seconds, one that hangs must not hold the run. */
const ASK_LIMIT_MS = 60_000;

/** Errors of @azure/identity that say that this way is not to be had here, as against one that was refused. */
const UNAVAILABLE = new Set(["CredentialUnavailableError", "AuthenticationRequiredError"]);

export interface IdentityWay {
  /** As in messages: `az`, `managed identity`. */
  readonly name: string;
  /** What the operator can do; `said` is what the credential said, when it was asked. */
  readonly advice: (said?: string) => string;
  /** Makes the credential; @azure/identity is loaded here, late, as it is slow to load. */
  readonly make: () => Promise<TokenCredential>;
}

/** A credential of @azure/identity as a source: with a time limit, and its errors in one form. */
export class IdentitySource implements TokenSource {
  readonly #surroundings: Surroundings;
  readonly #way: IdentityWay;
  #credential: TokenCredential | undefined;

  constructor(surroundings: Surroundings, way: IdentityWay) {
    this.#surroundings = surroundings;
    this.#way = way;
  }

  get advice(): string {
    return this.#way.advice();
  }

  async ask({ scope, tenantId, claims, fresh }: TokenRequest): Promise<AccessToken> {
    try {
      // A new credential does not have the tokens that the old one keeps.
      if (fresh || this.#credential === undefined) this.#credential = await this.#way.make();
      const options = {
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(claims === undefined ? {} : { claims }),
      };
      const token = await withinLimit(this.#surroundings, this.#credential.getToken(scope, options));
      if (token === null) throw new Error("no token was given");
      return token;
    } catch (thrown) {
      throw toSignInError(this.#way.name, this.#way.advice, thrown);
    }
  }
}

/** What a credential threw, as our error: the way's name, its reason on one line, and what to do. */
export function toSignInError(name: string, advice: (said?: string) => string, thrown: unknown): SignInError {
  if (thrown instanceof SignInError) return thrown;
  const isUnavailable = thrown instanceof Error && UNAVAILABLE.has(thrown.name);
  return new SignInError(`${name}: ${describeReason(thrown)}`, advice(errorMessageText(thrown)), {
    isUnavailable,
  });
}

async function withinLimit<T>(surroundings: Surroundings, asking: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = new Error(`no answer for ${ASK_LIMIT_MS / 1000} s`);
  const cancel = surroundings.after(ASK_LIMIT_MS, () => reject(late));
  try {
    return await Promise.race([asking, promise]);
  } finally {
    cancel();
  }
}
