import { ReuploadError } from "../core/errors.ts";
import { accountFromEndpoint } from "../core/storage-account.ts";
import { Secret } from "../core/secret.ts";
import { accountKeyOf, sasTokenOf } from "./given-secrets.ts";
import type { SignIn } from "./sign-in/sign-in.ts";
import { isAllowed, isLoopback, isTrustedForTokens } from "./sign-in/trusted-hosts.ts";

export type AccountCredential =
  | { readonly kind: "shared-key"; readonly accountName: string; readonly key: Secret }
  | { readonly kind: "sas"; readonly token: Secret }
  | { readonly kind: "token"; readonly signIn: SignIn };

/** A storage account: its endpoints (no trailing slash, no query) and how to sign in to it. */
export interface StorageAccount {
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  readonly credential: AccountCredential;
}

/** What an operator can give to name the target account. Keys and SAS come from the environment. */
export interface AccountInput {
  /** `--target` */
  readonly target?: string | undefined;
  /** `AZURE_STORAGE_CONNECTION_STRING` */
  readonly connectionString?: Secret | undefined;
  /** `AZURE_STORAGE_KEY` */
  readonly key?: Secret | undefined;
  /** `AZURE_STORAGE_SAS_TOKEN` */
  readonly sasToken?: Secret | undefined;
}

/**
 * The account as far as options and variables tell it. The connection string wins over key and SAS; with a connection
 * string and no target, the target is the connection string's account.
 *
 * @returns undefined when nothing names one; its credential is undefined when somebody must sign in
 * @throws ReuploadError `target-invalid`, `bad-option`
 */
export function nameAccount(
  input: AccountInput,
): (Endpoints & { readonly credential: AccountCredential | undefined }) | undefined {
  const named = input.target === undefined ? undefined : parseTarget(input);
  if (input.connectionString === undefined) {
    return named && { ...named, credential: credentialOf(input, named) };
  }
  const account = readConnectionString(input.connectionString);
  if (named !== undefined && named.blobEndpoint !== account.blobEndpoint) {
    throw new ReuploadError(
      "target-invalid",
      `--target is ${named.blobEndpoint}, but AZURE_STORAGE_CONNECTION_STRING is for ${account.blobEndpoint}.`,
      { advice: "Unset the variable, or omit --target." },
    );
  }
  return account;
}

/**
 * Finds the target account, as `nameAccount`. Connection string, key and SAS win over signing in.
 *
 * @param signIn makes the credential when nothing else is given; loaded late, it is slow to load
 * @throws ReuploadError `target-invalid`, `bad-option`
 */
export async function findAccount(
  input: AccountInput,
  signIn: () => Promise<SignIn>,
): Promise<StorageAccount> {
  const named = nameAccount(input);
  if (named === undefined) {
    throw new ReuploadError("target-invalid", "No target account is given.", {
      advice: "Give --target https://ACCOUNT.blob.core.windows.net, or set AZURE_STORAGE_CONNECTION_STRING.",
    });
  }
  const { credential, ...endpoints } = named;
  return { ...endpoints, credential: credential ?? (await tokenFor(endpoints, signIn)) };
}

function credentialOf(input: AccountInput, named: Endpoints): AccountCredential | undefined {
  if (input.key !== undefined) {
    const accountName = accountFromEndpoint(named.blobEndpoint);
    return { kind: "shared-key", accountName, key: accountKeyOf(input.key, "AZURE_STORAGE_KEY") };
  }
  if (input.sasToken === undefined) return undefined;
  return { kind: "sas", token: sasTokenOf(input.sasToken, "AZURE_STORAGE_SAS_TOKEN") };
}

async function tokenFor(named: Endpoints, signIn: () => Promise<SignIn>): Promise<AccountCredential> {
  for (const endpoint of [named.blobEndpoint, named.queueEndpoint]) {
    if (!isTrustedForTokens(new URL(endpoint))) {
      throw new ReuploadError("target-invalid", `reupload does not send a sign-in token to ${endpoint}.`, {
        advice:
          "It sends tokens only to Azure's own storage hosts, over https. Use a connection string or a SAS here.",
      });
    }
  }
  return { kind: "token", signIn: await signIn() };
}

interface Endpoints {
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
}

function parseTarget({ target: text = "", connectionString }: AccountInput): Endpoints {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ReuploadError("target-invalid", `--target "${text}" is not a URL.`);
  }
  if (!isAllowed(url)) throw new ReuploadError("target-invalid", `--target ${url.origin} is not https.`);
  if (url.search !== "" || url.username !== "" || url.password !== "") {
    throw new ReuploadError("target-invalid", "--target contains a SAS or a password.", {
      advice:
        "Remove it from the URL and set AZURE_STORAGE_SAS_TOKEN. Other users can see the values of flags in `ps`.",
    });
  }
  if (isLoopback(url)) {
    throw new ReuploadError("target-invalid", `--target ${url.origin} is on this machine.`, {
      advice:
        connectionString === undefined
          ? "For an emulator, set AZURE_STORAGE_CONNECTION_STRING instead. It also contains the port of the queue."
          : "Omit --target: AZURE_STORAGE_CONNECTION_STRING is set, and names the account and its queue.",
    });
  }
  if (url.pathname !== "/") {
    throw new ReuploadError("target-invalid", `--target names more than the account: ${url.pathname}`, {
      advice: "Give the container with --target-container.",
    });
  }
  if (!url.hostname.includes(".blob.")) {
    throw new ReuploadError("target-invalid", `--target ${url.hostname} is not a blob endpoint.`);
  }
  if (url.hostname.startsWith(".")) throw new ReuploadError("target-invalid", "--target names no account.");
  return {
    blobEndpoint: url.origin,
    queueEndpoint: url.origin.replace(".blob.", ".queue."),
  };
}

