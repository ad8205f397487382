import { buildConnector, Client, type Dispatcher, ProxyAgent } from "undici";
import type { ProxyFor } from "./proxy.ts";

/** How long an idle connection is kept, ms, unless the service names a time. Azure's balancers forget it after 4 minutes. */
const KEEP_ALIVE_MS = 60_000;
/** TLS handshakes under way at once: each costs a millisecond of CPU, and hundreds at a time would stop all else. */
const HANDSHAKES_AT_ONCE = 16;

/**
 * What all connections have in common. A request that hangs is ended by the clock of its attempt, which knows how long
 * the service may be silent; the library's own two clocks do not.
 */
const OPTIONS = {
  pipelining: 1,
  allowH2: false,
  keepAliveTimeout: KEEP_ALIVE_MS,
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;

/** What carries one request at a time; given back or cut when the request has ended. */
export interface Connection {
  readonly dispatcher: Dispatcher;
  giveBack(): void;
  /** Ends it, with what it carries or still tries to connect for. */
  cut(reason: Error): void;
}

/**
 * The kept connections of a run, by host: never more than there were requests under way at once, so the slots are the
 * limit. (The library's own pool opens twice as many: to it a connection is not free until the loop's next turn.)
 * Idle ones do not keep the process alive.
 */
export class Connections {
  readonly #proxyFor: ProxyFor;
  readonly #connectTimeoutMs: number;
  readonly #takeByOrigin = new Map<string, () => Connection>();

  /** @param connectTimeoutMs what is not open by then is given up */
  constructor(proxyFor: ProxyFor, connectTimeoutMs: number) {
    this.#proxyFor = proxyFor;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** The connection to this host that was used last and is free, or a new one. @param origin scheme, host and port */
  take(origin: string): Connection {
    let take = this.#takeByOrigin.get(origin);
    if (take === undefined) {
      const proxy = this.#proxyFor(new URL(origin));
      take = proxy === undefined ? this.#directly(origin) : this.#through(proxy);
      this.#takeByOrigin.set(origin, take);
    }
    return take();
  }

  #directly(origin: string): () => Connection {
    const connect = ramp(buildConnector({ allowH2: false, timeout: this.#connectTimeoutMs }));
    const free: Connection[] = [];
    const open = (): Connection => {
      const client = new Client(origin, { ...OPTIONS, connect });
      const connection: Connection = {
        dispatcher: client,
        giveBack: () => void free.push(connection),
        cut: (reason) => client.destroy(reason, () => {}),
      };
      return connection;
    };
    return () => free.pop() ?? open();
  }

  /** The proxy's agent looks after its connections itself. */
  #through(proxy: string): () => Connection {
    const dispatcher = new ProxyAgent({ ...OPTIONS, uri: proxy, connectTimeout: this.#connectTimeoutMs });
    const connection: Connection = { dispatcher, giveBack: () => {}, cut: () => {} };
    return () => connection;
  }
}

/** Opens a few connections at a time; the others wait for their turn. */
function ramp(connect: buildConnector.connector): buildConnector.connector {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  const start = (options: buildConnector.Options, callback: buildConnector.Callback): void => {
    underWay++;
    connect(options, (...result) => {
      underWay--;
      waiting.shift()?.();
      callback(...result);
    });
  };
  return (options, callback) => {
    if (underWay < HANDSHAKES_AT_ONCE) start(options, callback);
    else waiting.push(() => start(options, callback));
  };
}
