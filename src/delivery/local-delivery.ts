import type { Announcer } from "../announce/announcer.ts";
import type { WorkSignals } from "../core/waits.ts";
import type { Transfer } from "../transfer/transfer.ts";
import {
  type Announced,
  type Delivered,
  type Delivery,
  type DeliveryTask,
  mustAnnounce,
  type OnTransferred,
} from "./delivery.ts";

/** One stage after the other, in this thread. */
export class LocalDelivery implements Delivery {
  readonly #transfer: Transfer;
  readonly #announcer: Announcer | undefined;

  /** @param stages `announcer`: undefined with --no-queue */
  constructor({
    transfer,
    announcer,
  }: {
    readonly transfer: Transfer;
    readonly announcer: Announcer | undefined;
  }) {
    this.#transfer = transfer;
    this.#announcer = announcer;
  }

  get announces(): boolean {
    return this.#announcer !== undefined;
  }

  async deliver(
    { file, blobName, announces }: DeliveryTask,
    signals: WorkSignals,
    onTransferred?: OnTransferred,
  ): Promise<Delivered> {
    const result = await this.#transfer.transfer(file, blobName, signals);
    if (result.outcome === "skipped") return { result, announced: undefined };
    onTransferred?.(result);
    if (this.#announcer === undefined || !mustAnnounce(announces, result)) {
      return { result, announced: undefined };
    }
    return { result, announced: await this.#announcer.announce(blobName, signals) };
  }

  async announce(blobName: string, signals: WorkSignals): Promise<Announced> {
    if (this.#announcer === undefined) throw new TypeError("nothing is announced in this run");
    return this.#announcer.announce(blobName, signals);
  }
}
