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
  const storage: Line[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? "";
    const value = headers[at + 1] ?? "";
    const place = PLACES.get(name);
    if (place !== undefined) signed[place] = value;
    else if (name.startsWith("x-ms-")) insert(storage, { key: sortKey(name), text: `${name}:${value}\n` });
  }
  return `${method}\n${signed.join("\n")}\n${joined(storage)}${resource(accountName, path)}`;
}

/** A part of what is signed that has its place by its key. */
interface Line {
  readonly key: string;
  readonly text: string;
}

/** Keeps the few lines in order by their keys. */
function insert(sorted: Line[], line: Line): void {
  let at = sorted.length;
  for (let before = sorted[at - 1]; before !== undefined && before.key > line.key; before = sorted[at - 1]) {
    sorted[at] = before;
    at--;
  }
  sorted[at] = line;
}

function joined(lines: readonly Line[]): string {
  return lines.map(({ text }) => text).join("");
}

/** Names in the order of the service's own language: of what may stand in one, only `_` is elsewhere, before digits. */
function sortKey(name: string): string {
  return name.includes("_") ? name.replaceAll("_", "!") : name;
}

/** The account, then the path as it is sent (an emulator's has the account again), then the query, sorted and decoded. */
function resource(accountName: string, path: string): string {
  if (!path.includes("?")) return `/${accountName}${path}`;
  const [plain = "", query = ""] = path.split("?", 2);
  const parameters: Line[] = [];
  for (const pair of query.split("&")) {
    const [name = "", value = "", more] = pair.split("=");
    if (name === "" || value === "" || more !== undefined) continue;
    const key = name.toLowerCase();
    insert(parameters, { key, text: `\n${key}:${decodePart(value)}` });
  }
  return `/${accountName}${plain}${joined(parameters)}`;
}
