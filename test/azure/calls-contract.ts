/** What `BlobWriter`, `BlobReader` and `QueueCalls` hold on the emulator, whichever client makes the calls. */
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BlobSASPermissions, type ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { parseConnectionString, type StorageAccount } from "../../src/azure/account.ts";
import { Attempts } from "../../src/azure/attempts/attempt.ts";
import type { AttemptContext } from "../../src/azure/attempts/attempt-clock.ts";
import type {
  BlobReader,
  BlobWriter,
  CreateOptions,
  OpenedBlob,
  ReadAccess,
} from "../../src/azure/calls/blob-calls.ts";
import { RequestBudget } from "../../src/azure/attempts/effort.ts";
import type { QueueCalls } from "../../src/azure/calls/queue-calls.ts";
import { ServiceFailure } from "../../src/azure/wire/service-error.ts";
import { Secret } from "../../src/core/secret.ts";
import { emulator, type TestEmulator } from "../support/azurite.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { readerOf } from "../support/reader.ts";
import { QUICK, quickGate, thrownBy } from "./support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

/** A way to make the calls. */
export interface CallsKind {
  writer(account: StorageAccount, container: string): BlobWriter;
  reader(account: StorageAccount): BlobReader;
  queue(account: StorageAccount, name: string): QueueCalls;
}

export const CREATE: CreateOptions = {
  createOnly: true,
  headers: { contentType: "application/json" },
  metadata: {},
};
const NAMES = [
  "a/b c.json",
  "Größe <&> 結果 😀",
  "100%25 +?#;=@:,$",
  "x'()*!~_-.json",
  "%2F%5C",
  "q".repeat(600),
];
const md5Of = (body: Buffer): string => createHash("md5").update(body).digest("base64");

/** Once, as a run does it: what fails is told as a ServiceFailure. */
export async function once<T>(request: (pulse: AttemptContext) => Promise<T>, idleMs = 10_000): Promise<T> {
  const attempts = new Attempts(REAL_SURROUNDINGS, { ...QUICK, maxAttempts: 1, idleMs });
  return attempts.run(quickGate(), new RequestBudget(new AbortController().signal, 60_000), "call", request);
}

/** The next so many bytes of the download. */
async function filled(opened: OpenedBlob, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  await opened.readInto(buffer);
  return buffer;
}

async function failureOf(work: Promise<unknown>): Promise<ServiceFailure> {
  const thrown = await thrownBy(work);
  expect(thrown).toBeInstanceOf(ServiceFailure);
  return thrown as ServiceFailure;
}

