import type { StorageAccount } from "../account.ts";
import type { AttemptContext } from "../attempts/attempt-clock.ts";
import type { ReadAccess } from "../calls/blob-calls.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import { ForeignAnswer } from "./foreign-answer.ts";
import { signedUrl } from "../calls/signed-url.ts";
import { isStorageHost } from "../sign-in/trusted-hosts.ts";
import type { Connections } from "./connections.ts";
import { Exchange, type WireRequest } from "./exchange.ts";
import { HttpDate } from "./http-date.ts";
import { type CallName, hasPromisedBody, judgeAnswer } from "./promised-answers.ts";
import { RefusedRequest, type Signature } from "./refused-request.ts";
import { SERVICE_VERSION } from "./service-version.ts";
import { SharedKey } from "./shared-key.ts";
import { splitUrl } from "./split-url.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** More of an answer than this is not kept, bytes: a page of 5,000 blobs with the most metadata that each may have. */
const LONGEST_ANSWER = 64 * 2 ** 20;

/** One request to a storage service, before it is signed. */
export interface RestRequest {
  /** What the answer is held against. */
  readonly call: CallName;
  readonly method: WireRequest["method"];
  readonly url: string;
  readonly as: ReadAccess["as"];
  /** Names in lower case, each followed by its value. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
}

/**
 * Makes the calls of a run: signs the request as the account or not at all, sends it once, and holds the answer against
 * what the call promises. A "no" of the service and an answer that the service did not give are errors.
 */
export class RestClient {
  readonly surroundings: Surroundings;
  readonly account: StorageAccount;
  readonly #sharedKey: SharedKey | undefined;
  readonly #connections: Connections;
  readonly #httpDate: HttpDate;

  constructor(surroundings: Surroundings, account: StorageAccount, connections: Connections) {
    this.surroundings = surroundings;
    this.#httpDate = new HttpDate(surroundings);
    this.account = account;
    this.#connections = connections;
    const { credential } = account;
    if (credential.kind === "shared-key") {
      this.#sharedKey = new SharedKey(credential.accountName, credential.key);
    }
  }

  /**
   * Whether what is read there is answered by a storage service, which says so in each answer. Elsewhere a link may lead
   * to any web server.
   */
  speaksStorage({ url, as }: ReadAccess): boolean {
    if (as !== "anonymous" || url.startsWith(`${this.account.blobEndpoint}/`)) return true;
    return isStorageHost(new URL(url));
  }

  /** Opens connections for requests that will surely come. @param endpoint of the account @param most @param signal as `Connections.openAhead` */
  openAhead(endpoint: string, most: number, signal: AbortSignal): void {
    this.#connections.openAhead(splitUrl(`${endpoint}/`).origin, most, signal);
  }

  /**
   * Sends the request and gives the answer, with its whole body.
   *
   * @throws RefusedRequest; ForeignAnswer; what `Exchange.begin` throws
   */
  async send(
    request: RestRequest,
    pulse: AttemptContext,
  ): Promise<{ readonly head: Exchange; readonly body: Buffer }> {
    const head = await this.open(request, pulse);
    const body = await readBody(head, request.url);
    if (hasPromisedBody(request.call, body)) return { head, body };
    throw new ForeignAnswer(request.url, head, "not what was asked for");
  }

  /** Sends the request; the answer's body is not read yet. @throws as `send` does */
  async open(request: RestRequest, pulse: AttemptContext): Promise<Exchange> {
    const { credential } = this.account;
    if (request.as !== "anonymous" && credential.kind === "token") {
      return this.#withToken(request, credential.signIn, pulse);
    }
    const exchange = await this.#begin(request, undefined, pulse);
    return isSuccess(request, exchange) ? exchange : this.#refuse(request, exchange);
  }

  /** Lets the sign-in know what the service made of its token: a 401 renews it. */
  async #withToken(request: RestRequest, signIn: SignIn, pulse: AttemptContext): Promise<Exchange> {
    const token = await signIn.storageTokenFor(request.url, pulse.signal);
    const exchange = await this.#begin(request, token, pulse);
    const isDone = isSuccess(request, exchange);
    if (exchange.status === 401) {
      signIn.refused(token, request.url, exchange.header("www-authenticate"));
    } else signIn.accepted();
    return isDone ? exchange : this.#refuse(request, exchange);
  }

  async #refuse(request: RestRequest, exchange: Exchange): Promise<never> {
    const body = await readBody(exchange, request.url);
    const signature = this.#describeSignature(request);
    throw new RefusedRequest(exchange, body.toString(), signature, this.surroundings.wall());
  }

  #describeSignature({ url, as }: RestRequest): Signature {
    if (as === "anonymous") return { url, isDated: false, whose: "the link's" };
    const isDated = this.#sharedKey !== undefined;
    return { url: signedUrl(url, this.account.credential), isDated, whose: "the account's" };
  }

  #begin(
    { method, url, as, headers, body }: RestRequest,
    token: string | undefined,
    pulse: AttemptContext,
  ): Promise<Exchange> {
    const { origin, path } = splitUrl(as === "anonymous" ? url : signedUrl(url, this.account.credential));
    const all = ["x-ms-version", SERVICE_VERSION, "x-ms-date", this.#httpDate.now(), ...headers];
    const wire = { method, origin, path, headers: all, body };
    if (token !== undefined) all.push("authorization", `Bearer ${token}`);
    else if (as !== "anonymous" && this.#sharedKey !== undefined) {
      all.push("authorization", this.#sharedKey.authorizationFor(wire));
    }
    all.push("user-agent", "reupload", "accept", "application/xml");
    return Exchange.begin(this.#connections.take(origin), wire, pulse);
  }
}

/** Whether the answer is what the call promises; false when it is a "no". @throws ForeignAnswer when it is neither */
function isSuccess({ call, url }: RestRequest, exchange: Exchange): boolean {
  try {
    return judgeAnswer(call, exchange, url) === "success";
  } catch (thrown) {
    exchange.close();
    throw thrown;
  }
}

/** The rest of the answer's body. @param url where it was asked @throws what `Exchange.rest` throws; ForeignAnswer */
async function readBody(exchange: Exchange, url: string): Promise<Buffer> {
  const body = await exchange.rest(LONGEST_ANSWER);
  if (body !== undefined) return body;
  throw new ForeignAnswer(url, exchange, `more than ${LONGEST_ANSWER} bytes`);
}
