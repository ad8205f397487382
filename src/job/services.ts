/** Wires kinds to doors: which catalog, which transfer, which announcer a run has. */
import type { Announcer } from "../announce/announcer.ts";
import { BrakedAnnouncer } from "../announce/braked-announcer.ts";
import { findAccount, type StorageAccount } from "../azure/account.ts";
import { ATTEMPT_DEFAULTS, Attempts } from "../azure/attempts/attempt.ts";
import { type AttemptFigures, sumFigures } from "../azure/attempts/attempt-figures.ts";
import { HEDGE_DEFAULTS, Hedging } from "../azure/attempts/hedge.ts";
import { DepthBrake, queueDepthReader } from "../azure/calls/queue-depth.ts";
import { Connections } from "../azure/wire/connections.ts";
import { chooseProxy } from "../azure/wire/proxy.ts";
import { RestClient } from "../azure/wire/rest-client.ts";
import { GATE_DEFAULTS, type GateOptions, ServiceGate } from "../azure/gate/service-gate.ts";
import type { Pacer } from "../azure/gate/pacer.ts";
import { type SharedGates, shareGates } from "../azure/shared/share-gates.ts";
import { type GateSignIn, STORAGE_SCOPE } from "../azure/sign-in/sign-in.ts";
import type { Environment } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { Waiting } from "../progress/progress.ts";
import { ContainerCheck } from "../transfer/target-check.ts";
import { AutoTransfer } from "../transfer/auto-transfer.ts";
import type { TransferSettings, TransferTools } from "../transfer/tools.ts";
import type { Message } from "../report/messages.ts";
import { accountInput } from "./account-input.ts";
import { Limits, rateMessage } from "./limits.ts";
import { ownQueue } from "./own-queue.ts";
import { buildSlotAnnouncer, buildSlotTools, describeSlots, type SlotServices } from "./slot-stages.ts";
import type { SignInPrompt } from "./context.ts";
import { openRunSignIn } from "./sign-in.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

export { ensureTarget, lookForMissing } from "../azure/calls/ensure-target.ts";
export { runIdentity } from "./run-identity.ts";
export { probeRights, probeSend } from "../azure/calls/probe-rights.ts";

/** A connection of the coordination that is not open by then is given up, ms: its requests are tried again after that. */
const COORDINATION_CONNECT_MS = 5_000;
/** The most requests of the coordination that a start sends at once. */
const COORDINATION_AT_ONCE = 3;

/** The services of a run: each with its gate, all behind one `Attempts`. */
export class Services implements SlotServices {
  readonly account: StorageAccount;
  /** Makes the calls of a run. */
  readonly client: RestClient;
  /**
   * For what is no transfer: leases, checkpoints, control. Its requests pass no gate, and its connections are its own: few
   * connections are opened at once, so behind hundreds of files whose connections hang a lease would not be renewed in time.
   */
  readonly coordination: RestClient;
  readonly attempts: Attempts;
  readonly target: ServiceGate;
  readonly queue: ServiceGate;
  readonly limits: Limits;
  readonly #depth: DepthBrake | undefined;
  /** Which proxy there is. */
  readonly env: Environment;
  readonly #tell: (message: Message) => void;
  /** Counters of other threads. */
  readonly #counted: (() => AttemptFigures)[] = [];
  readonly #sources = new Map<string, ServiceGate>();
  #catalog: ServiceGate | undefined;
  /** Other things that the run may wait for. */
  readonly #others: (() => Waiting | undefined)[] = [];
  readonly #maxWaitMs: number;
  readonly #signIn: GateSignIn | undefined;

