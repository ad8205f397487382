import { buildConnector, type Dispatcher, Pool, ProxyAgent } from "undici";
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

/**
 * The kept connections of a run, by host: as many as there are requests under way at once, so the slots are the limit.
 * Idle ones do not keep the process alive.
 */
export class Connections {
  readonly #proxyFor: ProxyFor;
  readonly #connectTimeoutMs: number;
  readonly #byOrigin = new Map<string, Dispatcher>();

  /** @param connectTimeoutMs what is not open by then is given up */
  constructor(proxyFor: ProxyFor, connectTimeoutMs: number) {
    this.#proxyFor = proxyFor;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** @param origin scheme, host and port */
  to(origin: string): Dispatcher {
    let dispatcher = this.#byOrigin.get(origin);
    if (dispatcher === undefined) {
      dispatcher = this.#open(origin);
      this.#byOrigin.set(origin, dispatcher);
    }
    return dispatcher;
  }

  #open(origin: string): Dispatcher {
    const proxy = this.#proxyFor(new URL(origin).hostname);
    const timeout = this.#connectTimeoutMs;
    return proxy === undefined
      ? new Pool(origin, { ...OPTIONS, connect: ramp(buildConnector({ allowH2: false, timeout })) })
      : new ProxyAgent({ ...OPTIONS, uri: proxy, connectTimeout: timeout });
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
