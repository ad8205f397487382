import { createHash } from "node:crypto";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import {
  type Simulator,
  type SimulatorSettings,
  startSimulator,
  whyNoSimulator,
} from "../../bench/simulator/start.ts";

const missing = await whyNoSimulator();
const NEW_BLOB = { "x-ms-blob-type": "BlockBlob" };

/** With a container `c` and a queue `q` that need not be made. */
const start = (settings: SimulatorSettings = {}): Promise<Simulator> =>
  startSimulator({ settings: { "auto-create": true, ...settings } });

/** The status of a put, or `broken` when the connection was. */
async function put(
  to: Simulator,
  name = "blob",
  headers: Record<string, string> = {},
): Promise<number | "broken"> {
  try {
    return (
      await fetch(`${to.blobEndpoint}/c/${name}`, { method: "PUT", headers: { ...NEW_BLOB, ...headers } })
    ).status;
  } catch {
    return "broken";
  }
}

const look = async (at: Simulator, path = "c/blob"): Promise<Response> =>
  fetch(`${at.blobEndpoint}/${path}`, { method: "HEAD" });

const send = async (to: Simulator): Promise<Response> =>
  fetch(`${to.queueEndpoint}/q/messages`, {
    method: "POST",
    body: "<QueueMessage><MessageText>hello</MessageText></QueueMessage>",
  });

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("base64");
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

const subject = missing === undefined ? "the storage simulator" : `the storage simulator ${missing}`;

