/** Wires kinds to doors: which catalog, which transfer, which announcer a run has. */
import { QueueAnnouncer } from "../announce/queue-announcer.ts";
import { type AccountInput, findAccount, type StorageAccount } from "../azure/account.ts";
import { ATTEMPT_DEFAULTS, Attempts } from "../azure/attempt.ts";
import { SdkQueueCalls } from "../azure/queue-calls.ts";
import { SdkBlobReader } from "../azure/sdk-blob-reader.ts";
import { SdkBlobWriter } from "../azure/sdk-blob-writer.ts";
import { GATE_DEFAULTS, ServiceGate } from "../azure/service-gate.ts";
import { type GateSignIn, STORAGE_SCOPE } from "../azure/sign-in/sign-in.ts";
import { SourceLinks } from "../azure/source-links.ts";
import type { Environment } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import { Secret } from "../core/secret.ts";
import type { Waiting } from "../progress/progress.ts";
import { BufferBudget } from "../transfer/buffer-budget.ts";
import { Ladder } from "../transfer/ladder.ts";
import { TRANSFER_DEFAULTS, type TransferTools } from "../transfer/tools.ts";
import { type Desk, signInOf } from "./sign-in.ts";

export { ensureTarget } from "../azure/ensure-target.ts";
export { probeRights, probeSend } from "../azure/probe-rights.ts";

/** Bytes of file content in memory at once, over all slots. */
const BUFFER_BYTES = 64 * 2 ** 20;

/** The services of a run: each with its gate, all behind one `Attempts`. */
export class Services {
  readonly account: StorageAccount;
  readonly attempts: Attempts;
  readonly target: ServiceGate;
  readonly queue: ServiceGate;
  readonly #sources = new Map<string, ServiceGate>();
  #catalog: ServiceGate | undefined;
  readonly #maxWaitMs: number;
  readonly #signIn: GateSignIn | undefined;

  constructor(account: StorageAccount, settings: RunSettings) {
    this.account = account;
    this.#maxWaitMs = settings.maxWait;
    const { credential } = account;
    this.#signIn = credential.kind === "token" ? credential.signIn.forGate(STORAGE_SCOPE) : undefined;
    this.attempts = new Attempts({ ...ATTEMPT_DEFAULTS, idleMs: settings.requestTimeout });
    this.target = this.#gate(`target ${hostOf(account.blobEndpoint)}`, true, this.#signIn);
    this.queue = this.#gate(`queue ${hostOf(account.queueEndpoint)}`, true, this.#signIn);
  }

  source(accountUrl: string): ServiceGate {
    let gate = this.#sources.get(accountUrl);
    if (gate === undefined) {
      gate = this.#gate(`source ${hostOf(accountUrl)}`, false, this.#signIn);
      this.#sources.set(accountUrl, gate);
    }
    return gate;
  }

  /** The gate of the service that answers for the catalog. @param place shown, such as `cluster/database` */
  catalog(place: string): ServiceGate {
    this.#catalog ??= this.#gate(`catalog ${place}`, true, undefined);
    return this.#catalog;
  }

  /** What the run waits for now. */
  waiting(): Waiting[] {
    const gates = [this.target, this.queue, ...this.#sources.values(), this.#catalog];
    const waiting = gates.flatMap((gate) => gate?.waiting ?? []);
    // Services that wait for the same thing (the sign-in) are one line.
    return [...Map.groupBy(waiting, ({ what }) => what).values()].flatMap((same) => same[0] ?? []);
  }

  #gate(name: string, essential: boolean, signIn: GateSignIn | undefined): ServiceGate {
    return new ServiceGate(name, { ...GATE_DEFAULTS, maxWaitMs: this.#maxWaitMs, essential, signIn });
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}

/**
 * The target account, from the settings and the environment.
 *
 * @param desk where a person may be asked to sign in
 * @throws ReuploadError
 */
export async function accountOf(
  settings: RunSettings,
  env: Environment,
  desk?: Desk,
): Promise<StorageAccount> {
  const secret = (name: string) => {
    const value = env[name];
    return value === undefined || value === "" ? undefined : new Secret(value);
  };
  const input: AccountInput = {
    target: settings.target,
    connectionString: secret("AZURE_STORAGE_CONNECTION_STRING"),
    key: secret("AZURE_STORAGE_KEY"),
    sasToken: secret("AZURE_STORAGE_SAS_TOKEN"),
  };
  return findAccount(input, async () => signInOf(settings, env, desk));
}

/** @param localFiles the catalog's files are local ones: `file:` links may be read */
export function transferToolsOf(
  services: Services,
  settings: RunSettings,
  localFiles: boolean,
): TransferTools {
  return {
    settings: {
      ...TRANSFER_DEFAULTS,
      mode: settings.transfer,
      contentType: settings.contentType,
      onConflict: settings.onConflict,
      localFiles,
    },
    writer: new SdkBlobWriter(services.account, settings.targetContainer),
    reader: new SdkBlobReader(services.account),
    links: new SourceLinks(services.account),
    attempts: services.attempts,
    targetGate: services.target,
    sourceGate: (accountUrl) => services.source(accountUrl),
    budget: new BufferBudget(BUFFER_BYTES),
  };
}

export function transferOf(services: Services, settings: RunSettings, localFiles: boolean): Ladder {
  return new Ladder(transferToolsOf(services, settings, localFiles));
}

/** undefined with --no-queue */
export function announcerOf(services: Services, settings: RunSettings): QueueAnnouncer | undefined {
  if (!settings.announce) return undefined;
  return new QueueAnnouncer({
    calls: new SdkQueueCalls(services.account, settings.queue),
    gate: services.queue,
    attempts: services.attempts,
    containerName: settings.targetContainer,
    timeToLiveSeconds:
      settings.messageTtl === undefined ? -1 : Math.max(1, Math.round(settings.messageTtl / 1000)),
  });
}

/** What makes this run this run, but for the CSV's digest. */
export function identityOf(
  account: StorageAccount,
  settings: RunSettings,
  catalog: string,
): Omit<RunIdentity, "csvDigest"> {
  // The embedded emulator has another port at every start.
  const endpoint = settings.emulator ? "emulator" : account.blobEndpoint;
  return {
    target: `${endpoint}/${settings.targetContainer}`,
    queue: settings.announce ? settings.queue : "none",
    partition: settings.partition ?? 0,
    totalPartitions: settings.totalPartitions ?? 1,
    nameTemplate: settings.nameTemplate,
    catalog,
  };
}
