import type { Announcer } from "../announce/announcer.ts";
import type { CatalogFile } from "../core/file.ts";
import type { WorkSignals } from "../core/waits.ts";
import type { Transfer, TransferResult } from "../transfer/transfer.ts";
import type { AnnounceResult } from "./protocol.ts";
import type { Carrier } from "./workers.ts";

/** The share of the last look in how busy the thread is said to be: one late turn of the loop does not decide. */
const NEWEST = 0.4;

/** The main thread as a carrier. */
export class MainCarrier implements Carrier {
  underWay = 0;
  /** How much of the time this thread was at work of late, from 0 to 1. */
  busy = 0;
  readonly #transfer: Transfer;
  readonly #announcer: Announcer | undefined;
  #last = performance.eventLoopUtilization();

  constructor({ transfer, announcer }: { transfer: Transfer; announcer: Announcer | undefined }) {
    this.#transfer = transfer;
    this.#announcer = announcer;
  }

  /** To be called several times a second. @returns for how long it was at work since the last time, ms */
  look(): number {
    const now = performance.eventLoopUtilization();
    const { active, utilization } = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    this.busy += NEWEST * (utilization - this.busy);
    return active;
  }

  transfer(file: CatalogFile, blobName: string, signals: WorkSignals): Promise<TransferResult> {
    return this.#counted(() => this.#transfer.transfer(file, blobName, signals));
  }

  async announce(blobName: string, signals: WorkSignals): Promise<AnnounceResult> {
    const announcer = this.#announcer;
    if (announcer === undefined) throw new TypeError("nothing is announced in this run");
    return this.#counted(() => announcer.announce(blobName, signals));
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