describe.skipIf(missing !== undefined)(subject, () => {
  it("answers no sooner than its latency, for each class of calls", async () => {
    await using simulator = await start({ "write-latency": 80, "read-latency": "lognormal:1,0.1" });
    const began = performance.now();
    expect(await put(simulator)).toBe(201);
    expect(performance.now() - began).toBeGreaterThanOrEqual(80);
    await look(simulator);
    await send(simulator);
    expect((await simulator.stats()).delayed).toBe(2);
  });

  it("makes stragglers wait longer", async () => {
    await using simulator = await start({ stragglers: "100:120" });
    const began = performance.now();
    await put(simulator);
    expect(performance.now() - began).toBeGreaterThanOrEqual(120);
  });

  it("refuses what is over an account's rate, and says when to come again", async () => {
    await using simulator = await start({ "account-rate": 0.001, "retry-after-ms": 1_500 });
    expect(await put(simulator)).toBe(201);
    const refused = await look(simulator);
    expect([refused.status, refused.headers.get("x-ms-error-code")]).toEqual([503, "ServerBusy"]);
    expect([refused.headers.get("retry-after"), refused.headers.get("x-ms-retry-after-ms")]).toEqual([
      "2",
      "1500",
    ]);
    await simulator.control({ "throttle-status": 429 });
    const other = await look(simulator);
    expect([other.status, other.headers.get("x-ms-error-code")]).toEqual([429, "TooManyRequests"]);
    expect(await simulator.stats()).toMatchObject({ throttled: 2, blobs: 1 });
  });

  it("refuses what is over a queue's rate and lets blobs through", async () => {
    await using simulator = await start();
    await send(simulator);
    await simulator.control({ "queue-rate": 0.001 });
    expect([(await send(simulator)).status, (await send(simulator)).status]).toEqual([201, 503]);
    expect([await put(simulator, "one"), await put(simulator, "two")]).toEqual([201, 201]);
    expect((await simulator.stats()).messages).toBe(2);
  });

  it("carries bodies no faster than the account's bandwidth", async () => {
    await using simulator = await start({ "account-bandwidth": 1_000_000 });
    const began = performance.now();
    const body = Buffer.alloc(100_000);
    await fetch(`${simulator.blobEndpoint}/c/blob`, { method: "PUT", headers: NEW_BLOB, body });
    await bytesOf(await fetch(`${simulator.blobEndpoint}/c/blob`));
    expect(performance.now() - began).toBeGreaterThanOrEqual(200);
    expect(await simulator.stats()).toMatchObject({ bytesIn: 100_000, bytesOut: 100_000 });
  });

  it("fails calls without letting them have an effect, or after it", async () => {
    await using simulator = await start({ "write-errors": 100 });
    expect([await put(simulator), (await look(simulator)).status]).toEqual([500, 404]);
    await simulator.control({ "write-errors": 0, "write-resets": 100 });
    expect([await put(simulator), (await look(simulator)).status]).toEqual(["broken", 404]);
    await simulator.control({ "write-resets": 0, "write-lost-replies": 100 });
    expect([await put(simulator), (await look(simulator)).status]).toEqual(["broken", 200]);
    const stats = await simulator.stats();
    expect(stats).toMatchObject({ errors: 1, resets: 1, lostReplies: 1, inFlight: 0 });
    expect(stats.operations["PutBlob"]).toEqual({ 0: 2, 500: 1 });
  });

  it("hangs until the client gives up", async () => {
    await using simulator = await start({ "write-hangs": 100 });
    const giveUp = new AbortController();
    const call = fetch(`${simulator.blobEndpoint}/c/blob`, {
      method: "PUT",
      headers: NEW_BLOB,
      signal: giveUp.signal,
    });
    await expect.poll(async () => (await simulator.stats()).inFlight).toBe(1);
    giveUp.abort();
    await expect(call).rejects.toThrow("aborted");
    await expect.poll(async () => (await simulator.stats()).inFlight).toBe(0);
  });

  it("lets a call have its effect at the end of its latency, or at its beginning", async () => {
    await using simulator = await start({ "write-latency": 60_000 });
    const giveUp = new AbortController();
    const call = async (name: string): Promise<unknown> =>
      fetch(`${simulator.blobEndpoint}/c/${name}`, {
        method: "PUT",
        headers: NEW_BLOB,
        signal: giveUp.signal,
      });
    const calls = [call("late")];
    await expect.poll(async () => (await simulator.stats()).inFlight).toBe(1);
    await simulator.control({ effect: "first" });
    calls.push(call("early"));
    await expect.poll(async () => (await simulator.stats()).inFlight).toBe(2);
    expect([(await look(simulator, "c/late")).status, (await look(simulator, "c/early")).status]).toEqual([
      404, 200,
    ]);
    giveUp.abort();
    await Promise.allSettled(calls);
  });

  it("makes up the bytes of sources, always the same ones", async () => {
    await using simulator = await start({ "source-md5": true });
    const source = `${simulator.blobEndpoint}/src-300000/folder/a%20b`;
    const whole = await fetch(source);
    const bytes = await bytesOf(whole);
    expect(bytes.length).toBe(300_000);
    expect(whole.headers.get("content-md5")).toBe(md5(bytes));
    for (const [from, to] of [
      [0, 9],
      [65_530, 131_080],
      [299_970, 299_999],
    ] as const) {
      const part = await bytesOf(await fetch(source, { headers: { range: `bytes=${from}-${to}` } }));
      expect(part.equals(bytes.subarray(from, to + 1))).toBe(true);
    }
    const other = await bytesOf(await fetch(`${simulator.blobEndpoint}/src-300000/another`));
    expect(other.equals(bytes)).toBe(false);
    const short = await bytesOf(await fetch(`${simulator.blobEndpoint}/src-3/short`));
    expect(short.length).toBe(3);
  });

  it("lists sources that are counted, of lengths between two", async () => {
    await using simulator = await start();
    const container = `${simulator.blobEndpoint}/src-1000-9000-x25`;
    const names: string[] = [];
    for (let marker = ""; ;) {
      const page = await (
        await fetch(`${container}?restype=container&comp=list&maxresults=10&marker=${marker}`)
      ).text();
      names.push(...[...page.matchAll(/<Name>([^<]+)/g)].map(([, name]) => name ?? ""));
      marker = encodeURIComponent(/<NextMarker>([^<]*)/.exec(page)?.[1] ?? "");
      if (marker === "") break;
    }
    expect(names).toHaveLength(25);
    expect(names).toEqual(names.toSorted());
    const lengths = await Promise.all(
      names.map(async (name) => (await bytesOf(await fetch(`${container}/${name}`))).length),
    );
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(9_000);
    expect(new Set(lengths).size).toBeGreaterThan(10);
  });

  it("copies sources by itself, whole and in blocks", async () => {
    await using simulator = await start({ "source-md5": true });
    const source = `${simulator.blobEndpoint}/src-5000/name`;
    const copy = { "x-ms-copy-source": `${source}?sig=secret`, "if-none-match": "*" };
    expect([await put(simulator, "blob", copy), await put(simulator, "blob", copy)]).toEqual([201, 409]);
    const [target, original] = [await look(simulator), await look(simulator, "src-5000/name")];
    expect(target.headers.get("content-length")).toBe("5000");
    expect(target.headers.get("content-md5")).toBe(original.headers.get("content-md5"));

    const block = { "x-ms-copy-source": source, "x-ms-source-range": "bytes=1000-1999" };
    expect(await put(simulator, "blocks?comp=block&blockid=QQ%3D%3D", block)).toBe(201);
    const list = "<BlockList><Latest>QQ==</Latest></BlockList>";
    await fetch(`${simulator.blobEndpoint}/c/blocks?comp=blocklist`, { method: "PUT", body: list });
    expect((await look(simulator, "c/blocks")).headers.get("content-length")).toBe("1000");
  });

  it("copies what a source says of its bytes, but for what the request says", async () => {
    await using simulator = await start();
    const said = {
      "content-type": "text/csv",
      "content-encoding": "gzip",
      "content-language": "de",
      "content-disposition": "inline",
      "cache-control": "no-cache",
    };
    const asBlob = Object.entries(said).map(([name, value]) => [`x-ms-blob-${name}`, value]);
    await put(simulator, "source", { ...Object.fromEntries(asBlob), "x-ms-meta-origin": "here" } as Record<
      string,
      string
    >);
    const saidOf = async (name: string): Promise<unknown> => {
      const { headers } = await look(simulator, `c/${name}`);
      return Object.fromEntries(Object.keys(said).map((key) => [key, headers.get(key)]));
    };
    const from = { "x-ms-copy-source": `${simulator.blobEndpoint}/c/source` };
    await put(simulator, "all", from);
    await put(simulator, "typed", {
      ...from,
      "x-ms-blob-content-type": "a/b",
      "x-ms-copy-source-blob-properties": "true",
    });
    await put(simulator, "none", { ...from, "x-ms-copy-source-blob-properties": "false" });
    expect(await saidOf("source")).toEqual(said);
    expect(await saidOf("all")).toEqual(said);
    expect(await saidOf("typed")).toEqual({ ...said, "content-type": "a/b" });
    const nothing = Object.fromEntries(Object.keys(said).map((key) => [key, null]));
    expect(await saidOf("none")).toEqual({ ...nothing, "content-type": "application/octet-stream" });
    for (const name of ["all", "typed", "none"]) {
      expect((await look(simulator, `c/${name}`)).headers.get("x-ms-meta-origin")).toBe("here");
    }
  });

  it("refuses to copy what is not there, was changed, or is not what was expected", async () => {
    await using simulator = await start({ "source-md5": true });
    const refusal = async (headers: Record<string, string>): Promise<unknown> => {
      const url = `${simulator.blobEndpoint}/c/blob`;
      const response = await fetch(url, { method: "PUT", headers: { ...NEW_BLOB, ...headers } });
      return [response.status, response.headers.get("x-ms-error-code")];
    };
    const from = (path: string): Record<string, string> => ({
      "x-ms-copy-source": `${simulator.blobEndpoint}/${path}`,
    });
    expect(await refusal(from("c/none"))).toEqual([404, "CannotVerifyCopySource"]);
    const changed = { ...from("src-10/x"), "x-ms-source-if-match": '"0x1"' };
    expect(await refusal(changed)).toEqual([412, "SourceConditionNotMet"]);
    const unexpected = { ...from("src-10/x"), "x-ms-source-content-md5": md5(Buffer.from("other")) };
    expect(await refusal(unexpected)).toEqual([400, "Md5Mismatch"]);
  });

  it("asks for a credential when told to, and takes any", async () => {
    await using simulator = await start({ "need-auth": true });
    expect(await put(simulator)).toBe(401);
    expect(await put(simulator, "blob", { authorization: "Bearer anything" })).toBe(201);
    expect(await put(simulator, "blob?sv=1&sig=anything")).toBe(201);
  });

  it("keeps counts only when told to forget", async () => {
    await using simulator = await start({ forget: true });
    expect([await put(simulator), await put(simulator), (await send(simulator)).status]).toEqual([
      201, 201, 201,
    ]);
    expect((await look(simulator)).status).toBe(404);
    expect(await simulator.stats()).toMatchObject({ blobs: 0, blobsMade: 2, messages: 1, messagesPut: 1 });
  });

  it("forgets counts, or all, when asked", async () => {
    await using simulator = await start();
    await put(simulator);
    await simulator.reset({ keepContent: true });
    expect(await simulator.stats()).toMatchObject({ operations: {}, blobs: 1 });
    await simulator.reset();
    expect(await simulator.stats()).toMatchObject({ operations: {}, blobs: 0 });
  });

  it("refuses settings that it does not have", async () => {
    await using simulator = await start();
    await expect(simulator.control({ latency: "soon" })).rejects.toThrow("latency cannot be soon");
    await expect(simulator.control({ "throttle-status": 500 })).rejects.toThrow(
      "throttle-status cannot be 500",
    );
    const unknown = { nonsense: 1 } as SimulatorSettings;
    await expect(simulator.control(unknown)).rejects.toThrow("there is no setting nonsense");
  });

  it("takes bodies in chunks, after a 100 Continue, at host-style addresses", async () => {
    await using simulator = await start();
    const { port } = new URL(simulator.blobEndpoint);
    const call = request({
      port,
      method: "PUT",
      path: "/c/chunked",
      headers: {
        ...NEW_BLOB,
        host: "other.blob.example",
        expect: "100-continue",
        "transfer-encoding": "chunked",
      },
    });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      call.on("response", (response) => {
        text(response).then(() => resolve(response.statusCode), reject);
      });
      call.on("error", reject);
    });
    await new Promise((resolve) => call.once("continue", resolve));
    for (const piece of ["one", "x".repeat(70_000), "three"]) call.write(piece);
    call.end();
    expect(await answered).toBe(201);
    const there = await look({ ...simulator, blobEndpoint: `http://127.0.0.1:${port}/other` }, "c/chunked");
    expect(there.headers.get("content-length")).toBe("70008");
  });

  it("serves from several threads as from one", async () => {
    await using simulator = await startSimulator({
      threads: 2,
      settings: { "auto-create": true, latency: 1 },
    });
    const statuses = await Promise.all(
      Array.from({ length: 200 }, (_, number) => put(simulator, `blob-${number % 100}`)),
    );
    expect(new Set(statuses)).toEqual(new Set([201]));
    expect(await simulator.stats()).toMatchObject({
      blobs: 100,
      blobsMade: 200,
      operations: { PutBlob: { 201: 200 } },
    });
  });
});