  /** @param env says which proxy there is @param tell takes what is learned about the services */
  constructor(
    account: StorageAccount,
    settings: RunSettings,
    env: Environment,
    tell: (message: Message) => void = () => {},
  ) {
    this.account = account;
    this.env = env;
    this.limits = new Limits(settings);
    this.#tell = tell;
    const proxy = chooseProxy(env);
    this.client = new RestClient(REAL_SURROUNDINGS, account, new Connections(proxy, settings.requestTimeout));
    this.coordination = openCoordination(account, env);
    this.#maxWaitMs = settings.maxWait;
    const { credential } = account;
    this.#signIn = credential.kind === "token" ? credential.signIn.forGate(STORAGE_SCOPE) : undefined;
    const policy = { ...ATTEMPT_DEFAULTS, idleMs: settings.requestTimeout };
    this.attempts = new Attempts(REAL_SURROUNDINGS, policy, new Hedging(REAL_SURROUNDINGS, HEDGE_DEFAULTS));
    this.target = this.#storageGate("target", account.blobEndpoint, true);
    this.queue = this.#storageGate("queue", account.queueEndpoint, true);
    this.#depth = this.#depthBrake(settings);
  }

  get bandwidth(): Pacer {
    return this.limits.bandwidth;
  }

  source(accountUrl: string): ServiceGate {
    let gate = this.#sources.get(accountUrl);
    if (gate === undefined) {
      gate = this.#storageGate("source", accountUrl, false);
      this.#sources.set(accountUrl, gate);
    }
    return gate;
  }

  /** The gate of the service that answers for the catalog. @param place shown, such as `cluster/database` */
  catalog(place: string, signIn: GateSignIn): ServiceGate {
    this.#catalog ??= this.#gate(`catalog ${place}`, { essential: true, fewRequests: true, signIn });
    return this.#catalog;
  }

  /** From now on this is asked, too, whether the run waits for it. */
  alsoWaitsFor(ask: () => Waiting | undefined): void {
    this.#others.push(ask);
  }

  /** From now on these attempts count, too: those of other threads. */
  alsoCounts(figures: () => AttemptFigures): void {
    this.#counted.push(figures);
  }

