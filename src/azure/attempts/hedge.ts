import { type Link, LinkedList } from "../../core/linked-list.ts";
import { type HedgeBudget, OwnHedgeBudget } from "./hedge-budget.ts";
import { RunningQuantile } from "./running-quantile.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

export interface HedgePolicy {
  /** For so many first requests of a kind there is at most one second; a whole number. */
  readonly oneIn: number;
  /** Second requests that may come at once, when there were few for long: a slow service is not to be asked twice. */
  readonly burst: number;
  /** A request is a straggler after so many times what 95 % of its kind take ... */
  readonly timesP95: number;
  /** ... and not sooner than this, ms. */
  readonly soonestMs: number;
  /** Nothing is known of a kind before so many of it have succeeded. */
  readonly fewestSamples: number;
}

export const HEDGE_DEFAULTS: HedgePolicy = {
  oneIn: 50,
  burst: 20,
  timesP95: 3,
  soonestMs: 250,
  fewestSamples: 200,
};

/** How often the requests under way are looked through, ms. */
const LOOK_MS = 50;
/** The looks do not keep the process alive. */
const IN_BACKGROUND = { background: true };

/** A request under way that may safely be made a second time. */
export interface HedgedRequest {
  /** How long it has been under way, without what it was held by ourselves, ms. */
  readonly spentMs: number;
  /** How much longer than others it may take for its length, ms. */
  readonly allowedMs: number;
  /** Makes it a second time. @returns false when the service is not to be asked more than it must be now */
  askAgain(): boolean;
}

/** A request under way, and when it began, monotonic ms. */
export interface Begun {
  readonly request: HedgedRequest;
  readonly since: number;
}

/** A service whose requests are hedged. */
export interface HedgedService {
  /** Where threads share one budget; without it each operation has its own. */
  readonly hedges?: HedgeBudget | undefined;
}

/**
 * Decides which requests are made a second time: the few that take much longer than their kind does. One timer looks
 * through those under way, oldest first, while there are any; a request itself costs a place in a list.
 */
export class Hedging {
  readonly #policy: HedgePolicy;
  readonly #surroundings: Surroundings;
  readonly #kindsByService = new Map<HedgedService, Map<string, HedgedKind>>();
  #nextLookAt: number | undefined;

  constructor(surroundings: Surroundings, policy: HedgePolicy) {
    this.#policy = policy;
    this.#surroundings = surroundings;
  }

  /** The requests of one operation to one service. */
  kind(service: HedgedService, operation: string): HedgedKind {
    let kinds = this.#kindsByService.get(service);
    if (kinds === undefined) this.#kindsByService.set(service, (kinds = new Map<string, HedgedKind>()));
    let kind = kinds.get(operation);
    if (kind === undefined) {
      kind = new HedgedKind(this.#surroundings, this.#policy, service, () => this.#lookLater());
      kinds.set(operation, kind);
    }
    return kind;
  }

  #lookLater(): void {
    if (this.#nextLookAt !== undefined) return;
    this.#nextLookAt = this.#surroundings.monotonic() + LOOK_MS;
    this.#surroundings.after(LOOK_MS, () => this.#look(), IN_BACKGROUND);
  }

  #look(): void {
    const lateMs = this.#surroundings.monotonic() - (this.#nextLookAt ?? 0);
    this.#nextLookAt = undefined;
    const kinds = [...this.#kindsByService.values()].flatMap((byName) => [...byName.values()]);
    // When this process was busy, answers have arrived that it has not read: what looks old may be done.
    if (lateMs < LOOK_MS) for (const kind of kinds) kind.look();
    if (kinds.some((kind) => kind.hasRequests)) this.#lookLater();
  }
}

/** The requests of one operation to one service: those under way, and what they take. */
export class HedgedKind {
  readonly #policy: HedgePolicy;
  readonly #surroundings: Surroundings;
  readonly #onBegin: () => void;
  /** Those that have not been asked again. */
  readonly #underWay = new LinkedList<Begun>();
  readonly #durations = new RunningQuantile();
  readonly #service: HedgedService;
  readonly #own = new OwnHedgeBudget();

  constructor(surroundings: Surroundings, policy: HedgePolicy, service: HedgedService, onBegin: () => void) {
    this.#policy = policy;
    this.#service = service;
    this.#surroundings = surroundings;
    this.#onBegin = onBegin;
  }

  get hasRequests(): boolean {
    return !this.#underWay.isEmpty;
  }

  /** @returns for `end` */
  begin(request: HedgedRequest): Link<Begun> {
    const { oneIn, burst } = this.#policy;
    this.#budget.earn(oneIn * burst);
    this.#onBegin();
    return this.#underWay.add({ request, since: this.#surroundings.monotonic() });
  }

  /** @param underWay what `begin` gave @param tookMs how long it took, or at least; undefined when that says nothing: it failed */
  end(underWay: Link<Begun>, tookMs: number | undefined): void {
    this.#underWay.remove(underWay);
    if (tookMs !== undefined) this.#durations.add(tookMs);
  }

  /** Asks those again that take long, as far as the policy allows. */
  look(): void {
    const { oneIn, timesP95, soonestMs, fewestSamples } = this.#policy;
    if (this.#durations.samples < fewestSamples) return;
    const now = this.#surroundings.monotonic();
    const longMs = Math.max(soonestMs, timesP95 * this.#durations.at(0.95));
    for (const link of this.#underWay) {
      const { request, since } = link.value;
      if (!this.#budget.has(oneIn) || now - since <= longMs) return;
      if (request.spentMs <= longMs + request.allowedMs) continue;
      if (!this.#budget.spend(oneIn)) return;
      if (!request.askAgain()) {
        this.#budget.giveBack(oneIn);
        return;
      }
      this.#underWay.remove(link);
    }
  }

  get #budget(): HedgeBudget {
    return this.#service.hedges ?? this.#own;
  }
}
