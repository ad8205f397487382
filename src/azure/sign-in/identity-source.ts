import type { AccessToken, TokenCredential } from "@azure/identity";
import { errorMessageText } from "../../core/errors.ts";
import { AnswerWatch } from "./answer-watch.ts";
import {
  checkedToken,
  describeReason,
  SignInError,
  type TokenRequest,
  type TokenSource,
} from "./token-source.ts";
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
  /** Makes the credential, watched; @azure/identity is loaded here, late, as it is slow to load. */
  readonly make: (watch: AnswerWatch) => Promise<TokenCredential>;
  /** The watch of all sources of this way, where the library makes one client for all its credentials. */
  readonly watch?: AnswerWatch;
}

/** A credential of @azure/identity as a source: with a time limit, and its errors in one form. */
export class IdentitySource implements TokenSource {
  readonly #surroundings: Surroundings;
  readonly #way: IdentityWay;
  readonly #watch: AnswerWatch;
  #credential: TokenCredential | undefined;

  constructor(surroundings: Surroundings, way: IdentityWay) {
    this.#surroundings = surroundings;
    this.#way = way;
    this.#watch = way.watch ?? new AnswerWatch();
  }

  get way(): string {
    return this.#way.name;
  }

  get advice(): string {
    return this.#way.advice();
  }

  async ask({ scope, tenantId, claims, fresh }: TokenRequest): Promise<AccessToken> {
    this.#watch.take();
    try {
      // A new credential does not have the tokens that the old one keeps.
      if (fresh || this.#credential === undefined) this.#credential = await this.#way.make(this.#watch);
      const options = {
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(claims === undefined ? {} : { claims }),
      };
      return checkedToken(await withinLimit(this.#surroundings, this.#credential.getToken(scope, options)));
    } catch (thrown) {
      throw toSignInError(this.#way.name, this.#way.advice, thrown, this.#watch.take());
    }
  }
}

/** What helps when the service could not be reached. */
const NETWORK_ADVICE =
  "check the network and the proxy's settings: the sign-in service itself did not answer";

/**
 * What a credential threw, as our error: the way's name, its reason on one line, and what to do.
 *
 * @param foreign who answered in place of the service, when somebody did: then that is the reason
 */
export function toSignInError(
  name: string,
  advice: (said?: string) => string,
  thrown: unknown,
  foreign?: string,
): SignInError {
  if (thrown instanceof SignInError) return thrown;
  const isUnavailable = thrown instanceof Error && UNAVAILABLE.has(thrown.name);
  if (foreign !== undefined) {
    return new SignInError(`${name}: ${foreign}`, NETWORK_ADVICE, { isUnavailable });
  }
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