/** Attaches the suite. */
export function describeCalls(name: string, kind: CallsKind): void {
  let proxy: FaultProxy;
  let storage: TestEmulator;
  let account: StorageAccount;
  let container: ContainerClient;
  let writer: BlobWriter;
  let reader: BlobReader;

  beforeAll(async () => {
    proxy = await startFaultProxy(inject("emulator"));
    storage = emulator();
    account = parseConnectionString(new Secret(proxy.connectionString));
    reader = kind.reader(account);
  });
  afterAll(() => proxy.stop());
  beforeEach(async () => {
    proxy.heal();
    container = await storage.newContainer();
    writer = kind.writer(account, container.containerName);
    proxy.forget();
  });

  const own = (blob: string): ReadAccess => ({ url: writer.blobUrl(blob), as: "account" });
  const stored = async (blob: string, body: Buffer): Promise<void> =>
    void (await container.getBlockBlobClient(blob).upload(body, body.length));
  /** With a SAS, through the proxy. */
  const linkTo = async (blob: string): Promise<string> =>
    emulator(proxy.connectionString)
      .container(container.containerName)
      .getBlobClient(blob)
      .generateSasUrl({ permissions: BlobSASPermissions.parse("r"), expiresOn: new Date(Date.now() + 6e5) });
  const take = async (access: ReadAccess, bytes: number, idleMs?: number): Promise<Buffer> =>
    once(async (pulse) => filled(await reader.open(access, undefined, pulse), bytes), idleMs);

  describe(`${name}: put blob`, () => {
    it.each(NAMES)("is one request, under the very name %j", async (blob) => {
      const body = randomBytes(2000);
      await once(async (pulse) => writer.putBlob(blob, body, { ...CREATE, contentMd5: md5Of(body) }, pulse));
      expect(proxy.requests.map(({ operation }) => operation)).toEqual(["put-blob"]);
      const found = await readerOf(storage.connectionString).hashAll(container.containerName);
      expect([...found.keys()]).toEqual([blob]);
      expect(await container.getBlockBlobClient(blob).downloadToBuffer()).toEqual(body);
    });

    it.each(["../other/b", "a/./b", "a\\b", "", "a\u0000b", "a/../../b"])(
      "with the name %j is refused before it is sent",
      async (blob) => {
        const put = once(async (pulse) => writer.putBlob(blob, Buffer.from("x"), CREATE, pulse));
        expect(await thrownBy(put)).toMatchObject({ code: "bad-name" });
        expect(proxy.requests).toEqual([]);
      },
    );

    it("keeps content headers, metadata and MD5, which a reader gets back", async () => {
      const body = Buffer.from("{}");
      const headers = {
        contentType: "text/csv; charset=utf-8",
        contentEncoding: "gzip",
        contentLanguage: "de-CH",
        contentDisposition: 'attachment; filename="a b.csv"',
        cacheControl: "max-age=60",
      };
      const metadata = { origin: "a b", part_1: "x=y;z" };
      const options = { createOnly: true, headers, metadata, contentMd5: md5Of(body) };
      await once(async (pulse) => writer.putBlob("b", body, options, pulse));
      const whole = { length: 2, contentMd5: md5Of(body), headers, metadata };
      expect(await once(async (pulse) => reader.properties(own("b"), pulse))).toMatchObject(whole);
      const opened = await once(async (pulse) => {
        const download = await reader.open(own("b"), undefined, pulse);
        expect(await filled(download, 2)).toEqual(body);
        return download.properties;
      });
      expect(opened).toMatchObject(whole);
      expect(opened.etag).toMatch(/^"0x/);
      expect(Math.abs(Date.now() - opened.lastModified)).toBeLessThan(600_000);
    });

    it("makes an empty blob of no bytes", async () => {
      await once(async (pulse) => writer.putBlob("b", Buffer.alloc(0), CREATE, pulse));
      expect(await take(own("b"), 0)).toEqual(Buffer.alloc(0));
    });

    it("puts a few MiB whole", async () => {
      const body = randomBytes(3 * 2 ** 20 + 7);
      await once(async (pulse) => writer.putBlob("b", body, { ...CREATE, contentMd5: md5Of(body) }, pulse));
      expect((await take(own("b"), body.length)).equals(body)).toBe(true);
    });

    it("leaves a blob that exists alone, unless it may be overwritten", async () => {
      await stored("b", Buffer.from("old"));
      const put = async (createOnly: boolean): Promise<void> =>
        once(async (pulse) => writer.putBlob("b", Buffer.from("new"), { ...CREATE, createOnly }, pulse));
      const failure = await failureOf(put(true));
      expect(failure.answer).toEqual({ status: 409, errorCode: "BlobAlreadyExists" });
      expect(failure.message).toBe("call: HTTP 409 BlobAlreadyExists, The specified blob already exists.");
      expect(failure.requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect((await take(own("b"), 3)).toString()).toBe("old");
      await put(false);
      expect((await take(own("b"), 3)).toString()).toBe("new");
    });

    it("is refused with another MD5 than the bytes have", async () => {
      const options = { ...CREATE, contentMd5: md5Of(Buffer.from("other")) };
      const failure = await failureOf(
        once(async (pulse) => writer.putBlob("b", Buffer.from("{}"), options, pulse)),
      );
      expect(failure.answer).toEqual({ status: 400, errorCode: "Md5Mismatch" });
    });

    it("reports a container that does not exist", async () => {
      const lost = kind.writer(account, storage.uniqueName());
      const failure = await failureOf(
        once(async (pulse) => lost.putBlob("b", Buffer.from("{}"), CREATE, pulse)),
      );
      expect(failure.answer).toEqual({ status: 404, errorCode: "ContainerNotFound" });
    });
  });

  describe(`${name}: blocks`, () => {
    const ids = ["+/+/AA==", "AAAAAA=="];

    it("are staged, listed and committed in the order that is asked for", async () => {
      const [one, two] = [Buffer.from("one"), Buffer.from("two")];
      const staged = async (): Promise<ReadonlySet<string>> =>
        once(async (pulse) => writer.uncommittedBlocks("b c", pulse));
      expect(await staged()).toEqual(new Set());
      await once(async (pulse) => writer.putBlock("b c", "+/+/AA==", one, md5Of(one), pulse));
      await once(async (pulse) => writer.putBlock("b c", "AAAAAA==", two, md5Of(two), pulse));
      expect(await staged()).toEqual(new Set(ids));
      const contentMd5 = md5Of(Buffer.from("twoone"));
      const commit = async (): Promise<void> =>
        once(async (pulse) => writer.putBlockList("b c", ids.toReversed(), { ...CREATE, contentMd5 }, pulse));
      await commit();
      expect((await take(own("b c"), 6)).toString()).toBe("twoone");
      expect(await once(async (pulse) => reader.properties(own("b c"), pulse))).toMatchObject({
        contentMd5,
        headers: { contentType: "application/json" },
      });
      expect((await failureOf(commit())).status).toBe(409);
    });

    it("are refused with another MD5 than the bytes have", async () => {
      const put = once(async (pulse) =>
        writer.putBlock("b", "AAA=", Buffer.from("{}"), md5Of(Buffer.from("other")), pulse),
      );
      expect((await failureOf(put)).answer).toEqual({ status: 400, errorCode: "Md5Mismatch" });
    });

    it("are read by the service from a range of one version of a source", async () => {
      await stored("source", Buffer.from("0123456789"));
      const { etag } = await once(async (pulse) => reader.properties(own("source"), pulse));
      const url = await linkTo("source");
      await once(async (pulse) =>
        writer.putBlockFromUrl("b", "AAA=", { url }, { offset: 2, count: 3, ifMatch: etag }, pulse),
      );
      await once(async (pulse) => writer.putBlockList("b", ["AAA="], CREATE, pulse));
      expect((await take(own("b"), 3)).toString()).toBe("234");
    });
  });

  describe(`${name}: put blob from URL`, () => {
    it("is one request, which the emulator does not know", async () => {
      const put = once(async (pulse) =>
        writer.putBlobFromUrl("b", { url: "https://a.example/c/b?sig=1" }, CREATE, pulse),
      );
      expect((await failureOf(put)).answer).toEqual({ status: 501, errorCode: "APINotImplemented" });
      expect(proxy.requests.map(({ operation }) => operation)).toEqual(["put-blob-from-url"]);
    });
  });

  describe(`${name}: reading`, () => {
    it("gives a range of one version and the whole blob's length", async () => {
      await stored("b", Buffer.from("0123456789"));
      const { etag } = await once(async (pulse) => reader.properties(own("b"), pulse));
      const read = async (ifMatch: string): Promise<Buffer> =>
        once(async (pulse) => {
          const opened = await reader.open(own("b"), { offset: 3, count: 4, ifMatch }, pulse);
          expect(opened.properties).toMatchObject({ length: 10, etag });
          return filled(opened, 4);
        });
      expect((await read(etag)).toString()).toBe("3456");
      expect((await failureOf(read('"0x1"'))).answer).toEqual({ status: 412, errorCode: "ConditionNotMet" });
    });

    it("gives a large blob piece by piece, or its beginning alone", async () => {
      const body = randomBytes(1_000_003);
      await stored("b", body);
      const pieces = await once(async (pulse) => {
        const opened = await reader.open(own("b"), undefined, pulse);
        return Array.fromAsync(opened.chunks());
      });
      expect(Buffer.concat(pieces).equals(body)).toBe(true);
      expect((await take(own("b"), 5000)).equals(body.subarray(0, 5000))).toBe(true);
    });

    it("may be given up before a byte is read, and twice", async () => {
      await stored("b", randomBytes(1_000_000));
      await once(async (pulse) => {
        const opened = await reader.open(own("b"), undefined, pulse);
        opened.close();
        opened.close();
      });
      expect(await take(own("b"), 1)).toHaveLength(1);
    });

    it("reports a blob that does not exist", async () => {
      const head = await failureOf(once(async (pulse) => reader.properties(own("b"), pulse)));
      expect(head.answer).toEqual({ status: 404, errorCode: "BlobNotFound" });
      expect((await failureOf(take(own("b"), 1))).answer).toEqual(head.answer);
    });

    it("takes a link as it stands when it is asked to", async () => {
      await stored("a b", Buffer.from("{}"));
      const url = await linkTo("a b");
      expect((await take({ url, as: "anonymous" }, 2)).toString()).toBe("{}");
      const bare = await failureOf(take({ url: url.split("?")[0] ?? "", as: "anonymous" }, 2));
      expect(bare.status).toBeGreaterThanOrEqual(403);
      expect(proxy.requests.every(({ headers }) => headers["authorization"] === undefined)).toBe(true);
    });
  });

  describe(`${name}: put message`, () => {
    it("is one request, and arrives as it is", async () => {
      const queue = await storage.newQueue();
      const text = '<a href="&amp;">Größe ]]> 😀\t</a>';
      await once(async (pulse) => kind.queue(account, queue.name).putMessage(text, -1, pulse));
      expect(proxy.requests.map(({ operation }) => operation)).toEqual(["put-message"]);
      const [message] = (await queue.peekMessages()).peekedMessageItems;
      expect(message?.messageText).toBe(text);
      expect(message?.expiresOn.getUTCFullYear()).toBe(9999);
    });

    it("reports a queue that does not exist", async () => {
      const lost = kind.queue(account, storage.uniqueName());
      const failure = await failureOf(once(async (pulse) => lost.putMessage("eA==", -1, pulse)));
      expect(failure.answer).toEqual({ status: 404, errorCode: "QueueNotFound" });
    });
  });

  describe(`${name}: signed`, () => {
    it("works the same with a SAS of the account", async () => {
      const sas = await accountSas(storage);
      const withSas = { ...account, credential: { kind: "sas" as const, token: new Secret(sas) } };
      const body = Buffer.from("{}");
      const target = kind.writer(withSas, container.containerName);
      await once(async (pulse) => target.putBlob("a b", body, CREATE, pulse));
      await once(async (pulse) => target.putBlock("c", "+/+/", body, md5Of(body), pulse));
      const opened = once(async (pulse) =>
        filled(await kind.reader(withSas).open(own("a b"), undefined, pulse), 2),
      );
      expect(await opened).toEqual(body);
      expect(target.blobUrl("a b")).not.toContain("sig");
      expect(proxy.requests.every(({ headers }) => headers["authorization"] === undefined)).toBe(true);
    });

    it("gets a 403 with another key", async () => {
      const credential = { ...account.credential, key: new Secret("b3RoZXI=") };
      const other = kind.writer({ ...account, credential }, container.containerName);
      const failure = await failureOf(
        once(async (pulse) => other.putBlob("b", Buffer.from("x"), CREATE, pulse)),
      );
      expect(failure.status).toBe(403);
    });
  });

  describe(`${name}: when it goes wrong`, () => {
    const put = async (idleMs?: number): Promise<void> =>
      once(async (pulse) => writer.putBlob("b", Buffer.from("{}"), CREATE, pulse), idleMs);

    it.each([
      ["503", { "retry-after": "7" }, 7000],
      ["429", { "x-ms-retry-after-ms": "250" }, 250],
      ["500", {}, undefined],
    ])("a %s is told with how long to wait", async (status, headers, retryAfterMs) => {
      const fault = { kind: "answer", status: Number(status), errorCode: "ServerBusy", headers } as const;
      proxy.fail({ fault });
      const failure = await failureOf(put());
      expect(failure).toMatchObject({
        answer: { status: Number(status), errorCode: "ServerBusy" },
        retryAfterMs,
      });
    });

    it("an error that is not XML is told by its status", async () => {
      proxy.fail({ fault: { kind: "answer", status: 502, body: "<html><h1>Bad Gateway</h1></html>" } });
      expect((await failureOf(put())).answer).toMatchObject({ status: 502 });
    });

    it.each(["reset-before", "reset-after"] as const)("%s is a lost connection", async (kindOfFault) => {
      proxy.fail({ fault: { kind: kindOfFault }, times: 1 });
      const failure = await failureOf(put());
      expect(failure.answer).toEqual({ systemCode: "ECONNRESET" });
      const again = put();
      if (kindOfFault === "reset-before") await again;
      else expect((await failureOf(again)).errorCode).toBe("BlobAlreadyExists");
    });

    it.each(["hang", "hang-after"] as const)("%s ends with the idle time", async (kindOfFault) => {
      proxy.fail({ fault: { kind: kindOfFault }, times: 1 });
      expect((await failureOf(put(150))).answer).toEqual({ timedOut: true });
    });

    it("nobody there is told by the system's code", async () => {
      await proxy.offline();
      expect((await failureOf(put())).answer).toEqual({ systemCode: "ECONNREFUSED" });
      await proxy.online();
      await put();
    });

    it("a body that ends early is a lost connection, never fewer bytes", async () => {
      await stored("b", randomBytes(300_000));
      proxy.fail({ fault: { kind: "cut-body", afterBytes: 100_000 } });
      const taken = await failureOf(take(own("b"), 300_000));
      expect(taken.answer).toEqual({ systemCode: "ECONNRESET" });
      expect(taken.message).toContain("the connection was lost");
      const pieces = once(async (pulse) =>
        Array.fromAsync((await reader.open(own("b"), undefined, pulse)).chunks()),
      );
      expect((await failureOf(pieces)).answer).toEqual({ systemCode: "ECONNRESET" });
    });

    it("a connection that breaks while nobody reads yet is told to the reader, and to nobody else", async () => {
      await stored("b", randomBytes(300_000));
      proxy.fail({ fault: { kind: "cut-body", afterBytes: 1000 } });
      const late = once(async (pulse) => {
        const opened = await reader.open(own("b"), undefined, pulse);
        // As while it waits for a free buffer.
        await pulse.hold(sleep(100));
        return filled(opened, 300_000);
      });
      expect((await failureOf(late)).answer).toEqual({ systemCode: "ECONNRESET" });
    });

    it("a body that stalls ends with the idle time, one that trickles does not", async () => {
      const body = randomBytes(100_000);
      await stored("b", body);
      const heal = proxy.fail({ fault: { kind: "stall-body", afterBytes: 50_000 } });
      expect((await failureOf(take(own("b"), body.length, 200))).answer).toEqual({ timedOut: true });
      heal();
      proxy.fail({ fault: { kind: "slow-body", pieceBytes: 10_000, pauseMs: 60 } });
      expect((await take(own("b"), body.length, 500)).equals(body)).toBe(true);
    });

    it("an abort of the run ends a request under way, with its reason", async () => {
      proxy.fail({ fault: { kind: "hang" } });
      const run = new AbortController();
      const effort = new RequestBudget(run.signal, 60_000);
      const work = new Attempts(REAL_SURROUNDINGS, QUICK).run(quickGate(), effort, "call", async (pulse) =>
        writer.putBlob("b", Buffer.from("{}"), CREATE, pulse),
      );
      const reason = new Error("stop now");
      await expect.poll(() => proxy.requests.length).toBe(1);
      run.abort(reason);
      expect(await thrownBy(work)).toBe(reason);
    });
  });
}

async function accountSas(storage: TestEmulator): Promise<string> {
  const { BlobServiceClient, AccountSASPermissions } = await import("@azure/storage-blob");
  const service = BlobServiceClient.fromConnectionString(storage.connectionString);
  const permissions = AccountSASPermissions.parse("rwc");
  const url = service.generateAccountSasUrl(new Date(Date.now() + 6e5), permissions, "o");
  return new URL(url).search.slice(1);
}
