/** The thread's side: serves the calls that the main thread sends. `slot-thread.ts` is its other side. */
import type { MessagePort } from "node:worker_threads";
import type { AttemptFigures } from "../azure/azure.ts";
import type { Incident } from "../core/incident.ts";
import type { Waits, WaitsEnd, WorkSignals } from "../core/waits.ts";
import type { Delivery } from "../delivery/delivery.ts";
import { every, type Surroundings } from "../surroundings/surroundings.ts";
import { packError } from "./carried-errors.ts";
import { Outbox } from "./outbox.ts";
import type {
  CarriedAnswer,
  CarriedCall,
  CarriedEnd,
  CarriedNews,
  FromThread,
  ToThread,
} from "./protocol.ts";

/** Counters that grow without an answer are told so often, ms. */
const TELL_FIGURES_MS = 250;

/** What a thread serves its calls with. */
export interface SlotStages {
  readonly surroundings: Surroundings;
  /** @param replaces as `TransferSettings.replaces` says of a name that is under way */
  readonly delivery: (replaces: (blobName: string) => boolean) => Delivery;
  readonly figures: AttemptFigures;
  /** For how long calls waited for memory, all together, ms; it only grows. */
  readonly heldMs: () => number;
  /** Waits that end as these signals say. */
  readonly openWaits: (end: WaitsEnd) => Waits;
}

/** What ends a call, or waits, when the main thread says so. Its reason is only seen here: the main thread has its own. */
class Ended extends Error {
  constructor() {
    super("the main thread ended it");
    this.name = "AbortError";
  }
}

/** Serves the port's calls from now on, and says that it is ready. */
export function serveSlots(port: Pick<MessagePort, "on" | "postMessage">, stages: SlotStages): void {
  const service = new SlotService((message) => port.postMessage(message), stages);
  port.on("message", (message) => service.take(message as ToThread));
}

class SlotService {
  readonly #stages: SlotStages;
  readonly #delivery: Delivery;
  readonly #outbox: Outbox<CarriedAnswer | CarriedNews>;
  /** By the number of the main thread's signal. */
  readonly #signals = new Map<number, AbortController>();
  readonly #waits = new Map<number, ThreadWaits>();
  /** Names that are to be written over without a look; a repair has few of them. */
  readonly #replaced = new Set<string>();

  constructor(send: (message: FromThread) => void, stages: SlotStages) {
    this.#stages = stages;
    this.#delivery = stages.delivery((blobName) => this.#replaced.has(blobName));
    const tell = (answers: FromThread["answers"]): void =>
      send({ answers, figures: { ...stages.figures }, heldMs: stages.heldMs() });
    this.#outbox = new Outbox(tell);
    let told = "";
    every(
      stages.surroundings,
      TELL_FIGURES_MS,
      () => {
        const counted = JSON.stringify([stages.figures, stages.heldMs()]);
        if (counted !== told) tell([]);
        told = counted;
      },
      { background: true },
    );
    tell([]);
  }

  take({ calls, aborted, draining, ended }: ToThread): void {
    for (const call of calls) void this.#serve(call);
    for (const id of draining) this.#waitsOf(id).drain();
    for (const id of ended) this.#waitsOf(id).end();
    for (const id of aborted) this.#abort(id);
  }

  async #serve(call: CarriedCall): Promise<void> {
    const incidents: Incident[] = [];
    const signals: WorkSignals = {
      signal: this.#signalOf(call.signal),
      ...(call.waits === undefined ? {} : { waits: this.#waitsOf(call.waits).waits }),
      onIncident: (incident) => incidents.push(incident),
    };
    let end: CarriedEnd;
    try {
      end = await this.#do(call, signals);
    } catch (thrown) {
      end = thrown instanceof Ended ? { kind: "aborted" } : { kind: "failed", error: packError(thrown) };
    }
    this.#outbox.add({ id: call.id, end, incidents });
  }

  async #do(call: CarriedCall, signals: WorkSignals): Promise<CarriedEnd> {
    if (call.what === "announce") {
      return { kind: "announced", announced: await this.#delivery.announce(call.blobName, signals) };
    }
    if (call.replaces) this.#replaced.add(call.task.blobName);
    const { id, task } = call;
    // At once: the announcement that may follow can take long.
    const delivered = await this.#delivery.deliver(task, signals, (transferred) =>
      this.#outbox.add({ id, transferred }),
    );
    return { kind: "delivered", delivered };
  }

  #signalOf(id: number): AbortSignal {
    let controller = this.#signals.get(id);
    if (controller === undefined) this.#signals.set(id, (controller = new AbortController()));
    return controller.signal;
  }

  /** No call comes with this signal any more. */
  #abort(id: number): void {
    this.#signals.get(id)?.abort(new Ended());
    this.#signals.delete(id);
  }

  #waitsOf(id: number): ThreadWaits {
    let waits = this.#waits.get(id);
    if (waits === undefined) {
      waits = new ThreadWaits(this.#stages.openWaits);
      this.#waits.set(id, waits);
    }
    return waits;
  }
}

/** Waits of the main thread, here. */
class ThreadWaits {
  readonly waits: Waits;
  readonly #drain = new AbortController();
  readonly #end = new AbortController();

  constructor(open: SlotStages["openWaits"]) {
    this.waits = open({ draining: this.#drain.signal, end: this.#end.signal });
  }

  drain(): void {
    this.#drain.abort(new Ended());
  }

  end(): void {
    this.#end.abort(new Ended());
  }
}
