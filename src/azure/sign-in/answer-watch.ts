/**
 * Sees each answer that a credential gets, because the libraries say of one that is not the sign-in service's no more
 * than `network_error` or "authentication failed".
 *
 * | call                                                         | answers of the service                            |
 * |--------------------------------------------------------------|---------------------------------------------------|
 * | a token (POST to a token endpoint)                           | 200 with a JSON object that has a token in `access_token` |
 * | a device code (POST)                                         | 200 with a JSON object that has a code in `device_code`    |
 * | a managed identity's token (GET)                             | 200 with a JSON object that has a token in `access_token` |
 * | what the authority says of itself (GET)                      | 200 with a JSON object                            |
 * | a refusal of any of them, also of a managed identity's probe | a JSON object; 401 with a challenge               |
 *
 * Everything else is a network problem. It gives no token, so that the sign-in is waited for and tried again as ever.
 */
import type { TokenCredentialOptions } from "@azure/identity";
import { isToken } from "./token-source.ts";

type Policy = NonNullable<TokenCredentialOptions["additionalPolicies"]>[number]["policy"];
type Request = Parameters<Policy["sendRequest"]>[0];
type Response = Awaited<ReturnType<Policy["sendRequest"]>>;

/** The part of a client's pipeline that is used. */
interface PolicyList {
  addPolicy(policy: Policy, options: { readonly afterPhase: "Retry" }): void;
}

/** The part of a credential's options by which it is watched. */
export type WatchedOptions = Required<Pick<TokenCredentialOptions, "additionalPolicies">>;

const LONGEST_TYPE = 60;

export class AnswerWatch {
  /** For the credential. */
  readonly options: WatchedOptions;
  readonly #policy: Policy;
  #foreign: string | undefined;

  constructor() {
    const sendRequest: Policy["sendRequest"] = async (request, next) => {
      const response = await next(request);
      this.#foreign = isFromService(request, response) ? undefined : describe(request, response);
      // The libraries would keep what it holds for a token, for as long as it says. What is refused, they may try again.
      if (this.#foreign !== undefined && response.status < 300) throw new Error(this.#foreign);
      return response;
    };
    this.#policy = { name: "answerWatch", sendRequest };
    this.options = { additionalPolicies: [{ policy: this.#policy, position: "perRetry" }] };
  }

  /**
   * Watches a credential that replaces the policies it is given by its own (a managed identity's). Where the library
   * has changed, answers are judged by it alone, and told in its words.
   */
  alsoWatch(credential: object): void {
    const { identityClient } = credential as { identityClient?: { pipeline?: Partial<PolicyList> } };
    identityClient?.pipeline?.addPolicy?.(this.#policy, { afterPhase: "Retry" });
  }

  /** Who answered the last request in place of the service, in words; undefined when the service did, or nobody. */
  take(): string | undefined {
    const foreign = this.#foreign;
    this.#foreign = undefined;
    return foreign;
  }
}

function isFromService({ method, url }: Request, { status, headers, bodyAsText }: Response): boolean {
  if (status === 401 && headers.get("www-authenticate") !== undefined) return true;
  const body = objectIn(bodyAsText ?? "");
  if (body === undefined) return false;
  const wantsToken = method === "POST" || new URL(url).searchParams.has("resource");
  if (status !== 200 || !wantsToken) return true;
  return ["access_token", "device_code"].some((name) => isToken(body[name]));
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function describe({ url }: Request, { status, headers }: Response): string {
  const type = headers
    .get("content-type")
    ?.replaceAll(/[^\x20-\x7e]/g, "?")
    .slice(0, LONGEST_TYPE);
  const facts = [`HTTP ${status}`, ...(type === undefined ? [] : [type])].join(", ");
  return `something between this machine and ${new URL(url).host} answered (${facts})`;
}
