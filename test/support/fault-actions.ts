import { type Agent, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { finished } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { Fault } from "./fault-rules.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstream: URL;
  readonly agent: Agent;
}

/** Forwards the exchange, with the fault when there is one. */
export function applyFault(fault: Fault | undefined, exchange: Exchange): void {
  const { request, response } = exchange;
  switch (fault?.kind) {
    case undefined:
      forward(exchange, sendAll);
      break;
    case "answer":
      request.resume().once("end", () => answer(fault, response));
      break;
    case "instead":
      request.resume().once("end", () => {
        fault.work({ url: request.url ?? "", headers: request.headers }).then(
          (headers) => response.writeHead(fault.status, headers).end(),
          () => response.destroy(),
        );
      });
      break;
    case "page":
      request.resume().once("end", () => {
        const headers = { "content-type": "text/html; charset=utf-8", ...fault.headers };
        response.writeHead(fault.status, headers).end("<html><h1>Please sign in to the network</h1></html>");
      });
      break;
    case "hang":
      request.resume();
      break;
    case "reset-before":
      reset(response);
      break;
    case "reset-after":
      forward(exchange, (answered) => answered.resume().once("end", () => reset(response)));
      break;
    case "hang-after":
      forward(exchange, (answered) => answered.resume());
      break;
    case "hold": {
      const proceed = (): void => {
        if (!response.destroyed) forward(exchange, sendAll);
      };
      fault.until.then(proceed, proceed);
      break;
    }
    case "slow-body":
      forward(exchange, (answered, sink) => {
        sendHead(answered, sink);
        const pieces = slowly(answered, fault.pieceBytes, fault.pauseMs);
        pipeline(pieces, sink).catch(() => sink.destroy());
      });
      break;
    case "cut-body":
      forward(exchange, (answered, sink) => sendPart(answered, sink, fault.afterBytes, () => sink.destroy()));
      break;
    case "stall-body":
      forward(exchange, (answered, sink) => sendPart(answered, sink, fault.afterBytes, () => {}));
      break;
  }
}

/** Sends the request on and gives what was answered to `send`. A client that goes away ends it upstream too. */
function forward(
  { request, response, upstream, agent }: Exchange,
  send: (answered: IncomingMessage, response: ServerResponse) => void,
): void {
  const outgoing = (upstream.protocol === "https:" ? httpsRequest : httpRequest)(
    {
      agent,
      host: upstream.hostname,
      port: upstream.port,
      method: request.method,
      path: request.url,
      headers: request.rawHeaders,
      setHost: false,
    },
    (answered) => send(answered, response),
  );
  // The emulator closed the connection: so does the proxy.
  outgoing.on("error", () => reset(response));
  finished(response, (error) => {
    if (error) outgoing.destroy();
  });
  request.pipe(outgoing);
}

function sendAll(answered: IncomingMessage, response: ServerResponse): void {
  sendHead(answered, response);
  answered.pipe(response);
}

function sendHead(answered: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answered.statusCode ?? 502, answered.statusMessage, answered.rawHeaders);
  response.flushHeaders();
}

/** Sends so many bytes of the body, then does `then` when they have left. */
function sendPart(
  answered: IncomingMessage,
  response: ServerResponse,
  bytes: number,
  then: () => void,
): void {
  sendHead(answered, response);
  let left = bytes;
  answered.on("data", (chunk: Buffer) => {
    if (left === 0) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    response.write(part, () => {
      if (left === 0) then();
    });
  });
}

async function* slowly(
  body: AsyncIterable<Buffer>,
  pieceBytes: number,
  pauseMs: number,
): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      yield chunk.subarray(at, at + pieceBytes);
      await sleep(pauseMs);
    }
  }
}

function answer(fault: Extract<Fault, { kind: "answer" }>, response: ServerResponse): void {
  const code = fault.errorCode;
  const xml = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  const body = fault.body ?? (code === undefined ? "" : xml);
  response.writeHead(fault.status, {
    "x-ms-request-id": "fault-proxy",
    ...(code === undefined ? {} : { "x-ms-error-code": code }),
    ...(body === "" ? {} : { "content-type": "application/xml" }),
    "content-length": Buffer.byteLength(body),
    ...fault.headers,
  });
  // A HEAD's answer has no body; Node leaves it out.
  response.end(body);
}

function reset({ socket }: ServerResponse): void {
  // Node resets no connection through its TLS; there it is cut without a farewell.
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}
