import { FileFailure } from "../../core/failure.ts";
import { uriWithoutQuery } from "../../core/file.ts";
import type { StorageAccount } from "../account.ts";
import type { CopySource, ReadAccess } from "./blob-calls.ts";
import { decodePart, linkUrl } from "./link-url.ts";
import { containerSas } from "./container-sas.ts";
import { SharedKey } from "../wire/shared-key.ts";
import { withQuery } from "./signed-url.ts";
import { isAllowed, isLoopback, isTrustedForTokens } from "../sign-in/trusted-hosts.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** How long the SAS that we make for our own account's source containers lasts, and when it is made anew. */
const SAS_LIFETIME_MS = 2 * 3_600_000;
const SAS_RENEW_MS = 3_600_000;

export type CopySourceOf = (attempt: { readonly signal: AbortSignal }) => CopySource | Promise<CopySource>;

/** How one source link is read, by us and by the service. */
export interface SourceLink {
  /** Scheme, host and (on an emulator) account path: the unit that is gone or refuses as a whole. */
  readonly accountUrl: string;
  readonly read: ReadAccess;
  /**
   * What the service may be asked to copy from, asked for anew for each request: signatures and tokens end. undefined
   * when only we can read the link.
   *
   * @param attempt its signal ends the wait for a token, and is made only for that
   * @throws SignInError when nobody is signed in
   */
  readonly copySource: CopySourceOf | undefined;
}

/**
 * Turns a catalog's links into what can be read. A link with a SAS stands for itself. Without one: in the target's
 * own account the account's credential reads it, and the service gets a short read SAS made with the account's key,
 * or a bearer token; elsewhere a bearer token goes to trusted hosts only; else the link is public or cannot be read.
 * We and the service get the same URL, percent-encoded (`linkUrl`); what is shown and kept is the catalog's link.
 */
export class SourceLinks {
  readonly #surroundings: Surroundings;
  readonly #account: StorageAccount;
  readonly #sasByContainer = new Map<string, { query: string; madeAt: number }>();

  constructor(surroundings: Surroundings, account: StorageAccount) {
    this.#surroundings = surroundings;
    this.#account = account;
  }

  /**
   * @throws FileFailure `source-forbidden` for a link that may not be used: plain http beyond this machine, or one with a
   * user name or a password, which no storage service takes and which would be sent to the target's service
   */
  resolve(link: string): SourceLink {
    const url = linkUrl(link);
    if (url === undefined || !isAllowed(url)) {
      throw new FileFailure("source-forbidden", `the link ${uriWithoutQuery(link)} is not https`);
    }
    if (url.username !== "" || url.password !== "") {
      const why = `the link ${uriWithoutQuery(link)} contains a user name or a password`;
      throw new FileFailure("source-forbidden", why);
    }
    const uri = url.href;
    const { credential, blobEndpoint } = this.#account;
    const own = url.href.startsWith(`${blobEndpoint}/`);
    const accountUrl = own ? blobEndpoint : storageAccountUrl(url);
    // The service cannot reach a service on our loopback, except itself.
    const isReachable = own || !isLoopback(url);
    if (isSigned(url)) {
      const copySource = isReachable ? () => ({ url: uri }) : undefined;
      return { accountUrl, read: { url: uri, as: "anonymous" }, copySource };
    }
    if (own && credential.kind !== "token") {
      const copySource = () => ({ url: withQuery(uri, this.#ownQuery(url)) });
      return { accountUrl, read: { url: uri, as: "account" }, copySource };
    }
    if (credential.kind === "token" && isTrustedForTokens(url)) {
      const copySource: CopySourceOf = async ({ signal }) => ({
        url: uri,
        bearer: await credential.signIn.storageTokenFor(uri, signal),
      });
      return {
        accountUrl,
        read: { url: uri, as: "token" },
        copySource: isReachable ? copySource : undefined,
      };
    }
    return { accountUrl, read: { url: uri, as: "anonymous" }, copySource: undefined };
  }

  /** The account's SAS, or a read SAS for the link's container made with the account's key. */
  #ownQuery(url: URL): string {
    const { credential, blobEndpoint } = this.#account;
    if (credential.kind === "sas") return credential.token.reveal();
    if (credential.kind !== "shared-key") throw new TypeError("only a key signs a SAS");
    const containerName = decodePart(url.href.slice(blobEndpoint.length + 1).split(/[/?]/, 1)[0] ?? "");
    const known = this.#sasByContainer.get(containerName);
    const madeAt = this.#surroundings.wall();
    if (known !== undefined && madeAt - known.madeAt < SAS_RENEW_MS) return known.query;
    const query = containerSas(new SharedKey(credential.accountName, credential.key), {
      containerName,
      rights: "r",
      // Clocks differ: a start in the past saves the first requests.
      startsAt: madeAt - 15 * 60_000,
      endsAt: madeAt + SAS_LIFETIME_MS,
      httpsOnly: url.protocol === "https:",
    });
    this.#sasByContainer.set(containerName, { query, madeAt });
    return query;
  }
}

/** Whether the link has a SAS. Most name it plainly, so that the whole query need not be taken apart. */
function isSigned(url: URL): boolean {
  return /[?&]sig=/.test(url.search) || url.searchParams.has("sig");
}

/** Emulators have the account in the path: `http://127.0.0.1:10000/account/container/blob`. */
function storageAccountUrl(url: URL): string {
  return isLoopback(url) ? `${url.origin}/${url.pathname.split("/")[1] ?? ""}` : url.origin;
}
