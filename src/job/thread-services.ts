/** The services as a thread of `--threads` has them: connections of its own, to the account that the main thread found. */
import type { AccountCredential, StorageAccount } from "../azure/account.ts";
import { ATTEMPT_DEFAULTS, Attempts } from "../azure/attempts/attempt.ts";
import { HEDGE_DEFAULTS, Hedging } from "../azure/attempts/hedge.ts";
import type { Gate } from "../azure/gate/gate.ts";
import { Pacer } from "../azure/gate/pacer.ts";
import { GATE_DEFAULTS, ServiceGate } from "../azure/gate/service-gate.ts";
import { Connections } from "../azure/wire/connections.ts";
import { chooseProxy, type Variables } from "../azure/wire/proxy.ts";
import { RestClient } from "../azure/wire/rest-client.ts";
import { Secret } from "../core/secret.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";
import type { SlotDescription, SlotServices } from "./slot-stages.ts";

/** A credential whose secrets are plain texts: it never leaves the process, and is never shown. */
type PlainCredential =
  | { readonly kind: "shared-key"; readonly accountName: string; readonly key: string }
  | { readonly kind: "sas"; readonly token: string };

/** What a thread is told at its start; it can be cloned. */
export interface ThreadDescription {
  readonly slots: SlotDescription;
  readonly account: Pick<StorageAccount, "blobEndpoint" | "queueEndpoint"> & {
    readonly credential: PlainCredential;
  };
  /** The environment's proxy variables. */
  readonly proxies: Variables;
  /** An attempt ends after so long without a byte, ms. */
  readonly idleMs: number;
  readonly maxWaitMs: number;
  /** What the young generation of its heap is for; see `growYoungHeap`. */
  readonly content: "copied" | "passed";
}

/** The account as data, for a thread. @returns undefined for a sign-in, which cannot be cloned */
export function describeAccount(account: StorageAccount): ThreadDescription["account"] | undefined {
  const { blobEndpoint, queueEndpoint, credential } = account;
  switch (credential.kind) {
    case "shared-key": {
      const { kind, accountName, key } = credential;
      return { blobEndpoint, queueEndpoint, credential: { kind, accountName, key: key.reveal() } };
    }
    case "sas":
      return {
        blobEndpoint,
        queueEndpoint,
        credential: { kind: "sas", token: credential.token.reveal() },
      };
    case "token":
      return undefined;
  }
}

/** The variables that `chooseProxy` reads. */
export function pickProxies(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(?:https?|all|no)_proxy$/i.test(name)));
}

/** The services of a thread; called once, in the thread. */
export function openThreadServices(description: ThreadDescription): SlotServices {
  const { proxies, idleMs, maxWaitMs } = description;
  const { credential, ...endpoints } = description.account;
  const account: StorageAccount = { ...endpoints, credential: openCredential(credential) };
  const gates = new Map<string, Gate>();
  const gate = (name: string, essential: boolean): Gate => {
    const known = gates.get(name);
    if (known !== undefined) return known;
    const opened = new ServiceGate(REAL_SURROUNDINGS, name, { ...GATE_DEFAULTS, essential, maxWaitMs });
    gates.set(name, opened);
    return opened;
  };
  const policy = { ...ATTEMPT_DEFAULTS, idleMs };
  return {
    account,
    client: new RestClient(REAL_SURROUNDINGS, account, new Connections(chooseProxy(proxies), idleMs)),
    attempts: new Attempts(REAL_SURROUNDINGS, policy, new Hedging(REAL_SURROUNDINGS, HEDGE_DEFAULTS)),
    target: gate(`target ${new URL(account.blobEndpoint).host}`, true),
    queue: gate(`queue ${new URL(account.queueEndpoint).host}`, true),
    source: (accountUrl) => gate(`source ${new URL(accountUrl).host}`, false),
    bandwidth: new Pacer(REAL_SURROUNDINGS, () => undefined),
  };
}

function openCredential(plain: PlainCredential): AccountCredential {
  return plain.kind === "sas"
    ? { kind: "sas", token: new Secret(plain.token) }
    : { ...plain, key: new Secret(plain.key) };
}
