import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A request as the stub got it. */
export interface StubRequest {
  readonly method: string;
  /** Path with query, as on the wire. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface StubAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The answer with what a storage service sends with each of its answers. */
export function asStorage(answer: StubAnswer): StubAnswer {
  return { ...answer, headers: { "x-ms-request-id": "stub", etag: '"0x1"', ...answer.headers } };
}

/** Gives the answer to the request, the `index`-th (from 0); undefined lets it wait for ever. */
export type StubScript = (request: StubRequest, index: number) => StubAnswer | undefined;

export interface StubServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40000`. */
  readonly url: string;
  readonly requests: readonly StubRequest[];
  stop(): Promise<void>;
}

/**
 * Starts a server that answers by script: a list of answers in order (the last is repeated), or a function.
 *
 * @param tls it speaks https, with this certificate
 */
export async function startStub(
  script: StubScript | readonly [StubAnswer, ...StubAnswer[]],
  tls?: { readonly cert: string; readonly key: string },
): Promise<StubServer> {
  const requests: StubRequest[] = [];
  const answerOf: StubScript =
    typeof script === "function" ? script : (_, index) => script[Math.min(index, script.length - 1)];

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    );
    const body = await buffer(incoming);
    const request = { method: incoming.method ?? "", url: incoming.url ?? "", headers, body };
    const answer = answerOf(request, requests.push(request) - 1);
    if (answer === undefined) return;
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    // The script threw: whoever debugs the test sees why. (A client that went away sees nothing.)
    handle(incoming, response).catch((error: unknown) => response.writeHead(599).end(String(error)));
  };
  const server =
    tls === undefined ? createServer(listener) : createTlsServer({ cert: tls.cert, key: tls.key }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
