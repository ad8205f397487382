/** A thread that carries slots, as the main thread sees it. `serve.ts` is its other side. */
import { onAbort, sumFigures } from "../azure/azure.ts";
import { errorMessageText } from "../core/errors.ts";
import { HangWatch } from "../core/hang-watch.ts";
import { Numbered } from "../core/numbered.ts";
import type { Waits, WorkSignals } from "../core/waits.ts";
import type { Announced, Delivered, DeliveryTask, OnTransferred } from "../delivery/delivery.ts";
import { unpackError } from "./carried-errors.ts";
import { Outbox } from "./outbox.ts";
import type {
  CarriedAnswer,
  CarriedCall,
  CarriedEnd,
  CarriedNews,
  FromThread,
  ToThread,
} from "./protocol.ts";
import type { Carrier, ThreadPort } from "./workers.ts";

/** The thread is gone; the call may have taken effect or not. */
export class ThreadDied extends Error {
  /** In a few words. */
  readonly why: string;

  constructor(cause: unknown) {
    super(`a thread ended: ${errorMessageText(cause)}`, { cause });
    this.name = "ThreadDied";
    this.why = errorMessageText(cause);
  }
}

/** A call that waits for its answer. */
interface Asker {
  readonly signals: WorkSignals;
  readonly onTransferred: OnTransferred | undefined;
  readonly settle: (end: CarriedEnd) => void;
  readonly reject: (error: Error) => void;
}

type Note =
  | { readonly what: "call"; readonly call: CarriedCall }
  | { readonly what: "aborted" | "draining" | "ended"; readonly id: number };

/**
 * - `starting`  it loads the program; calls may be given to it, and wait
 * - `ready`     entered by its first message
 * - `dead`      it ended by itself, or was ended; every call of it was rejected with `ThreadDied`, and later ones are
 */
export type ThreadState = "starting" | "ready" | "dead";

export interface SlotThreadOptions {
  /** As `TransferSettings.replaces`. */
  readonly replaces: ((blobName: string) => boolean) | undefined;
  /** At work for so long without a rest and without a word, it hangs, and is ended; ms, by default a minute. */
  readonly hangsAfterMs: number | undefined;
  /** It died by itself; its calls have been rejected. */
  readonly onDeath: (death: ThreadDied, underWay: number) => void;
}

/** Carries each call to the thread and gives its answer. */
export class SlotThread implements Carrier {
  state: ThreadState = "starting";
  figures = sumFigures([]);
  /** For how long its calls waited for memory, all together, ms. */
  heldMs = 0;
  readonly #port: ThreadPort;
  readonly #options: SlotThreadOptions;
  readonly #asking = new Numbered<Asker>();
  readonly #outbox = new Outbox<Note>((notes) => this.#post(notes));
  readonly #signals = new WeakMap<AbortSignal, number>();
  readonly #waits = new WeakMap<Waits, number>();
  readonly #watch: HangWatch;
  #numbers = 0;
  #death: ThreadDied | undefined;

