import type { Secret } from "../../core/secret.ts";
import { decodePart } from "../calls/link-url.ts";
import type { WireRequest } from "./exchange.ts";
import { HmacSha256 } from "./hmac.ts";

/** Headers whose values are signed, in the order of the rule; all others only when their names begin with `x-ms-`. */
const SIGNED = [
  "content-language",
  "content-encoding",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
];
const PLACES: ReadonlyMap<string, number> = new Map(SIGNED.map((name, place) => [name, place]));
const LENGTH_PLACE = SIGNED.indexOf("content-length");

/**
 * Signs with an account's key; requests by the rule of the services:
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
export class SharedKey {
  readonly accountName: string;
  readonly #hmac: HmacSha256;

  constructor(accountName: string, key: Secret) {
    this.accountName = accountName;
    this.#hmac = new HmacSha256(Buffer.from(key.reveal(), "base64"));
  }

  /** The `authorization` of the request, whose other headers must be complete. */
  authorizationFor(request: WireRequest): string {
    return `SharedKey ${this.accountName}:${this.sign(stringToSign(this.accountName, request))}`;
  }

  /** The text's signature, base64. */
  sign(text: string): string {
    return this.#hmac.sign(text);
  }
}

function stringToSign(accountName: string, { method, path, headers, body }: WireRequest): string {
  const signed = Array<string>(SIGNED.length).fill("");
  if (body !== undefined && body.length > 0) signed[LENGTH_PLACE] = String(body.length);
  const storage: { readonly key: string; readonly line: string }[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    const value = headers[at + 1] ?? "";
    const place = PLACES.get(name);
    if (place !== undefined) signed[place] = value;
    else if (name.startsWith("x-ms-")) insert(storage, { key: sortKey(name), line: `${name}:${value}\n` });
  }
  let lines = "";
  for (const { line } of storage) lines += line;
  return `${method}\n${signed.join("\n")}\n${lines}${resource(accountName, path)}`;
}

/** Keeps the few headers in order by their keys. */
function insert<T extends { readonly key: string }>(sorted: T[], one: T): void {
  let at = sorted.length;
  for (let before = sorted[at - 1]; before !== undefined && before.key > one.key; before = sorted[at - 1]) {
    sorted[at] = before;
    at--;
  }
  sorted[at] = one;
}

/** Names in the order of the service's own language: of what may stand in one, only `_` is elsewhere, before digits. */
function sortKey(name: string): string {
  return name.includes("_") ? name.replaceAll("_", "!") : name;
}

/** The account, then the path as it is sent (an emulator's has the account again), then the query, sorted and decoded. */
function resource(accountName: string, path: string): string {
  if (!path.includes("?")) return `/${accountName}${path}`;
  const [plain = "", query = ""] = path.split("?", 2);
  const parameters = query
    .split("&")
    .map((pair) => pair.split("="))
    .filter(
      ([name, value, ...more]) => name !== "" && value !== undefined && value !== "" && more.length === 0,
    )
    .map(([name = "", value = ""]) => [name.toLowerCase(), decodePart(value)] as const);
  parameters.sort(([one], [other]) => (one < other ? -1 : 1));
  return `/${accountName}${plain}${parameters.map(([name, value]) => `\n${name}:${value}`).join("")}`;
}
