import { type Attempts, RequestBudget, ServiceFailure, type Gate } from "../azure/azure.ts";
import { ReuploadError } from "../core/errors.ts";
import { certificateAdvice } from "../core/failure.ts";
import { redact } from "../core/secret.ts";
import { clusterUrl } from "./cluster.ts";
import { type Kusto, type KustoQuery, type KustoTable, KustoTooMuch } from "./kusto.ts";
import { type KustoSignIn, QuerySender } from "./one-query.ts";
import type { Refusal } from "./refusal.ts";
import { Slots } from "./slots.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

/** How long the service may work on a query, ms. */
const DEADLINE_MS = 4 * 60_000;
/** A query that ran out of time is tried once more: it may have been the network. */
const TRIES_OF_TIME = 2;

export interface KustoOptions {
  readonly surroundings: Surroundings;
  /** `--kusto-cluster` */
  readonly cluster: string;
  readonly database: string;
  readonly signIn: KustoSignIn;
  readonly attempts: Attempts;
  readonly gate: Gate;
  /** `--kusto-queries`: at most so many are under way at once. */
  readonly queries: number;
  readonly deadlineMs?: number;
}

/** @throws ReuploadError `kusto-invalid` when the cluster is none; nothing is asked of it yet */
export function openKusto(options: KustoOptions): Kusto {
  const cluster = clusterUrl(options.cluster);
  return new ClientKusto({ ...options, cluster });
}

/** `cluster/database` without scheme. @throws ReuploadError `kusto-invalid` */
export function kustoPlace(cluster: string, database: string): string {
  return `${new URL(clusterUrl(cluster)).host}/${database}`;
}

class ClientKusto implements Kusto {
  readonly place: string;
  readonly #options: KustoOptions;
  readonly #sender: QuerySender;
  readonly #slots: Slots;
  readonly #closed = new AbortController();
  readonly #deadlineMs: number;

  constructor(options: KustoOptions) {
    const { surroundings, cluster, database, signIn, deadlineMs = DEADLINE_MS } = options;
    this.place = kustoPlace(cluster, database);
    this.#options = options;
    this.#deadlineMs = deadlineMs;
    this.#sender = new QuerySender({ surroundings, cluster, database, signIn, deadlineMs });
    this.#slots = new Slots(options.queries);
  }

  get sent(): number {
    return this.#sender.sent;
  }

  async query(query: KustoQuery, options: { signal: AbortSignal }): Promise<KustoTable> {
    const signal = AbortSignal.any([options.signal, this.#closed.signal]);
    const answer = await this.#slots.use(signal, () => this.#attempt(query, signal));
    if (!("kind" in answer)) return answer;
    throw this.#toError(answer);
  }

  close(): void {
    this.#closed.abort(new Error("The connection to Kusto was closed."));
    this.#sender.close();
  }

  async #attempt(query: KustoQuery, signal: AbortSignal): Promise<KustoTable | Refusal> {
    const { attempts, gate } = this.#options;
    const oneTryMs = this.#deadlineMs + attempts.policy.idleMs;
    const effort = new RequestBudget(signal, TRIES_OF_TIME * oneTryMs);
    try {
      return await attempts.run(
        gate,
        effort,
        "query",
        async (pulse) => {
          const answer = await this.#sender.send(query, pulse);
          if ("kind" in answer && answer.kind === "transient") {
            throw new ServiceFailure("query", answer.said, { status: answer.throttled ? 429 : 500 });
          }
          return answer;
        },
        { quietMs: this.#deadlineMs },
      );
    } catch (thrown) {
      throw thrown instanceof ServiceFailure ? this.#lastFailure(thrown, oneTryMs) : thrown;
    }
  }

  /** What a query ends with that was tried as often as it may be. */
  #lastFailure(failure: ServiceFailure, oneTryMs: number): Error {
    if (failure.answer.timedOut === true) {
      const seconds = Math.round(oneTryMs / 1000);
      return new KustoTooMuch("timeout", `No answer from ${this.place} within ${seconds} s`, {
        cause: failure,
      });
    }
    if (failure.status === 403) {
      return new ReuploadError("permission", `${this.place} refuses the query: ${failure.said}`, {
        advice: "Ask for the role Viewer on the database (az kusto database-principal-assignment create).",
        cause: failure,
      });
    }
    const advice = certificateAdvice(failure.answer);
    const times = failure.attempts === 1 ? "once" : `${failure.attempts} times`;
    return new ReuploadError(
      "unavailable",
      `${this.place} did not answer the query, tried ${times}: ${failure.said}`,
      { ...(advice !== undefined && { advice }), cause: failure },
    );
  }

  #toError(refusal: Exclude<KustoTable | Refusal, KustoTable>): Error {
    const said = redact(refusal.said);
    const { requestId } = refusal;
    const cause = requestId === undefined ? undefined : new ServiceFailure("query", said, {}, { requestId });
    if (refusal.kind === "too-much") return new KustoTooMuch(refusal.why, said, { cause });
    return new ReuploadError("kusto-invalid", `${this.place} refuses the query: ${said}`, { cause });
  }
}
