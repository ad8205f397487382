/**
 * Signing in: one credential for storage and Kusto. Tokens come from one source, chosen by `--auth`, are kept by scope
 * and tenant, and go to trusted hosts over https only.
 */
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import { ReuploadError } from "../../core/errors.ts";
import { isTrustedForTokens } from "./trusted-hosts.ts";
import { challengeIn } from "./challenge.ts";
import { KeptToken } from "./kept-token.ts";
import type { TokenSource } from "./token-source.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** The token's scope for storage, in every cloud. */
export const STORAGE_SCOPE = "https://storage.azure.com/.default";

type AbortSignalLike = NonNullable<GetTokenOptions["abortSignal"]>;

/** What a service's gate knows of the sign-in that its requests need. */
export interface GateSignIn {
  /** What the operator can do when the service refuses the tokens. */
  readonly advice: string;
  /** A service has taken a token in this run. */
  readonly hasWorked: boolean;
  /** undefined when a token is at hand; else resolves when there is one. @throws SignInError; AbortError */
  ready(signal: AbortSignal): Promise<unknown> | undefined;
}

/** The run's credential. */
export class SignIn implements TokenCredential {
  readonly #surroundings: Surroundings;
  readonly #source: TokenSource;
  /** `--tenant` was given: what a service says about tenants does not count. */
  readonly isTenantFixed: boolean;
  readonly #tokens = new Map<string, KeptToken>();
  readonly #tenants = new Map<string, string>();
  #hasWorked = false;

  constructor(surroundings: Surroundings, source: TokenSource, options: { readonly isTenantFixed: boolean }) {
    this.#surroundings = surroundings;
    this.#source = source;
    this.isTenantFixed = options.isTenantFixed;
  }

  /** Which way gives the tokens, such as `az`. */
  get way(): string {
    return this.#source.way;
  }

  /** What the operator can do when a service refuses the tokens. */
  get advice(): string {
    return this.#source.advice;
  }

  /** A token for these scopes, kept and renewed in time. @throws SignInError; AbortError */
  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const scope = typeof scopes === "string" ? scopes : scopes.join(" ");
    const kept = this.#keptFor(scope, options.tenantId);
    return kept.atHand() ?? unlessAborted(kept.get(), options.abortSignal);
  }

  /**
   * As `getToken`, for one who keeps a token and renews it: waits for the next one when this one is being renewed.
   *
   * @param old what it has kept
   * @throws SignInError; AbortError
   */
  async getTokenAfter(
    old: string | undefined,
    scope: string,
    options: Pick<GetTokenOptions, "abortSignal" | "tenantId">,
  ): Promise<AccessToken> {
    return unlessAborted(this.#keptFor(scope, options.tenantId).get(old), options.abortSignal);
  }

  /**
   * The storage token for one request to this URL.
   *
   * @throws ReuploadError `target-invalid` for a host that gets no token; SignInError; AbortError
   */
  async storageTokenFor(url: string, signal: AbortSignalLike | undefined): Promise<string> {
    const { protocol, host, hostname } = new URL(url);
    if (!isTrustedForTokens({ protocol, hostname })) {
      throw new ReuploadError(
        "target-invalid",
        `reupload does not send a sign-in token to ${protocol}//${host}.`,
      );
    }
    const tenantId = this.#tenants.get(host);
    const options = { ...(tenantId && { tenantId }), ...(signal && { abortSignal: signal }) };
    return (await this.getToken(STORAGE_SCOPE, options)).token;
  }

  /** A service has answered a request with a token of ours, with anything but 401. */
  accepted(): void {
    if (!this.#hasWorked) this.#source.accepted?.();
    this.#hasWorked = true;
  }

  /**
   * A service has answered 401: the token is not given out again, and the next one is what the service asked for.
   *
   * @param challenge the answer's `WWW-Authenticate`
   */
  refused(token: string, url: string, challenge: string | undefined): void {
    const { tenantId, claims } = challengeIn(challenge);
    if (tenantId !== undefined && !this.isTenantFixed) this.#tenants.set(new URL(url).host, tenantId);
    this.replace(token, claims);
  }

  /** The token is not given out again. @param claims that the next one must have, as JSON */
  replace(token: string, claims: string | undefined): void {
    for (const kept of this.#tokens.values()) kept.refuse(token, claims);
  }

  /** The sign-in as the gate of a service with this scope sees it. */
  forGate(scope: string): GateSignIn {
    const isReady = (): boolean => this.#keptFor(scope, undefined).atHand() !== undefined;
    const source = this.#source;
    const hasWorked = (): boolean => this.#hasWorked;
    return {
      get advice() {
        return source.advice;
      },
      get hasWorked() {
        return hasWorked();
      },
      ready: (signal) => (isReady() ? undefined : this.getToken(scope, { abortSignal: signal })),
    };
  }

  #keptFor(scope: string, tenantId: string | undefined): KeptToken {
    const key = `${tenantId ?? ""} ${scope}`;
    let kept = this.#tokens.get(key);
    if (kept === undefined) {
      kept = new KeptToken(this.#surroundings, (request) =>
        this.#source.ask({ ...request, scope, tenantId }),
      );
      this.#tokens.set(key, kept);
    }
    return kept;
  }
}

/** The token is asked for on behalf of all: who gives up waiting does not end that. */
async function unlessAborted<T>(asking: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (signal === undefined) return asking;
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(new DOMException("The wait for a token was given up.", "AbortError"));
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave);
  try {
    return await Promise.race([asking, promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
