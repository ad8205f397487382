import type { StorageAccount } from "../account.ts";
import type { Pulse } from "../attempt-clock.ts";
import type { ReadAccess } from "../blob-calls.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import { signedUrl } from "../signed-url.ts";
import type { Connections } from "./connections.ts";
import { Exchange, type WireRequest } from "./exchange.ts";
import { httpDate } from "./http-date.ts";
import { RefusedRequest } from "./refused-request.ts";
import { SERVICE_VERSION } from "./service-version.ts";
import { SharedKey } from "./shared-key.ts";

/** More of an answer than this is not kept; the calls here expect little or nothing. */
const LONGEST_ANSWER = 8 * 2 ** 20;

/** One request to a storage service, before it is signed. */
export interface RestRequest {
  readonly method: WireRequest["method"];
  readonly url: string;
  readonly as: ReadAccess["as"];
  /** Names in lower case, each followed by its value. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
}

/**
 * Makes the calls of a run: signs the request as the account or not at all, sends it once, and tells a "no" apart from
 * an answer.
 */
export class RestClient {
  readonly account: StorageAccount;
  readonly #sharedKey: SharedKey | undefined;
  readonly #connections: Connections;

  constructor(account: StorageAccount, connections: Connections) {
    this.account = account;
    this.#connections = connections;
    const { credential } = account;
    if (credential.kind === "shared-key") {
      this.#sharedKey = new SharedKey(credential.accountName, credential.key);
    }
  }

  /** Sends the request and gives the answer's whole body. @throws RefusedRequest; what `Exchange.begin` throws */
  async send(request: RestRequest, pulse: Pulse): Promise<Buffer> {
    return wholeOf(await this.open(request, pulse));
  }

  /** Sends the request; the answer's body is not read yet. @throws as `send` does */
  async open(request: RestRequest, pulse: Pulse): Promise<Exchange> {
    const exchange = await (request.as !== "anonymous" && this.account.credential.kind === "token"
      ? this.#withToken(request, this.account.credential.signIn, pulse)
      : this.#begin(request, undefined, pulse));
    if (exchange.status >= 300) throw new RefusedRequest(exchange, (await wholeOf(exchange)).toString());
    return exchange;
  }

  /** Lets the sign-in know what the service made of its token: a 401 renews it. */
  async #withToken(request: RestRequest, signIn: SignIn, pulse: Pulse): Promise<Exchange> {
    const token = await signIn.storageTokenFor(request.url, pulse.signal);
    const exchange = await this.#begin(request, token, pulse);
    if (exchange.status === 401) {
      signIn.refused(token, request.url, exchange.header("www-authenticate"));
    } else signIn.accepted();
    return exchange;
  }

  async #begin({ method, url, as, headers, body }: RestRequest, token: string | undefined, pulse: Pulse) {
    const { origin, pathname, search } = new URL(
      as === "anonymous" ? url : signedUrl(url, this.account.credential),
    );
    const all = ["x-ms-version", SERVICE_VERSION, "x-ms-date", httpDate(), ...headers];
    const wire = { method, origin, path: pathname + search, headers: all, body };
    if (token !== undefined) all.push("authorization", `Bearer ${token}`);
    else if (as !== "anonymous" && this.#sharedKey !== undefined) {
      all.push("authorization", this.#sharedKey.authorizationFor(wire));
    }
    all.push("user-agent", "reupload", "accept", "application/xml");
    return Exchange.begin(this.#connections.take(origin), wire, pulse);
  }
}

/** The rest of the answer's body. @throws what `Exchange.next` throws */
export async function wholeOf(exchange: Exchange): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (let piece = await exchange.next(); piece !== undefined; piece = await exchange.next()) {
    bytes += piece.length;
    if (bytes > LONGEST_ANSWER) {
      exchange.close();
      throw new RangeError(`the service's answer is longer than ${LONGEST_ANSWER} bytes`);
    }
    pieces.push(piece);
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}
