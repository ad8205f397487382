import { describe, expect, it } from "vitest";
import {
  type Simulator,
  type SimulatorSettings,
  startSimulator,
  whyNoSimulator,
} from "../../bench/simulator/start.ts";

const missing = await whyNoSimulator();
const NEW_BLOB = { "x-ms-blob-type": "BlockBlob" };

/** Keeps the bytes of the container `kept`; that and all others need not be made. */
const start = (settings: SimulatorSettings = {}): Promise<Simulator> =>
  startSimulator({ settings: { "auto-create": true, "keep-container": "kept", ...settings } });

const put = async (to: Simulator, path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${to.blobEndpoint}/${path}`, {
    method: "PUT",
    headers: { ...NEW_BLOB, ...headers },
    body: Buffer.from(body),
  });
const read = async (from: Simulator, path: string): Promise<string> =>
  (await fetch(`${from.blobEndpoint}/${path}`)).text();

describe.skipIf(missing !== undefined)(
  `the storage simulator ${missing ?? "keeps what it is told to"}`,
  () => {
    it("keeps the bytes of the containers that are named, and of no others", async () => {
      await using simulator = await start({ "keep-container": "kept,too" });
      await simulator.control({ "keep-container": "late" });
      const containers = ["kept", "too", "late", "other"];
      for (const container of containers) await put(simulator, `${container}/blob`, "hello");
      const texts = await Promise.all(
        containers.map(async (container) => read(simulator, `${container}/blob`)),
      );
      expect(texts.map((text) => text === "hello")).toEqual([true, true, true, false]);
      expect(await simulator.stats()).toMatchObject({ blobs: 4, keptBytes: 15 });
    });

    it("keeps them with threads, and when it forgets all else", async () => {
      await using simulator = await startSimulator({
        threads: 2,
        settings: { "auto-create": true, "keep-container": "kept", forget: true },
      });
      await Promise.all(Array.from({ length: 50 }, async (_, n) => put(simulator, `kept/${n}`, `blob ${n}`)));
      await put(simulator, "other/blob", "hello");
      const texts = await Promise.all(
        Array.from({ length: 50 }, async (_, n) => read(simulator, `kept/${n}`)),
      );
      expect(texts).toEqual(Array.from({ length: 50 }, (_, n) => `blob ${n}`));
      expect(await simulator.stats()).toMatchObject({ blobs: 50, blobsMade: 51 });
    });

    it("keeps no more bytes than its limit, and what was there stays", async () => {
      await using simulator = await start({ "keep-bytes": 10 });
      expect((await put(simulator, "kept/one", "123456")).status).toBe(201);
      const refused = await put(simulator, "kept/two", "12345");
      expect([refused.status, refused.headers.get("x-ms-error-code")]).toEqual([413, "RequestBodyTooLarge"]);
      expect((await put(simulator, "kept/one", "12345678901")).status).toBe(413);
      expect(await read(simulator, "kept/one")).toBe("123456");
      // Only what is more than before counts.
      expect((await put(simulator, "kept/one", "1234567890")).status).toBe(201);
      expect((await put(simulator, "other/blob", "12345678901")).status).toBe(201);
      expect(await simulator.stats()).toMatchObject({ keptBytes: 10 });
    });

    it("gives the room back of what is deleted, overwritten or forgotten", async () => {
      await using simulator = await start();
      const kept = async (): Promise<number> => (await simulator.stats()).keptBytes;
      for (const name of ["a", "b", "c"]) await put(simulator, `kept/${name}`, "0123456789");
      expect(await kept()).toBe(30);
      await fetch(`${simulator.blobEndpoint}/kept/a`, { method: "DELETE" });
      await put(simulator, "kept/b", "x");
      expect(await kept()).toBe(11);
      await fetch(`${simulator.blobEndpoint}/kept?restype=container`, { method: "DELETE" });
      expect(await kept()).toBe(0);
      await put(simulator, "kept/a", "0123456789");
      await simulator.reset();
      expect(await kept()).toBe(0);
    });

    it("sends to its end what is overwritten meanwhile", async () => {
      await using simulator = await start();
      const long = "old ".repeat(4_000_000);
      await put(simulator, "kept/blob", long);
      const answer = await fetch(`${simulator.blobEndpoint}/kept/blob`);
      await put(simulator, "kept/blob", "new");
      expect((await answer.text()) === long).toBe(true);
      expect(await read(simulator, "kept/blob")).toBe("new");
      expect(await simulator.stats()).toMatchObject({ keptBytes: 3 });
    });

    it("copies bytes out of and into what it keeps", async () => {
      await using simulator = await start();
      const copy = async (from: string, to: string): Promise<number> =>
        (await put(simulator, to, "", { "x-ms-copy-source": `${simulator.blobEndpoint}/${from}` })).status;
      await put(simulator, "kept/one", "hello");
      expect([await copy("kept/one", "kept/two"), await copy("src-3000/a", "kept/made")]).toEqual([201, 201]);
      expect(await read(simulator, "kept/two")).toBe("hello");
      expect(await read(simulator, "kept/made")).toBe(await read(simulator, "src-3000/a"));
    });

    it("refuses blocks where it keeps bytes", async () => {
      await using simulator = await start();
      const block = await put(simulator, "kept/blob?comp=block&blockid=QQ%3D%3D", "x");
      const list = await put(simulator, "kept/blob?comp=blocklist", "<BlockList></BlockList>");
      expect([block.status, list.status]).toEqual([400, 400]);
      expect(await block.text()).toContain("--keep-container");
    });

    it("refuses bytes that are not what their MD5 says, without being told to check", async () => {
      await using simulator = await start();
      const wrong = { "content-md5": "XUFAKrxLKna5cZ2REBfFkg==" };
      expect((await put(simulator, "kept/blob", "other", wrong)).status).toBe(400);
      expect((await put(simulator, "kept/blob", "hello", wrong)).status).toBe(201);
    });

    it("tells a request's id in every answer", async () => {
      await using simulator = await start({ "keep-bytes": 3, "need-auth": true });
      const auth = { authorization: "Bearer anything" };
      const call = async (path: string, init: { headers?: Record<string, string> } = {}): Promise<Response> =>
        fetch(`${simulator.blobEndpoint}/${path}`, { ...init, headers: { ...auth, ...init.headers } });
      const answers = [await fetch(`${simulator.blobEndpoint}/kept/blob`), await call("kept/none")];
      for (const body of ["one", "too long"]) answers.push(await put(simulator, "kept/blob", body, auth));
      answers.push(await put(simulator, "kept/blob", "one", { ...auth, "if-none-match": "*" }));
      answers.push(await put(simulator, "kept/blob", "one", { ...auth, "if-match": '"0x1"' }));
      const etag = answers[2]?.headers.get("etag") ?? "";
      answers.push(await call("kept/blob", { headers: { "if-none-match": etag } }), await call("kept/blob"));
      answers.push(await call("kept/blob", { headers: { range: "bytes=9-" } }));
      answers.push(await call("kept?restype=container&comp=list"), await call("kept?restype=nonsense"));
      await simulator.control({ errors: 100 });
      answers.push(await call("kept/blob"));
      await simulator.control({ errors: 0, "account-rate": 0.0001 });
      await call("kept/blob");
      answers.push(await call("kept/blob"));
      expect(answers.map(({ status }) => status)).toEqual([
        401, 404, 201, 413, 409, 412, 304, 200, 416, 200, 400, 500, 503,
      ]);
      const ids = answers.map(({ headers }) => headers.get("x-ms-request-id"));
      expect(ids.filter((id) => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id ?? ""))).toHaveLength(answers.length);
      expect(new Set(ids).size).toBe(answers.length);
    });
  },
);
