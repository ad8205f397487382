import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { Secret } from "../../core/secret.ts";
import { decodePart } from "../calls/link-url.ts";
import type { WireRequest } from "./exchange.ts";

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

/**
 * Signs with an account's key; requests by the rule of the services:
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
export class SharedKey {
  readonly accountName: string;
  /** Made once: from the raw key each signature would cost five times as much. */
  readonly #key: KeyObject;

  constructor(accountName: string, key: Secret) {
    this.accountName = accountName;
    this.#key = createSecretKey(key.reveal(), "base64");
  }

  /** The `authorization` of the request, whose other headers must be complete. */
  authorizationFor(request: WireRequest): string {
    return `SharedKey ${this.accountName}:${this.sign(stringToSign(this.accountName, request))}`;
  }

  /** The text's signature, base64. */
  sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64");
  }
}

function stringToSign(accountName: string, { method, path, headers, body }: WireRequest): string {
  const signed = Array<string>(SIGNED.length).fill("");
  if (body !== undefined && body.length > 0) signed[SIGNED.indexOf("content-length")] = String(body.length);
  const storage: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const [name = "", value = ""] = [headers[at], headers[at + 1]];
    const place = SIGNED.indexOf(name);
    if (place >= 0) signed[place] = value;
    else if (name.startsWith("x-ms-")) storage.push(`${name}:${value}\n`);
  }
  storage.sort(asTheServiceSorts);
  return `${method}\n${signed.join("\n")}\n${storage.join("")}${resource(accountName, path)}`;
}

/** Names in the order of the service's own language: of what may stand in one, only `_` is elsewhere, before digits. */
function asTheServiceSorts(one: string, other: string): number {
  return sortKey(one) < sortKey(other) ? -1 : 1;
}

function sortKey(header: string): string {
  const name = header.slice(0, header.indexOf(":"));
  return name.includes("_") ? name.replaceAll("_", "!") : name;
}

/** The account, then the path as it is sent (an emulator's has the account again), then the query, sorted and decoded. */
function resource(accountName: string, path: string): string {
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
