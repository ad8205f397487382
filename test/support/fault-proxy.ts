/**
 * An HTTP proxy in front of the emulator's blob and queue services that counts requests and makes faults happen.
 * It rewrites nothing: the Host header is passed on, so that signatures, and links through the proxy, stay valid.
 */
import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent as TlsAgent, createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { readEndpoints } from "../../src/emulator/emulator.ts";
import { applyFault } from "./fault-actions.ts";
import { type Fault, type FaultRule, matches } from "./fault-rules.ts";
import { type Operation, operationOf, type RequestParts, type Service } from "./operations.ts";

export interface SeenRequest extends RequestParts {
  readonly operation: Operation;
  /** The path without account and leading slash, decoded: `container/blob name`. */
  readonly name: string;
  /** When it came, in ms of the monotonic clock. */
  readonly at: number;
  /** The fault that it met. */
  readonly fault: Fault["kind"] | undefined;
  /** Status that the client was sent; undefined while it waits, or when the connection was cut before. */
  status: number | undefined;
}

export interface FaultProxy extends AsyncDisposable {
  readonly connectionString: string;
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  /** Every request since the start or the last `forget`, in the order they came. */
  readonly requests: readonly SeenRequest[];
  /** Most requests under way at once since then. */
  readonly maxInFlight: number;
  /** How many requests did one of these operations; of all requests when none is given. */
  count(...operations: readonly Operation[]): number;
  /** Forgets the requests seen; rules stay. */
  forget(): void;
  /** Adds a rule, tried after those before it. Gives a function that takes it away. */
  fail(rule: FaultRule): () => void;
  /** Takes all rules away. */
  heal(): void;
  /** The account is gone: connections under way are cut and new ones refused, until `online`. */
  offline(): Promise<void>;
  online(): Promise<void>;
  stop(): Promise<void>;
}

/** Where the proxy sends what it is sent: the endpoints of the emulator. */
export interface ProxyTarget {
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
}

interface ActiveRule {
  readonly rule: FaultRule;
  toSkip: number;
  left: number;
}

/** What a proxy in front of an emulator over https shows for itself; the emulator's own will do. */
export interface ProxyTls {
  readonly cert: string;
  readonly key: string;
}

/** Starts the proxy on two free ports of the loopback, over https when `tls` is given. */
export async function startFaultProxy(target: ProxyTarget, tls?: ProxyTls): Promise<FaultProxy> {
  let rules: ActiveRule[] = [];
  let requests: SeenRequest[] = [];
  let inFlight = 0;
  let maxInFlight = 0;
  // Idle connections go before the emulator closes them (after 5 s), or its closing would look like a fault.
  const agent = new (tls === undefined ? Agent : TlsAgent)({ keepAlive: true, timeout: 2000 });

  const take = (parts: RequestParts, operation: Operation, name: string): Fault | undefined => {
    for (const active of rules) {
      if (active.left === 0 || !matches(active.rule, { ...parts, operation, name })) continue;
      if (active.toSkip-- > 0) continue;
      active.left--;
      return active.rule.fault;
    }
    return undefined;
  };

  const listenerOf =
    (service: Service, upstream: URL) => (request: IncomingMessage, response: ServerResponse) => {
      const parts = partsOf(service, request);
      const operation = operationOf(parts);
      const name = decodeName(parts.path);
      const fault = take(parts, operation, name);
      const seen: SeenRequest = {
        ...parts,
        operation,
        name,
        at: performance.now(),
        fault: fault?.kind,
        status: undefined,
      };
      requests.push(seen);
      maxInFlight = Math.max(maxInFlight, ++inFlight);
      response.once("close", () => {
        inFlight--;
        if (response.headersSent) seen.status = response.statusCode;
      });
      applyFault(fault, { request, response, upstream, agent });
    };

  const servers = [
    new RestartableServer(listenerOf("blob", new URL(target.blobEndpoint)), tls),
    new RestartableServer(listenerOf("queue", new URL(target.queueEndpoint)), tls),
  ] as const;
  const online = async (): Promise<void> =>
    void (await Promise.all(servers.map((server) => server.listen())));
  const offline = async (): Promise<void> =>
    void (await Promise.all(servers.map((server) => server.close())));
  const stop = async (): Promise<void> => {
    await offline();
    agent.destroy();
  };
  await online();

  return {
    ...readEndpoints(servers[0].url, servers[1].url),
    get requests() {
      return requests;
    },
    get maxInFlight() {
      return maxInFlight;
    },
    count: (...operations) =>
      operations.length === 0
        ? requests.length
        : requests.filter((seen) => operations.includes(seen.operation)).length,
    forget() {
      requests = [];
      maxInFlight = inFlight;
    },
    fail(rule) {
      const active = { rule, toSkip: rule.skip ?? 0, left: rule.times ?? Number.POSITIVE_INFINITY };
      rules.push(active);
      return () => (rules = rules.filter((other) => other !== active));
    },
    heal: () => (rules = []),
    offline,
    online,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A server that can go away and come back on its port. */
class RestartableServer {
  readonly #server: Server;
  readonly #protocol: string;
  #port = 0;

  constructor(
    listener: (request: IncomingMessage, response: ServerResponse) => void,
    tls: ProxyTls | undefined,
  ) {
    // No time limits: how long things take is the tests' affair.
    const patient = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 };
    this.#server =
      tls === undefined
        ? createServer(patient, listener)
        : createTlsServer({ ...patient, cert: tls.cert, key: tls.key }, listener);
    this.#protocol = tls === undefined ? "http" : "https";
  }

  get url(): string {
    return `${this.#protocol}://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    if (this.#server.listening) return;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function partsOf(service: Service, request: IncomingMessage): RequestParts {
  const url = new URL(request.url ?? "/", "http://proxy");
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  return { service, method: request.method ?? "", path: url.pathname, query: url.searchParams, headers };
}

function decodeName(path: string): string {
  const name = path.split("/").slice(2).join("/");
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
