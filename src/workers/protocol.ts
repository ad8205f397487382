/** What travels between the main thread and a thread that carries slots. All of it can be cloned. */
import type { AttemptFigures } from "../azure/azure.ts";
import type { Incident } from "../core/incident.ts";
import type { Announced, Delivered, DeliveryTask } from "../delivery/delivery.ts";
import type { TransferredFile } from "../transfer/transfer.ts";
import type { CarriedError } from "./carried-errors.ts";

/** One call of a door, under a number that no other call of the thread has. */
export type CarriedCall = {
  readonly id: number;
  /** The number of its signal (`WorkSignals.signal`), which many calls share. */
  readonly signal: number;
  /** The number of its waits (`WorkSignals.waits`), which many calls share; undefined: its signal alone ends its waits. */
  readonly waits: number | undefined;
} & (
  | {
      readonly what: "deliver";
      readonly task: DeliveryTask;
      /** As `TransferSettings.replaces` says of the name. */
      readonly replaces: boolean;
    }
  | { readonly what: "announce"; readonly blobName: string }
);

/** How a call ended. `aborted`: by its signal, whose reason the main thread knows. */
export type CarriedEnd =
  | { readonly kind: "delivered"; readonly delivered: Delivered }
  | { readonly kind: "announced"; readonly announced: Announced }
  | { readonly kind: "failed"; readonly error: CarriedError }
  | { readonly kind: "aborted" };

export interface CarriedAnswer {
  readonly id: number;
  readonly end: CarriedEnd;
  /** What kept the call from succeeding at its first try. */
  readonly incidents: readonly Incident[];
}

/** A file that is in the target: its call's answer follows, once it is announced if it is to be. */
export interface CarriedNews {
  readonly id: number;
  readonly transferred: TransferredFile;
}

/** What one turn of the main thread's loop has for the thread. */
export interface ToThread {
  readonly calls: readonly CarriedCall[];
  /** Signals that have aborted. */
  readonly aborted: readonly number[];
  /** Waits that are to end soon (`WaitsEnd.draining`), and those that are to end now. */
  readonly draining: readonly number[];
  readonly ended: readonly number[];
}

/** What one turn of the thread's loop has for the main thread. The first one says that it is ready, and has no answer. */
export interface FromThread {
  /** In the order in which they came about. */
  readonly answers: readonly (CarriedAnswer | CarriedNews)[];
  /** Counted since the thread began. */
  readonly figures: AttemptFigures;
  /** For how long its calls waited for memory since it began, all together, ms. */
  readonly heldMs: number;
}
