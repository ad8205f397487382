import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { buildConnector, Client, Dispatcher, ProxyAgent } from "undici";
import { EarlySocket } from "./early-socket.ts";
import { LeanSocket } from "./lean-socket.ts";
import type { ProxyFor } from "./proxy.ts";
import { requireWebAssembly } from "./require-webassembly.ts";

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
  readonly #hosts = new Map<string, Host>();

  /** @param connectTimeoutMs what is not open by then is given up @throws ReuploadError `node-flag` */
  constructor(proxyFor: ProxyFor, connectTimeoutMs: number) {
    requireWebAssembly();
    this.#proxyFor = proxyFor;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** The connection to this host that was used last and is free, or a new one. @param origin scheme, host and port */
  take(origin: string): Connection {
    return this.#host(origin).take();
  }

  /**
   * Opens connections for requests that will surely come, once the host has been reached. Through a proxy nothing is opened.
   *
   * @param most how many there are to be, those that are there already included
   * @param signal closes those that no request has taken
   */
  openAhead(origin: string, most: number, signal: AbortSignal): void {
    this.#host(origin).openAhead(most, signal);
  }

  #host(origin: string): Host {
    let host = this.#hosts.get(origin);
    if (host === undefined) {
      const url = new URL(origin);
      const proxy = this.#proxyFor(url);
      host = proxy === undefined ? new KeptConnections(url, this.#connectTimeoutMs) : this.#through(proxy);
      this.#hosts.set(origin, host);
    }
    return host;
  }

  /** The proxy's agent looks after its connections itself. */
  #through(proxy: string): Host {
    const dispatcher = new ProxyAgent({ ...OPTIONS, uri: proxy, connectTimeout: this.#connectTimeoutMs });
    const connection: Connection = {
      dispatcher,
      isLean: false,
      socket: undefined,
      giveBack: () => {},
      cut: () => {},
    };
    return { take: () => connection, openAhead: () => {} };
  }
}

/** Where requests to one host get their connection; `openAhead` as `Connections` has it. */
interface Host {
  take(): Connection;
  openAhead(most: number, signal: AbortSignal): void;
}

/**
 * The connections to one host. A few are opened at a time; a request that finds none free goes over the next one that is
 * opened for it or that another request gives back, whichever comes first. So a burst at the start opens no more than
 * are needed from then on: a new connection costs as much processor time as several small files.
 */
class KeptConnections implements Host {
  readonly #url: URL;
  readonly #sockets: LeanSockets;
  readonly #free: Connection[] = [];
  readonly #waiting = new Set<WaitingRequest>();
  /** Connections that the library opens again wait for their turn, too. */
  readonly #reopening: (() => void)[] = [];
  #handshakes = 0;
  #connections = 0;
  /** How many there are to be, without a request that asks. */
  #most = 0;
  #ahead: AbortSignal | undefined;
  #isReached = false;

  constructor(url: URL, timeout: number) {
    this.#url = url;
    // One for all connections: to make one for each would be a sixth of what a connection costs.
    const secureContext = url.protocol === "https:" ? createSecureContext() : undefined;
    this.#sockets = new LeanSockets(timeout, secureContext);
  }

  #open(isEarly = false): Connection {
    let socket: LeanSocket | undefined;
    const connect = this.#ramp((options, callback) => {
      socket = this.#sockets.connect(options, callback);
    });
    const early = isEarly ? this.#openEarly(connect) : undefined;
    const client = new Client(this.#url.origin, {
      ...OPTIONS,
      connect: (options, callback) => {
        if (early?.take(callback) !== true) connect(options, callback);
      },
    });
    this.#connections++;
    const connection: Connection = {
      dispatcher: client,
      isLean: true,
      get socket() {
        return socket;
      },
      giveBack: () => this.#giveBack(connection),
      cut: (reason) => {
        client.destroy(reason, () => {});
        early?.drop();
        this.#connections--;
        this.#serve();
      },
    };
    return connection;
  }

  /** Opened as the library would. */
  #openEarly(connect: buildConnector.connector): EarlySocket {
    const { host, protocol, port, hostname } = this.#url;
    // An address of version 6 stands in brackets in a URL alone.
    const options = { host, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), protocol, port };
    return new EarlySocket((callback) => connect(options, callback), this.#ahead);
  }

  openAhead(most: number, signal: AbortSignal): void {
    this.#most = most;
    this.#ahead = signal;
    if (this.#isReached) this.#serve();
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

  /** Begins what waits for its turn to open a connection, and then what is opened ahead. */
  #serve(): void {
    if (!this.#mayOpen) return;
    const reopen = this.#reopening.shift();
    const [first] = this.#waiting;
    if (reopen !== undefined) reopen();
    else if (first !== undefined) first.goOver(this.#open());
    else if (this.#isReached && this.#ahead?.aborted === false) {
      // Those that are open already are used first.
      while (this.#mayOpen && this.#connections < this.#most) this.#free.unshift(this.#open(true));
    }
  }

  /** Opens a few connections at a time. */
  #ramp(connect: buildConnector.connector): buildConnector.connector {
    const start = (options: buildConnector.Options, callback: buildConnector.Callback): void => {
      this.#handshakes++;
      connect(options, (...result) => {
        this.#handshakes--;
        this.#isReached ||= result[0] === null;
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
