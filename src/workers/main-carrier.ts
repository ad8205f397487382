import type { WorkSignals } from "../core/waits.ts";
import type { Announced, Delivered, Delivery, DeliveryTask, OnTransferred } from "../delivery/delivery.ts";
import type { Carrier } from "./workers.ts";

/** The share of the last look in how busy the thread is said to be: one late turn of the loop does not decide. */
const NEWEST = 0.4;

/** The main thread as a carrier. */
export class MainCarrier implements Carrier {
  underWay = 0;
  /** How much of the time this thread was at work of late, from 0 to 1. */
  busy = 0;
  readonly #delivery: Delivery;
  #last = performance.eventLoopUtilization();

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  /** To be called several times a second. @returns for how long it was at work since the last time, ms */
  look(): number {
    const now = performance.eventLoopUtilization();
    const { active, utilization } = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    this.busy += NEWEST * (utilization - this.busy);
    return active;
  }

  deliver(task: DeliveryTask, signals: WorkSignals, onTransferred?: OnTransferred): Promise<Delivered> {
    return this.#counted(() => this.#delivery.deliver(task, signals, onTransferred));
  }

  announce(blobName: string, signals: WorkSignals): Promise<Announced> {
    return this.#counted(() => this.#delivery.announce(blobName, signals));
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.underWay++;
    try {
      return await work();
    } finally {
      this.underWay--;
    }
  }
}
