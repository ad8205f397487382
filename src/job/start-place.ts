/** The coordination container as a start uses it before its first file: with patience, and with what a refusal means. */
import type { RunSettings } from "../config/run-options.ts";
import type { CoordinationAccount } from "../machines/coordination-account.ts";
import { RestAccount } from "../machines/rest-account.ts";
import { explainRefusal } from "../machines/rights.ts";
import { observeDates, ServiceTime } from "../machines/service-time.ts";
import type { JobContext } from "./context.ts";
import type { Services } from "./services.ts";
import { StartPatience } from "./start-patience.ts";

export class StartPlace implements Disposable {
  readonly container: string;
  readonly serviceTime: ServiceTime;
  readonly account: CoordinationAccount;
  readonly #services: Services;
  readonly #patience: StartPatience;

  constructor(
    context: JobContext,
    { settings, services }: { readonly settings: RunSettings; readonly services: Services },
  ) {
    this.container = settings.coordinationContainer;
    this.#services = services;
    this.serviceTime = new ServiceTime(context.surroundings);
    this.account = observeDates(new RestAccount(services.coordination, this.container), this.serviceTime);
    this.#patience = new StartPatience(context, this.serviceTime, settings);
  }

  /** Aborts when the start is stopped, and when there was no answer for too long. */
  get signal(): AbortSignal {
    return this.#patience.signal;
  }

  /** What stands in the way, as an error for the user. */
  explain(thrown: unknown): unknown {
    const { blobEndpoint } = this.#services.account;
    return explainRefusal(thrown, { blobEndpoint, container: this.container });
  }

  [Symbol.dispose](): void {
    this.#patience[Symbol.dispose]();
  }
}
