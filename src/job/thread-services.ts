/** The services as a thread of `--threads` has them: connections of its own, and the limits that the main thread shares. */
import type { AccountCredential, StorageAccount } from "../azure/account.ts";
import { ATTEMPT_DEFAULTS, Attempts } from "../azure/attempts/attempt.ts";
import { HEDGE_DEFAULTS, Hedging } from "../azure/attempts/hedge.ts";
import { openSharedGates } from "../azure/shared/open-shared-gates.ts";
import type { GatesDescription } from "../azure/shared/share-gates.ts";
import type { SignIn } from "../azure/sign-in/sign-in.ts";
import { Connections } from "../azure/wire/connections.ts";
import { chooseProxy, type Variables } from "../azure/wire/proxy.ts";
import { RestClient } from "../azure/wire/rest-client.ts";
import { Secret } from "../core/secret.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";
import type { ContentWay } from "./process.ts";
import type { SlotDescription, SlotServices } from "./slot-stages.ts";

/** A credential whose secrets are plain texts: it never leaves the process, and is never shown. */
type PlainCredential =
  | { readonly kind: "shared-key"; readonly accountName: string; readonly key: string }
  | { readonly kind: "sas"; readonly token: string }
  /** The main thread's sign-in gives the tokens. */
  | { readonly kind: "token" };

/** What a thread is told at its start; it can be cloned, but for the port of `gates`, which has to be transferred. */
export interface ThreadDescription {
  readonly slots: SlotDescription;
  readonly account: Pick<StorageAccount, "blobEndpoint" | "queueEndpoint"> & {
    readonly credential: PlainCredential;
  };
  readonly gates: GatesDescription;
  /** The environment's proxy variables. */
  readonly proxies: Variables;
  /** An attempt ends after so long without a byte, ms. */
  readonly idleMs: number;
  /** What the young generation of its heap is for; see `growYoungHeap`. */
  readonly content: ContentWay;
}

/** The account as data, for a thread. */
export function describeAccount(account: StorageAccount): ThreadDescription["account"] {
  const { blobEndpoint, queueEndpoint, credential } = account;
  return { blobEndpoint, queueEndpoint, credential: toPlain(credential) };
}

function toPlain(credential: AccountCredential): PlainCredential {
  switch (credential.kind) {
    case "shared-key": {
      const { kind, accountName, key } = credential;
      return { kind, accountName, key: key.reveal() };
    }
    case "sas":
      return { kind: "sas", token: credential.token.reveal() };
    case "token":
      return { kind: "token" };
  }
}

/** The variables that `chooseProxy` reads. */
export function pickProxies(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(?:https?|all|no)_proxy$/i.test(name)));
}

/** The services of a thread; called once, in the thread. */
export function openThreadServices({ gates, proxies, idleMs, account }: ThreadDescription): SlotServices {
  const { target, queue, bandwidth, signIn, ...opened } = openSharedGates(REAL_SURROUNDINGS, gates);
  const { credential, ...endpoints } = account;
  const storage: StorageAccount = { ...endpoints, credential: fromPlain(credential, signIn) };
  const policy = { ...ATTEMPT_DEFAULTS, idleMs };
  return {
    account: storage,
    client: new RestClient(REAL_SURROUNDINGS, storage, new Connections(chooseProxy(proxies), idleMs)),
    attempts: new Attempts(REAL_SURROUNDINGS, policy, new Hedging(REAL_SURROUNDINGS, HEDGE_DEFAULTS)),
    target,
    queue,
    source: (accountUrl) => opened.source(accountUrl),
    bandwidth,
  };
}

function fromPlain(plain: PlainCredential, signIn: SignIn | undefined): AccountCredential {
  switch (plain.kind) {
    case "shared-key":
      return { ...plain, key: new Secret(plain.key) };
    case "sas":
      return { kind: "sas", token: new Secret(plain.token) };
    case "token":
      if (signIn === undefined) throw new TypeError("the main thread has no sign-in to share");
      return { kind: "token", signIn };
  }
}