  /** Attempts of all threads; they only grow. */
  get figures(): AttemptFigures {
    return sumFigures([this.attempts.figures, ...this.#counted.map((figures) => figures())]);
  }

  /**
   * The gates, the operator's limits of requests and bandwidth, and the sign-in, for threads that make requests, too. The
   * queue's depth is none of it: `braked` stays in this thread, around the announcer that carries its calls to others.
   */
  shareGates(): SharedGates {
    const { target, queue, limits, account } = this;
    const { credential } = account;
    return shareGates(REAL_SURROUNDINGS, {
      target,
      queue,
      source: (url) => this.source(url),
      requests: limits.requests,
      bandwidth: limits.bandwidth,
      signIn: credential.kind === "token" ? credential.signIn : undefined,
    });
  }

  /** What the run waits for now. */
  waiting(): Waiting[] {
    const gates = [this.target, this.queue, ...this.#sources.values(), this.#catalog];
    const others = this.#others.flatMap((ask) => ask() ?? []);
    const waiting = [...[...gates, this.#depth].flatMap((gate) => gate?.waiting ?? []), ...others];
    // Services that wait for the same thing (the sign-in) are one line.
    return [...Map.groupBy(waiting, ({ what }) => what).values()].flatMap((same) => same[0] ?? []);
  }

  /** What holds the slots back most since this was asked last. */
  limitedBy(slotsInUse: number): string | undefined {
    return this.limits.limitedBy(slotsInUse);
  }

  /** Announcements are held back while the queue is too deep (`--max-queue-depth`). */
  get brakesAnnouncements(): boolean {
    return this.#depth !== undefined;
  }

  /** The announcer, held back while the queue is too deep. */
  braked(announcer: Announcer): Announcer {
    return this.#depth === undefined ? announcer : new BrakedAnnouncer(announcer, this.#depth);
  }

  #depthBrake({ maxQueueDepth, ...settings }: RunSettings): DepthBrake | undefined {
    const queue = ownQueue(settings);
    if (maxQueueDepth === undefined || queue === undefined) return undefined;
    // The queue's own gate holds announcements; the question has to pass before them.
    const gate = this.#gate(this.queue.name, { essential: true, signIn: this.#signIn });
    const ask = queueDepthReader(this.client, queue, { attempts: this.attempts, gate });
    const brake = new DepthBrake(REAL_SURROUNDINGS, `queue ${queue}`, maxQueueDepth, ask);
    this.limits.add({ name: "--max-queue-depth", heldMs: () => brake.heldMs });
    return brake;
  }

  /**
   * Opens the connections that the first files will use, while the run makes ready.
   *
   * @param files that will surely be in flight at once, as far as is known
   * @param signal closes what was opened and not used
   */
  openAhead({ files, withQueue }: { files: number; withQueue: boolean }, signal: AbortSignal): void {
    const { blobEndpoint, queueEndpoint } = this.account;
    this.client.openAhead(blobEndpoint, files, signal);
    if (withQueue) this.client.openAhead(queueEndpoint, files, signal);
    this.coordination.openAhead(blobEndpoint, COORDINATION_AT_ONCE, signal);
  }

  /** From now on target and queue are asked for the work itself: see `ServiceGate.beginWork`. */
  beginWork(): void {
    this.target.beginWork();
    this.queue.beginWork();
  }

  #storageGate(kind: "target" | "queue" | "source", url: string, essential: boolean): ServiceGate {
    const name = `${kind} ${hostName(url)}`;
    const gate = this.#gate(name, { essential, signIn: this.#signIn, brakes: this.limits.brakes });
    const holder = { name: kind === "source" ? name : kind, heldMs: () => gate.load.heldMs };
    this.limits.add(holder, () => gate.load.answers);
    return gate;
  }

  #gate(name: string, options: Partial<GateOptions>): ServiceGate {
    return new ServiceGate(REAL_SURROUNDINGS, name, {
      ...GATE_DEFAULTS,
      ...options,
      maxWaitMs: this.#maxWaitMs,
      onRateChange: (rate, was, why) => this.#tell(rateMessage(name, rate, was, why)),
    });
  }
}

function hostName(url: string): string {
  return new URL(url).host;
}

/** A client for what is no transfer, with connections of its own; see `Services.coordination`. */
export function openCoordination(account: StorageAccount, env: Environment): RestClient {
  const connections = new Connections(chooseProxy(env), COORDINATION_CONNECT_MS);
  return new RestClient(REAL_SURROUNDINGS, account, connections);
}

/**
 * The target account, from the settings and the environment.
 *
 * @param prompt where a person may be asked to sign in
 * @throws ReuploadError
 */
export async function openAccount(
  settings: Pick<RunSettings, "target" | "auth" | "tenant">,
  env: Environment,
  prompt?: SignInPrompt,
): Promise<StorageAccount> {
  const input = accountInput(settings.target, env);
  return findAccount(input, async () => openRunSignIn(settings, env, prompt));
}

/** @param localFiles the catalog's files are local ones: `file:` links may be read */
export function buildTransferTools(
  services: Services,
  settings: RunSettings,
  localFiles: boolean,
): TransferTools {
  return buildSlotTools(services, describeSlots(settings, localFiles));
}

/**
 * The transfer of a run.
 *
 * @param given `localFiles`: the catalog may name files of this machine; `replaces`: as `TransferSettings`
 */
export function buildTransfer(
  services: Services,
  settings: RunSettings,
  {
    localFiles,
    replaces,
  }: { readonly localFiles: boolean; readonly replaces?: TransferSettings["replaces"] },
): AutoTransfer {
  const tools = buildTransferTools(services, settings, localFiles);
  services.limits.addMemory(() => tools.buffers.heldMs);
  return new AutoTransfer({ ...tools, settings: { ...tools.settings, replaces } });
}

/** Looks at the target of a run afterwards. @param localFiles whether the catalog may name files of this machine */
export function buildTargetCheck(
  services: Services,
  settings: RunSettings,
  localFiles: boolean,
): ContainerCheck {
  const tools = buildTransferTools(services, settings, localFiles);
  return new ContainerCheck(tools, { client: services.client, container: settings.targetContainer });
}

/** undefined with --no-queue */
export function buildAnnouncer(services: Services, settings: RunSettings): Announcer | undefined {
  const announcer = buildSlotAnnouncer(services, describeSlots(settings, false));
  return announcer && services.braked(announcer);
}
