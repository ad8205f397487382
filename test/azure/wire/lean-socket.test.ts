import { randomBytes } from "node:crypto";
import { once as event } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { createServer, getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { OpenedBlob, Range } from "../../../src/azure/calls/blob-calls.ts";
import { RestBlobReader } from "../../../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../../../src/azure/calls/rest-blob-writer.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type Certificate, makeCertificate } from "../../support/oauth-emulator.ts";
import { CREATE, once } from "../calls-contract.ts";
import { restTo, thrownBy } from "../support.ts";

const KIB = 1024;
const STORAGE = `x-ms-request-id: 1\r\netag: "1"\r\n`;
const CREATED = `HTTP/1.1 201 Created\r\n${STORAGE}content-length: 0\r\n\r\n`;

let certificate: Certificate;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-lean-"));
  certificate = await makeCertificate(folder);
  setDefaultCACertificates([...getCACertificates("default"), certificate.cert]);
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

/** What the service does with each connection. */
type Conduct = (socket: TLSSocket) => void;

/** A service of which every byte is the test's own. */
async function startService(conduct: Conduct) {
  const sockets: TLSSocket[] = [];
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (socket) => {
    sockets.push(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    conduct(socket);
  });
  server.listen(0, "127.0.0.1");
  await event(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { ...callsTo((server.address() as AddressInfo).port), sockets };
}

function callsTo(port: number) {
  const url = `https://127.0.0.1:${port}/account`;
  const rest = restTo({
    blobEndpoint: url,
    queueEndpoint: url,
    credential: { kind: "shared-key", accountName: "account", key: new Secret("a2V5") },
  });
  return { reader: new RestBlobReader(rest), writer: new RestBlobWriter(rest, "c"), url: `${url}/c/b` };
}

/** Calls with the head of each request that has none or a short body. */
function onRequest(socket: TLSSocket, answer: (head: string) => void | Promise<void>): void {
  let text = "";
  socket.on("data", (piece: Buffer) => {
    text += piece.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = text.slice(0, end);
    text = "";
    void answer(head);
  });
}

function ok(content: Buffer, more = ""): Buffer {
  const head = `HTTP/1.1 200 OK\r\n${STORAGE}${more}content-length: ${content.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), content]);
}

/** Writes it in pieces that come one by one, each as a record of its own. */
async function writeCut(socket: TLSSocket, all: Buffer, lengths: readonly number[]): Promise<void> {
  let at = 0;
  for (let n = 0; at < all.length && !socket.destroyed; n++) {
    const length = lengths[n % lengths.length]!;
    await new Promise((resolve) => socket.write(all.subarray(at, at + length), resolve));
    at += length;
    if (n < 60) await turn();
  }
}

const open = async (reader: RestBlobReader, url: string, range?: Range & { ifMatch: string }) =>
  once(async (pulse) => reader.open({ url, as: "account" }, range, pulse));

async function read(opened: OpenedBlob): Promise<Buffer> {
  const buffer = Buffer.alloc(opened.properties.length);
  await opened.readInto(buffer);
  return buffer;
}

async function readWhole(reader: RestBlobReader, url: string): Promise<Buffer> {
  return once(async (pulse) => read(await reader.open({ url, as: "account" }, undefined, pulse)));
}

describe("what is read from a service over TLS", () => {
  it.each([
    ["in one piece", [Infinity]],
    ["byte by byte at first", [...Array<number>(40).fill(1), 300, 16_384]],
    ["in odd pieces", [37, 211, 5, 16_384, 1, 8_191]],
    ["with its head alone", [Infinity]],
  ])("is what was sent %s, answer after answer on one connection", async (how, lengths) => {
    const contents = [1, 0, 17, 5_000, 16_384, 70_000, 300 * KIB].map((length) => randomBytes(length));
    let answered = 0;
    const { reader, url, sockets } = await startService((socket) =>
      onRequest(socket, async () => {
        const content = contents[answered++]!;
        const whole = ok(content, `x-ms-meta-name: ${"m".repeat(answered * 50)}\r\n`);
        if (how === "with its head alone") {
          await writeCut(socket, whole.subarray(0, whole.length - content.length), lengths);
          await sleep(5);
          socket.write(content);
        } else await writeCut(socket, whole, lengths);
      }),
    );
    for (const [n, content] of contents.entries()) {
      const { properties, bytes } = await once(async (pulse) => {
        const opened = await reader.open({ url, as: "account" }, undefined, pulse);
        return { properties: opened.properties, bytes: await read(opened) };
      });
      expect(bytes.equals(content)).toBe(true);
      expect(properties.metadata).toEqual({ name: "m".repeat((n + 1) * 50) });
      // A connection is free for the next request a turn after its answer.
      await turn();
    }
    expect(sockets).toHaveLength(1);
  });

  it("waits in the service while nobody takes it, and comes whole when somebody does", async () => {
    const content = randomBytes(16 * 2 ** 20);
    const { reader, url, sockets } = await startService((socket) =>
      onRequest(socket, () => void socket.write(ok(content))),
    );
    const bytes = await once(async (pulse) => {
      const opened = await reader.open({ url, as: "account" }, undefined, pulse);
      await sleep(300);
      expect(sockets[0]?.writableLength).toBeGreaterThan(0);
      return read(opened);
    });
    expect(bytes.equals(content)).toBe(true);
  });

  it("can be taken piece by piece, slowly, and no piece changes later", async () => {
    const content = randomBytes(2 ** 20);
    const { reader, url } = await startService((socket) =>
      onRequest(socket, () => void socket.write(ok(content))),
    );
    const pieces: Buffer[] = [];
    await once(async (pulse) => {
      for await (const piece of (await reader.open({ url, as: "account" }, undefined, pulse)).chunks()) {
        pieces.push(piece);
        if (pieces.length % 8 === 0) await sleep(1);
      }
    });
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
  });

  it("comes whole when the service closes the connection behind it, before it was taken", async () => {
    const content = randomBytes(100 * KIB);
    const { reader, url, sockets } = await startService((socket) =>
      onRequest(socket, () => void socket.end(ok(content, "connection: close\r\n"))),
    );
    for (let n = 0; n < 2; n++) {
      const bytes = await once(async (pulse) => {
        const opened = await reader.open({ url, as: "account" }, undefined, pulse);
        await sleep(100);
        return read(opened);
      });
      expect(bytes.equals(content)).toBe(true);
      await sleep(20);
    }
    expect(sockets).toHaveLength(2);
  });

  it("is an error when the connection ends in the middle", async () => {
    const whole = ok(randomBytes(100 * KIB));
    const { reader, url } = await startService((socket) =>
      onRequest(socket, () => void socket.end(whole.subarray(0, 50 * KIB))),
    );
    expect(await thrownBy(readWhole(reader, url))).toMatchObject({ answer: { systemCode: "ECONNRESET" } });
  });

  it("is read by its chunks when its length is not told, with trailers in pieces", async () => {
    const id = Buffer.from("block").toString("base64");
    const blocks = `<Block><Name>${id}</Name><Size>1</Size></Block>`.repeat(2_000);
    const xml = `<?xml version="1.0"?><BlockList><UncommittedBlocks>${blocks}</UncommittedBlocks></BlockList>`;
    const head = `HTTP/1.1 200 OK\r\n${STORAGE}content-type: application/xml\r\ntransfer-encoding: chunked\r\n\r\n`;
    const whole = `${head}${xml.length.toString(16)}\r\n${xml}\r\n0\r\nx-one: two\r\nconnection: keep-alive\r\n\r\n`;
    const { writer } = await startService((socket) =>
      onRequest(socket, async () => writeCut(socket, Buffer.from(whole), [11, 16_384, 20_000, 30_007, 7])),
    );
    for (let n = 0; n < 2; n++) {
      expect([...(await once(async (pulse) => writer.uncommittedBlocks("b", pulse)))]).toEqual([id]);
    }
  });

  it("is given up when the service is silent in the middle of it", async () => {
    const whole = ok(randomBytes(100 * KIB));
    const { reader, url, sockets } = await startService((socket) =>
      onRequest(socket, () => void socket.write(whole.subarray(0, 50 * KIB))),
    );
    const reading = once(
      async (pulse) => read(await reader.open({ url, as: "account" }, undefined, pulse)),
      200,
    );
    expect(await thrownBy(reading)).toMatchObject({ answer: { timedOut: true } });
    await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  });

  it("ends with the reader, who wants no more of it", async () => {
    const whole = ok(randomBytes(2 ** 20));
    const { reader, url, sockets } = await startService((socket) =>
      onRequest(socket, () => void socket.write(whole)),
    );
    (await open(reader, url)).close();
    await expect.poll(() => sockets[0]?.destroyed).toBe(true);
    expect((await readWhole(reader, url)).length).toBe(2 ** 20);
  });

  it("begins with the session of the connection before, when there is one", async () => {
    const content = randomBytes(10);
    const isReused: boolean[] = [];
    const { reader, url } = await startService((socket) => {
      isReused.push(socket.isSessionReused());
      onRequest(socket, () => void socket.end(ok(content, "connection: close\r\n")));
    });
    for (let n = 0; n < 3; n++) {
      await readWhole(reader, url);
      await sleep(20);
    }
    expect(isReused).toEqual([false, true, true]);
  });
});

/** Reads the head and a body of `content-length`, and gives both. */
function onPut(socket: TLSSocket, answer: (body: Buffer) => void): void {
  let pieces: Buffer[] = [];
  let missing = 0;
  socket.on("data", (piece: Buffer) => {
    let part = piece;
    if (pieces.length === 0) {
      const end = piece.indexOf("\r\n\r\n") + 4;
      const head = piece.subarray(0, end).toString();
      missing = Number(/content-length: (\d+)/.exec(head)?.[1]);
      part = piece.subarray(end);
    }
    pieces.push(part);
    missing -= part.length;
    if (missing > 0) return;
    const body = Buffer.concat(pieces);
    pieces = [];
    answer(body);
  });
}

describe("a long body that is sent to a service over TLS", () => {
  const put = async (writer: RestBlobWriter, body: Buffer, idleMs?: number): Promise<void> =>
    once(async (pulse) => writer.putBlob("b", body, CREATE, pulse), idleMs);

  it("arrives as it is, one after the other on one connection", async () => {
    const bodies = [64 * KIB, 128 * KIB, 128 * KIB + 1, 300 * KIB, 3 * 2 ** 20].map((bytes) =>
      randomBytes(bytes),
    );
    const arrived: Buffer[] = [];
    const { writer, sockets } = await startService((socket) =>
      onPut(socket, (body) => {
        arrived.push(body);
        socket.write(CREATED);
      }),
    );
    for (const body of bodies) {
      await put(writer, body);
      await turn();
    }
    expect(arrived.map((body, n) => body.equals(bodies[n]!))).toEqual(bodies.map(() => true));
    expect(sockets).toHaveLength(1);
  });

  it("keeps its attempt alive while a slow service takes it", async () => {
    const body = randomBytes(24 * 2 ** 20);
    const { writer } = await startService((socket) => {
      onPut(socket, () => void socket.write(CREATED));
      let arrived = 0;
      socket.on("data", (piece: Buffer) => {
        const before = arrived;
        arrived += piece.length;
        // The rest may lie in the system's buffers, where nobody sees it move.
        if (arrived > 12 * 2 ** 20 || before >> 19 === arrived >> 19) return;
        socket.pause();
        setTimeout(() => socket.resume(), 40);
      });
    });
    const began = performance.now();
    await put(writer, body, 400);
    expect(performance.now() - began).toBeGreaterThan(400);
  });

  it("tells once that its last byte has left, before the answer, and for a short one nothing", async () => {
    const told: string[] = [];
    const { writer } = await startService((socket) =>
      onPut(socket, (body) => {
        told.push(`${body.length} arrived`);
        setTimeout(() => socket.write(CREATED), 50);
      }),
    );
    for (const bytes of [2 ** 20, 64 * KIB]) {
      await once(async (pulse) => {
        pulse.whenSent(() => told.push(`${bytes} left`));
        await writer.putBlob("b", randomBytes(bytes), CREATE, pulse);
        told.push(`${bytes} answered`);
      });
    }
    expect(told.toSorted()).toEqual(
      ["1048576 arrived", "1048576 left", "1048576 answered", "65536 arrived", "65536 answered"].toSorted(),
    );
    expect(told.indexOf("1048576 left")).toBeLessThan(told.indexOf("1048576 answered"));
  });

  it("that the service does not take has not left", async () => {
    let hasLeft = false;
    const { writer } = await startService((socket) => void socket.pause());
    const sending = once(async (pulse) => {
      pulse.whenSent(() => (hasLeft = true));
      await writer.putBlob("b", randomBytes(24 * 2 ** 20), CREATE, pulse);
    }, 300);
    expect(await thrownBy(sending)).toMatchObject({ answer: { timedOut: true } });
    expect(hasLeft).toBe(false);
  });

  it("ends with its attempt when the service takes nothing more", async () => {
    const { writer, sockets } = await startService((socket) => void socket.pause());
    const failure = await thrownBy(put(writer, randomBytes(24 * 2 ** 20), 300));
    expect(failure).toMatchObject({ answer: { timedOut: true } });
    for (const socket of sockets) socket.resume();
    await expect.poll(() => sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it("is given up when the service refuses it early, and what is left of it precedes no other request", async () => {
    const refused = `HTTP/1.1 403 Forbidden\r\n${STORAGE}x-ms-error-code: AuthenticationFailed\r\ncontent-length: 0\r\n\r\n`;
    let arrived: Buffer | undefined;
    let connections = 0;
    const { writer } = await startService((socket) => {
      if (connections++ === 0) {
        socket.once("data", () => {
          socket.pause();
          socket.write(refused);
        });
      } else {
        onPut(socket, (body) => {
          arrived = body;
          socket.write(CREATED);
        });
      }
    });
    expect(await thrownBy(put(writer, randomBytes(24 * 2 ** 20)))).toMatchObject({
      answer: { status: 403, errorCode: "AuthenticationFailed" },
    });
    const next = randomBytes(300 * KIB);
    await put(writer, next);
    expect(arrived?.equals(next)).toBe(true);
    expect(connections).toBe(2);
  });

  it("leaves its connection open when this process is so busy that it sees the answer first", async () => {
    // A thread of its own answers while this one works.
    const service = new Worker(
      `const { parentPort, workerData: { cert, key } } = require("node:worker_threads");
       let connections = 0;
       const server = require("node:https").createServer({ cert, key }, (request, response) =>
         request.resume().on("end", () => response.writeHead(201, { "x-ms-request-id": "1", etag: '"1"' }).end()));
       server.on("secureConnection", () => parentPort.postMessage({ connections: ++connections }));
       server.listen(0, "127.0.0.1", () => parentPort.postMessage({ port: server.address().port }));`,
      { eval: true, workerData: { cert: certificate.cert, key: certificate.key } },
    );
    onTestFinished(async () => void (await service.terminate()));
    let connections = 0;
    const port = await new Promise<number>((resolve) =>
      service.on("message", (told: { port?: number; connections?: number }) => {
        connections = told.connections ?? connections;
        if (told.port !== undefined) resolve(told.port);
      }),
    );
    const { writer } = callsTo(port);
    const body = randomBytes(300 * KIB);
    await put(writer, body);
    const busy = setInterval(() => {
      for (const until = performance.now() + 60; performance.now() < until;);
    }, 1);
    onTestFinished(() => clearInterval(busy));
    for (let n = 0; n < 4; n++) {
      await put(writer, body);
      await turn();
    }
    expect(connections).toBe(1);
  });
});
