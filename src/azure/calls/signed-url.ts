import type { AccountCredential } from "../account.ts";

/** The URL as it is requested: with the SAS when that is how the account is signed in to. */
export function signedUrl(url: string, credential: AccountCredential): string {
  return credential.kind === "sas" ? withQuery(url, credential.token.reveal()) : url;
}

/** The URL with more of a query: a link may have one of its own (a version, a snapshot). */
export function withQuery(url: string, query: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}