/** The well-known account of the emulators, as published. */
const DEVELOPMENT_ACCOUNT = "devstoreaccount1";
const DEVELOPMENT_KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** The emulator's fields; those that stand beside its short form and may say otherwise where it answers. */
function developmentFields(given: ReadonlyMap<string, string>): Map<string, string> {
  const { developmentstorageproxyuri: place = "http://127.0.0.1", ...others } = Object.fromEntries(given);
  const host = /^https?:\/\/[^/:?#@]+(?=\/?$)/i.exec(place)?.[0];
  if (host === undefined) throw badConnectionString("its DevelopmentStorageProxyUri is not http://HOST");
  const known = new Set(["usedevelopmentstorage", "blobendpoint", "queueendpoint", "tableendpoint"]);
  const foreign = Object.keys(others).find((name) => !known.has(name));
  if (foreign !== undefined) {
    throw badConnectionString(
      `it has ${foreign} besides UseDevelopmentStorage=true, which already names an account`,
    );
  }
  return new Map([
    ["accountname", DEVELOPMENT_ACCOUNT],
    ["accountkey", DEVELOPMENT_KEY],
    ["blobendpoint", `${host}:10000/${DEVELOPMENT_ACCOUNT}`],
    ["queueendpoint", `${host}:10001/${DEVELOPMENT_ACCOUNT}`],
    ...Object.entries(others),
  ]);
}

/**
 * Reads a storage connection string (`Key=Value;...`) with a key or a SAS.
 *
 * @throws ReuploadError `bad-option` that names the missing part, never a value
 */
export function parseConnectionString(secret: Secret): StorageAccount {
  const { credential, ...endpoints } = readConnectionString(secret);
  if (credential === undefined) throw badConnectionString(NO_CREDENTIAL);
  return { ...endpoints, credential };
}

/**
 * A connection string that names both endpoints over https and holds neither key nor SAS stands for signing in: that
 * is how an account outside the usual names is told, and an emulator over https.
 */
function readConnectionString(
  secret: Secret,
): Endpoints & { readonly credential: AccountCredential | undefined } {
  const given = new Map<string, string>();
  for (const part of secret.reveal().split(";")) {
    const equals = part.indexOf("=");
    if (equals > 0) given.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  const isDevelopment = given.get("usedevelopmentstorage")?.toLowerCase() === "true";
  const fields = isDevelopment ? developmentFields(given) : given;
  const credential = credentialIn(fields);
  return { blobEndpoint: endpointIn(fields, "blob"), queueEndpoint: endpointIn(fields, "queue"), credential };
}

const VARIABLE = "AZURE_STORAGE_CONNECTION_STRING";
const NO_CREDENTIAL = "it has neither AccountName and AccountKey nor SharedAccessSignature";

function credentialIn(fields: Map<string, string>): AccountCredential | undefined {
  const accountName = fields.get("accountname");
  const key = fields.get("accountkey");
  if (accountName === "") throw badConnectionString("its AccountName is empty");
  if (accountName !== undefined && key !== undefined) {
    return {
      kind: "shared-key",
      accountName,
      key: accountKeyOf(new Secret(key), `${VARIABLE}'s AccountKey`),
    };
  }
  const sas = fields.get("sharedaccesssignature");
  if (sas !== undefined) {
    return { kind: "sas", token: sasTokenOf(new Secret(sas), `${VARIABLE}'s SharedAccessSignature`) };
  }
  const endpoints = [fields.get("blobendpoint"), fields.get("queueendpoint")];
  if (key === undefined && endpoints.every((endpoint) => endpoint?.startsWith("https:"))) return undefined;
  throw badConnectionString(NO_CREDENTIAL);
}

function endpointIn(fields: Map<string, string>, service: "blob" | "queue"): string {
  const given = fields.get(`${service}endpoint`);
  const account = fields.get("accountname");
  if (given === undefined && account === undefined) {
    throw badConnectionString(
      `it has neither AccountName nor ${service === "blob" ? "Blob" : "Queue"}Endpoint`,
    );
  }
  const protocol = fields.get("defaultendpointsprotocol") ?? "https";
  const suffix = fields.get("endpointsuffix") ?? "core.windows.net";
  let url: URL;
  try {
    url = new URL(given ?? `${protocol}://${account}.${service}.${suffix}`);
  } catch {
    throw badConnectionString(`its ${service} endpoint is not a URL`);
  }
  if (!isAllowed(url)) throw badConnectionString(`its ${service} endpoint is not https`);
  if (url.username !== "" || url.password !== "") {
    throw badConnectionString(`its ${service} endpoint contains a user name or a password`);
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

function badConnectionString(why: string): ReuploadError {
  return new ReuploadError("bad-option", `${VARIABLE} cannot be used: ${why}.`, {
    advice: "Copy the whole connection string from the portal (Access keys), and put it in quotes.",
  });
}
