import { MessageChannel, type MessagePort } from "node:worker_threads";
import { type Cancel, every, type Surroundings } from "../../surroundings/surroundings.ts";
import type { Pacer } from "../gate/pacer.ts";
import type { ServiceGate } from "../gate/service-gate.ts";
import { SharedBucket } from "../gate/shared-bucket.ts";
import type { SharedJudge } from "../gate/shared-judge.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import type { GateFacts, SignInFacts } from "./messages.ts";
import { ThreadServer } from "./serve-thread.ts";

/** How often the judges hear what threads have counted, and threads see a rate that time has changed, ms. */
const TELL_MS = 50;

/** What the threads of a process share. */
export interface SharedServices {
  readonly target: ServiceGate;
  readonly queue: ServiceGate;
  /** The gate of a source account; the same one for the same URL. */
  source(accountUrl: string): ServiceGate;
  /** `--max-requests`: the brake of all these gates. */
  readonly requests: Pacer;
  /** `--max-bandwidth` */
  readonly bandwidth: Pacer;
  /** undefined when a key or a SAS signs the requests */
  readonly signIn: SignIn | undefined;
}

/** What a thread needs to open the shared limits; it can be posted, with `transfer`. */
export interface GatesDescription {
  /** It has to be transferred. */
  readonly port: MessagePort;
  readonly target: GateFacts;
  readonly queue: GateFacts;
  /** Of a `SharedBucket`. */
  readonly requests: SharedArrayBuffer;
  readonly bandwidth: SharedArrayBuffer;
  readonly signIn: SignInFacts | undefined;
}

/** The limits of a run, shared with its threads. */
export interface SharedGates {
  /**
   * For one more thread: post `description` with `[description.port]` as the list of what is transferred, and call
   * `openSharedGates(description)` there. `close` when the thread has ended, however it did: a probe that it was making
   * is given up, and its requests that were under way count as such.
   */
  connect(): { readonly description: GatesDescription; close(): void };
  /** Ends the exchange with the threads; the gates themselves go on. */
  close(): void;
}

/**
 * Shares the gates, brakes and sign-in of a run with other threads, from the first `connect` on. They stay the only
 * judges: other threads keep to what they find, and tell them what they met. Until then nothing is shared, and a
 * process of one thread pays nothing for it.
 */
export function shareGates(surroundings: Surroundings, services: SharedServices): SharedGates {
  return new Sharing(surroundings, services);
}

class Sharing implements SharedGates {
  readonly #surroundings: Surroundings;
  readonly #services: SharedServices;
  readonly #gates: { readonly gate: ServiceGate; readonly judge: SharedJudge; readonly facts: GateFacts }[] =
    [];
  readonly #servers = new Set<ThreadServer>();
  #pacers: { readonly pacer: Pacer; readonly bucket: SharedBucket }[] | undefined;
  #threads = 0;
  #stopTelling: Cancel | undefined;

  constructor(surroundings: Surroundings, services: SharedServices) {
    this.#surroundings = surroundings;
    this.#services = services;
  }

  connect(): { readonly description: GatesDescription; close(): void } {
    const { requests, bandwidth, target, queue, signIn } = this.#services;
    const [sharedRequests, sharedBandwidth] = (this.#pacers ??= [requests, bandwidth].map((pacer) =>
      this.#sharePacer(pacer),
    ));
    if (sharedRequests === undefined || sharedBandwidth === undefined)
      throw new Error("two pacers are shared");
    const { port1, port2 } = new MessageChannel();
    const server = new ThreadServer(
      port1,
      {
        gate: (id) => this.#gateOf(id),
        source: (url) => this.#factsOf(this.#services.source(url)),
        signIn,
      },
      this.#threads++,
    );
    this.#servers.add(server);
    this.#stopTelling ??= every(this.#surroundings, TELL_MS, () => this.#tell(), { background: true });
    return {
      description: {
        port: port2,
        target: this.#factsOf(target),
        queue: this.#factsOf(queue),
        requests: sharedRequests.bucket.memory,
        bandwidth: sharedBandwidth.bucket.memory,
        signIn: signIn && { way: signIn.way, advice: signIn.advice, isTenantFixed: signIn.isTenantFixed },
      },
      close: () => this.#disconnect(server),
    };
  }

  close(): void {
    for (const server of this.#servers) this.#disconnect(server);
  }

  #disconnect(server: ThreadServer): void {
    if (!this.#servers.delete(server)) return;
    server.close();
    if (this.#servers.size > 0) return;
    this.#stopTelling?.();
    this.#stopTelling = undefined;
    // What was counted last.
    this.#tell();
  }

  #tell(): void {
    const now = this.#surroundings.monotonic();
    for (const { pacer, bucket } of this.#pacers ?? []) bucket.setRate(pacer.rate, now);
    for (const { judge } of this.#gates) {
      judge.collect();
      judge.publish();
    }
  }

  #sharePacer(pacer: Pacer): { readonly pacer: Pacer; readonly bucket: SharedBucket } {
    const now = this.#surroundings.monotonic();
    const bucket = SharedBucket.create(now);
    bucket.setRate(pacer.rate, now);
    pacer.share(bucket);
    return { pacer, bucket };
  }

  #factsOf(gate: ServiceGate): GateFacts {
    const known = this.#gates.find((shared) => shared.gate === gate);
    if (known !== undefined) return known.facts;
    const judge = gate.share();
    const { name, isEssential, longestPauseMs } = gate;
    const facts = { id: this.#gates.length, name, isEssential, longestPauseMs, memory: judge.memory.buffer };
    this.#gates.push({ gate, judge, facts });
    return facts;
  }

  #gateOf(id: number): ServiceGate {
    const shared = this.#gates[id];
    if (shared === undefined) throw new Error(`there is no gate ${id}`);
    return shared.gate;
  }
}
