/** The real client with short waits, and some files to look up. */
import { type AttemptPolicy, Attempts } from "../../src/azure/attempts/attempt.ts";
import { GATE_DEFAULTS, type GateOptions, ServiceGate } from "../../src/azure/gate/service-gate.ts";
import type { Kusto, KustoQuery } from "../../src/kusto/kusto.ts";
import type { KustoSignIn } from "../../src/kusto/one-query.ts";
import { openKusto } from "../../src/kusto/open-kusto.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

export const LOOKUP = `declare query_parameters(jobIds:dynamic, workItemIds:dynamic, fileSuffix:string);
Files
| where WorkItemId in (workItemIds) and JobId in (jobIds)
| where FileName endswith fileSuffix
| project JobId, WorkItemId, WorkItemName, Uri, FileName
| order by JobId asc, WorkItemId asc, FileName asc, Uri asc`;

/** The files of these work items of job `1`. */
export function lookup(workItemIds: readonly string[], fileSuffix = ".json"): KustoQuery {
  return {
    text: LOOKUP,
    parameters: {
      jobIds: { type: "dynamic", value: ["1"] },
      workItemIds: { type: "dynamic", value: workItemIds },
      fileSuffix: { type: "string", value: fileSuffix },
    },
  };
}

/** Files `0.json`, `1.json`, ... of a work item of job `1`. */
export function* filesOf(workItemId: string, count: number): Generator<Record<string, string>> {
  for (let index = 0; index < count; index++) {
    const uri = `https://account.blob.core.windows.net/c/${index}?se=2030-01-01T00%3A00%3A00Z&sig=abc`;
    yield { JobId: "1", WorkItemId: workItemId, WorkItemName: "name", Uri: uri, FileName: `${index}.json` };
  }
}

export interface Tokens extends KustoSignIn {
  getToken: KustoSignIn["getToken"];
  /** What the service made of the tokens: `given 1`, `refused 1`, `accepted`. */
  readonly log: readonly string[];
}

/** Gives `token-1`, and the next one after one was refused. */
export function tokens(): Tokens {
  const log: string[] = [];
  let number = 1;
  return {
    log,
    async getToken() {
      log.push(`given ${number}`);
      return { token: `token-${number}`, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
    refused(token) {
      log.push(`refused ${number}`);
      if (token === `token-${number}`) number++;
    },
    accepted: () => void log.push("accepted"),
  };
}

const QUICK: AttemptPolicy = { maxAttempts: 8, baseDelayMs: 1, maxDelayMs: 4, idleMs: 2000 };

export interface OpenedKusto extends Disposable {
  readonly kusto: Kusto;
  readonly attempts: Attempts;
  readonly gate: ServiceGate;
  readonly signIn: Tokens;
}

export function open(
  server: { readonly url: string },
  options: {
    readonly queries?: number;
    readonly deadlineMs?: number;
    readonly policy?: Partial<AttemptPolicy>;
    readonly gate?: Partial<GateOptions>;
    readonly database?: string;
  } = {},
): OpenedKusto {
  const attempts = new Attempts(REAL_SURROUNDINGS, { ...QUICK, ...options.policy });
  const gate = new ServiceGate(REAL_SURROUNDINGS, "catalog", {
    ...GATE_DEFAULTS,
    maxWaitMs: 5000,
    maxFirstWaitMs: 5000,
    firstProbeDelayMs: 5,
    longestProbeDelayMs: 20,
    ...options.gate,
  });
  const signIn = tokens();
  const kusto = openKusto({
    surroundings: REAL_SURROUNDINGS,
    cluster: server.url,
    database: options.database ?? "db",
    signIn,
    attempts,
    gate,
    queries: options.queries ?? 4,
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
  });
  return { kusto, attempts, gate, signIn, [Symbol.dispose]: () => kusto.close() };
}

/** Goes on for as long as the test needs. */
export const FOR_EVER = { signal: new AbortController().signal };
