import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { buildConnector, Client, Dispatcher, ProxyAgent } from "undici";
import { LeanSocket } from "./lean-socket.ts";
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
  /** Sends a long body in slices and tells of each, when the library gets the body whole. */
  readonly isLean: boolean;
  /** The socket below it, from the moment when the request is sent; undefined when it is not lean. */
  readonly socket: LeanSocket | undefined;
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
      const url = new URL(origin);
      const proxy = this.#proxyFor(url);
      take = proxy === undefined ? this.#directly(url) : this.#through(proxy);
      this.#takeByOrigin.set(origin, take);
    }
    return take();
  }

  #directly(url: URL): () => Connection {
    const kept = new KeptConnections(url, this.#connectTimeoutMs);
    return () => kept.take();
  }

  /** The proxy's agent looks after its connections itself. */
  #through(proxy: string): () => Connection {
    const dispatcher = new ProxyAgent({ ...OPTIONS, uri: proxy, connectTimeout: this.#connectTimeoutMs });
    const connection: Connection = {
      dispatcher,
      isLean: false,
      socket: undefined,
      giveBack: () => {},
      cut: () => {},
    };
    return () => connection;
  }
}

/**
 * The connections to one host. A few are opened at a time; a request that finds none free goes over the next one that is
 * opened for it or that another request gives back, whichever comes first. So a burst at the start opens no more than
 * are needed from then on: a new connection costs as much processor time as several small files.
 */
class KeptConnections {
  readonly #open: () => Connection;
  readonly #free: Connection[] = [];
  readonly #waiting = new Set<WaitingRequest>();
  /** Connections that the library opens again wait for their turn, too. */
  readonly #reopening: (() => void)[] = [];
  #handshakes = 0;

  constructor({ origin, protocol }: URL, timeout: number) {
    // One for all connections: to make one for each would be a sixth of what a connection costs.
    const secureContext = protocol === "https:" ? createSecureContext() : undefined;
    const sockets = new LeanSockets(timeout, secureContext);
    this.#open = () => {
      let socket: LeanSocket | undefined;
      const connect = this.#ramp((options, callback) => {
        socket = sockets.connect(options, callback);
      });
      const client = new Client(origin, { ...OPTIONS, connect });
      const connection: Connection = {
        dispatcher: client,
        isLean: true,
        get socket() {
          return socket;
        },
        giveBack: () => this.#giveBack(connection),
        cut: (reason) => {
          client.destroy(reason, () => {});
          this.#serve();
        },
      };
      return connection;
    };
  }

  take(): Connection {
    return this.#free.pop() ?? (this.#mayOpen ? this.#open() : new WaitingRequest(this.#waiting));
  }

  get #mayOpen(): boolean {
    return this.#handshakes < HANDSHAKES_AT_ONCE;
  }

  #giveBack(connection: Connection): void {
    if (this.#waiting.size === 0) this.#free.push(connection);
    // The library calls from inside the request before, which it finishes first.
    else queueMicrotask(() => this.#handOn(connection));
  }

  #handOn(connection: Connection): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#free.push(connection);
    else first.goOver(connection);
  }

  /** Begins what waits for its turn to open a connection. */
  #serve(): void {
    if (!this.#mayOpen) return;
    const reopen = this.#reopening.shift();
    const [first] = this.#waiting;
    if (reopen !== undefined) reopen();
    else first?.goOver(this.#open());
  }

  /** Opens a few connections at a time. */
  #ramp(connect: buildConnector.connector): buildConnector.connector {
    const start = (options: buildConnector.Options, callback: buildConnector.Callback): void => {
      this.#handshakes++;
      connect(options, (...result) => {
        this.#handshakes--;
        // The request that this connection was opened for is sent before another connection is begun.
        callback(...result);
        this.#serve();
      });
    };
    return (options, callback) => {
      if (this.#mayOpen) start(options, callback);
      else this.#reopening.push(() => start(options, callback));
    };
  }
}

/** Opens sockets to one host. */
class LeanSockets {
  readonly #timeout: number;
  readonly #secureContext: SecureContext | undefined;
  /** Of the last one, to begin the next with: the library keeps it for sockets of one connector, and each has its own. */
  #session: Buffer | undefined;

  constructor(timeout: number, secureContext: SecureContext | undefined) {
    this.#timeout = timeout;
    this.#secureContext = secureContext;
  }

  connect(options: buildConnector.Options, callback: buildConnector.Callback): LeanSocket {
    const lean = new LeanSocket();
    const connect = buildConnector(this.#optionsFor(lean));
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      this.#keepSessionOf(socket);
      lean.attach(socket);
      callback(null, socket);
    });
    return lean;
  }

  #optionsFor(lean: LeanSocket): buildConnector.BuildOptions {
    const all = { allowH2: false, timeout: this.#timeout };
    const secureContext = this.#secureContext;
    if (secureContext === undefined) return all;
    const secure = { ...all, secureContext, onread: lean.onread() };
    return this.#session === undefined ? secure : { ...secure, session: this.#session };
  }

  #keepSessionOf(socket: Socket): void {
    if (!(socket instanceof TLSSocket)) return;
    // With TLS 1.3 it comes after the handshake, when it comes.
    if (socket.getProtocol() !== "TLSv1.3") this.#session = socket.getSession();
    socket.on("session", (session) => (this.#session = session));
  }
}

/** A request for which no connection is free yet. */
class WaitingRequest extends Dispatcher implements Connection {
  readonly dispatcher = this;
  readonly isLean = true;
  readonly #waiting: Set<WaitingRequest>;
  #request: Parameters<Dispatcher["dispatch"]> | undefined;
  #connection: Connection | undefined;

  constructor(waiting: Set<WaitingRequest>) {
    super();
    this.#waiting = waiting;
  }

  override dispatch(...request: Parameters<Dispatcher["dispatch"]>): boolean {
    this.#request = request;
    this.#waiting.add(this);
    return true;
  }

  get socket(): LeanSocket | undefined {
    return this.#connection?.socket;
  }

  goOver(connection: Connection): void {
    this.#waiting.delete(this);
    this.#connection = connection;
    if (this.#request !== undefined) connection.dispatcher.dispatch(...this.#request);
  }

  giveBack(): void {
    this.#connection?.giveBack();
  }

  cut(reason: Error): void {
    this.#waiting.delete(this);
    this.#connection?.cut(reason);
  }
}