  constructor(port: ThreadPort, options: SlotThreadOptions) {
    this.#port = port;
    this.#options = options;
    this.#watch = new HangWatch(options.hangsAfterMs);
    port.unref();
    port.on("message", (message) => this.#take(message as FromThread));
    port.on("messageerror", (error) => this.#kill(error));
    port.on("error", (error) => this.#die(error));
    port.on("exit", (code) => this.#die(new Error(`it exited with code ${code}`)));
  }

  get underWay(): number {
    return this.#asking.size;
  }

  /** To be called several times a second. @returns for how long it was at work since the last time, ms */
  look(): number {
    const since = this.#watch.look(this.#port.performance.eventLoopUtilization());
    const { hang } = this.#watch;
    if (this.state === "ready" && hang !== undefined) this.#kill(hang);
    return since;
  }

  /** @throws as the door says; ThreadDied */
  async deliver(task: DeliveryTask, signals: WorkSignals, onTransferred?: OnTransferred): Promise<Delivered> {
    const replaces = this.#options.replaces?.(task.blobName) === true;
    const end = await this.#ask({ what: "deliver", task, replaces }, signals, onTransferred);
    if (end.kind !== "delivered") throw new TypeError(`a delivery was answered with ${end.kind}`);
    return end.delivered;
  }

  /** @throws as the door says; ThreadDied */
  async announce(blobName: string, signals: WorkSignals): Promise<Announced> {
    const end = await this.#ask({ what: "announce", blobName }, signals);
    if (end.kind !== "announced") throw new TypeError(`an announcement was answered with ${end.kind}`);
    return end.announced;
  }

  /** Ends it; nothing is told of its death. Calls that it has are rejected with ThreadDied. */
  async stop(): Promise<void> {
    this.#end(new ThreadDied(new Error("it is not needed any more")));
    await this.#port.terminate();
  }

  async #ask(
    question:
      | { what: "deliver"; task: DeliveryTask; replaces: boolean }
      | { what: "announce"; blobName: string },
    signals: WorkSignals,
    onTransferred?: OnTransferred,
  ): Promise<CarriedEnd> {
    if (this.#death !== undefined) throw this.#death;
    signals.signal.throwIfAborted();
    const id = this.#numbers++;
    const signal = this.#numberOfSignal(signals.signal);
    const waits = signals.waits === undefined ? undefined : this.#numberOfWaits(signals.waits);
    const { promise, resolve: settle, reject } = Promise.withResolvers<CarriedEnd>();
    if (this.#asking.size === 0) this.#port.ref();
    this.#asking.put(id, { signals, onTransferred, settle, reject });
    this.#outbox.add({ what: "call", call: { id, signal, waits, ...question } });
    // When the signal aborts, the answer is waited for all the same: then nothing of the call is in flight any more.
    const end = await promise;
    if (end.kind === "failed") {
      signals.signal.throwIfAborted();
      throw unpackError(end.error);
    }
    if (end.kind === "aborted") throw signals.signal.reason as Error;
    return end;
  }

  /** The number under which the thread knows this signal; that it aborts is told from now on. */
  #numberOfSignal(signal: AbortSignal): number {
    const known = this.#signals.get(signal);
    if (known !== undefined) return known;
    const id = this.#numbers++;
    this.#signals.set(signal, id);
    onAbort(signal, () => {
      this.#watch.ending();
      this.#outbox.add({ what: "aborted", id });
    });
    return id;
  }

  /** The same for waits, and for what ends them. */
  #numberOfWaits(waits: Waits): number {
    const known = this.#waits.get(waits);
    if (known !== undefined) return known;
    const id = this.#numbers++;
    this.#waits.set(waits, id);
    const { draining, end } = waits.follows ?? { draining: waits.signal, end: undefined };
    onAbort(draining, () => this.#outbox.add({ what: "draining", id }));
    if (end !== undefined) onAbort(end, () => this.#outbox.add({ what: "ended", id }));
    return id;
  }

  #post(notes: readonly Note[]): void {
    if (this.#death !== undefined) return;
    const calls: CarriedCall[] = [];
    const ids = { aborted: [] as number[], draining: [] as number[], ended: [] as number[] };
    for (const note of notes) {
      if (note.what === "call") calls.push(note.call);
      else ids[note.what].push(note.id);
    }
    const message: ToThread = { calls, ...ids };
    this.#port.postMessage(message);
  }

  #take({ answers, figures, heldMs }: FromThread): void {
    if (this.#death !== undefined) return;
    this.figures = figures;
    this.heldMs = heldMs;
    this.state = "ready";
    this.#watch.heard();
    for (const answer of answers) {
      if ("end" in answer) this.#answer(answer);
      else this.#tell(answer);
    }
    if (answers.length > 0 && this.#asking.size === 0) this.#port.unref();
  }

  #answer({ id, end, incidents }: CarriedAnswer): void {
    const asker = this.#asking.take(id);
    if (asker === undefined) return;
    for (const incident of incidents) asker.signals.onIncident?.(incident);
    asker.settle(end);
  }

  #tell({ id, transferred }: CarriedNews): void {
    this.#asking.get(id)?.onTransferred?.(transferred);
  }

  /** It may still be running: nobody listens to it any more. */
  #kill(cause: Error): void {
    void this.#port.terminate();
    this.#die(cause);
  }

  #die(cause: unknown): void {
    if (this.#death !== undefined) return;
    const death = new ThreadDied(cause);
    const underWay = this.#asking.size;
    this.#end(death);
    this.#options.onDeath(death, underWay);
  }

  #end(death: ThreadDied): void {
    this.state = "dead";
    this.#death ??= death;
    for (const { reject } of this.#asking.takeAll()) reject(death);
  }
}
