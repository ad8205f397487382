/** Each call of ours, answered by something that is not the service: no answer of the kind is a success, or a "no". */
import { describe, expect, it, onTestFinished } from "vitest";
import type { StorageAccount } from "../../../src/azure/account.ts";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import { type CallName, PROMISED_ANSWERS } from "../../../src/azure/wire/promised-answers.ts";
import { deleteBlob } from "../../../src/azure/calls/delete-blob.ts";
import { RestBlobLister } from "../../../src/azure/calls/rest-blob-lister.ts";
import { RestBlobReader } from "../../../src/azure/calls/rest-blob-reader.ts";
import { RestBlobWriter } from "../../../src/azure/calls/rest-blob-writer.ts";
import type { RestClient } from "../../../src/azure/wire/rest-client.ts";
import { RestQueueCalls } from "../../../src/azure/calls/rest-queue-calls.ts";
import {
  createContainer,
  createQueue,
  lookAtContainer,
  queueDepth,
} from "../../../src/azure/calls/target-calls.ts";
import { asStorage, type StubAnswer, startStub } from "../../support/stub-server.ts";
import { CREATE } from "../calls-contract.ts";
import { bare, restTo, thrownBy } from "../support.ts";
import { accountAt } from "./wire.ts";

const writer = (client: RestClient) => new RestBlobWriter(client, "c");
const reader = (client: RestClient) => new RestBlobReader(client);
const blob = (client: RestClient) => ({ url: writer(client).blobUrl("b"), as: "account" }) as const;
const range = { offset: 2, count: 3, ifMatch: '"1"' };
const source = { url: "https://a.example/c/b?sig=x" };
const body = Buffer.from("{}");
/** A link to any web server. */
const file = { url: "", as: "anonymous" } as const;

const lease = async (
  client: RestClient,
  action: "acquire" | "renew" | "release",
  pulse: AttemptContext,
): Promise<unknown> => {
  const url = `${client.account.blobEndpoint}/c/b?comp=lease`;
  const headers = ["x-ms-lease-action", action, "x-ms-lease-id", "1"];
  return client.send({ call: `${action} lease`, method: "PUT", url, as: "account", headers }, pulse);
};

/** What makes the call, and the answer that is its success. */
const CALLS: Record<CallName, [(client: RestClient, pulse: AttemptContext) => Promise<unknown>, StubAnswer]> =
  {
    "put blob": [async (client, pulse) => writer(client).putBlob("b", body, CREATE, pulse), { status: 201 }],
    "put blob from url": [
      async (client, pulse) => writer(client).putBlobFromUrl("b", source, { ...CREATE }, pulse),
      { status: 201 },
    ],
    "put block": [
      async (client, pulse) => writer(client).putBlock("b", "AAA=", body, "md5", pulse),
      { status: 201 },
    ],
    "put block from url": [
      async (client, pulse) => writer(client).putBlockFromUrl("b", "AAA=", source, range, pulse),
      { status: 201 },
    ],
    "put block list": [
      async (client, pulse) => writer(client).putBlockList("b", ["AAA="], CREATE, pulse),
      { status: 201 },
    ],
    "get block list": [
      async (client, pulse) => writer(client).uncommittedBlocks("b", pulse),
      { status: 200, body: "<?xml version='1.0'?><BlockList><UncommittedBlocks /></BlockList>" },
    ],
    "delete blob": [
      async (client, pulse) => deleteBlob(client, { container: "c", name: "b" }, pulse),
      { status: 202 },
    ],
    "get blob": [
      async (client, pulse) => reader(client).open(blob(client), undefined, pulse),
      { status: 200, headers: { "content-length": "2" }, body: "{}" },
    ],
    "get blob range": [
      async (client, pulse) => reader(client).open(blob(client), range, pulse),
      { status: 206, headers: { "content-range": "bytes 2-4/9" }, body: "abc" },
    ],
    "get blob properties": [
      async (client, pulse) => reader(client).properties(blob(client), pulse),
      { status: 200, headers: { "content-length": "2" } },
    ],
    "list blobs": [
      async (client, pulse) =>
        new RestBlobLister(client).page(
          { url: `${client.account.blobEndpoint}/c`, as: "account" },
          { prefix: "", most: 5 },
          pulse,
        ),
      { status: 200, body: "\uFEFF<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>" },
    ],
    "get container properties": [
      async (client, pulse) => lookAtContainer(client, "c", pulse),
      { status: 200 },
    ],
    "create container": [async (client, pulse) => createContainer(client, "c", pulse), { status: 201 }],
    "acquire lease": [async (client, pulse) => lease(client, "acquire", pulse), { status: 201 }],
    "renew lease": [async (client, pulse) => lease(client, "renew", pulse), { status: 200 }],
    "release lease": [async (client, pulse) => lease(client, "release", pulse), { status: 200 }],
    "put message": [
      async (client, pulse) => new RestQueueCalls(client, "q").putMessage("eA==", -1, pulse),
      { status: 201, body: "<QueueMessagesList><QueueMessage></QueueMessage></QueueMessagesList>\n" },
    ],
    "get queue metadata": [
      async (client, pulse) => queueDepth(client, "q", pulse),
      { status: 200, headers: { "x-ms-approximate-messages-count": "7" } },
    ],
    "create queue": [async (client, pulse) => createQueue(client, "q", pulse), { status: 204 }],
    "get file": [
      async (client, pulse) => reader(client).open(fileAt(client), undefined, pulse),
      { status: 200, headers: { "content-length": "2" }, body: "{}" },
    ],
    "get file range": [
      async (client, pulse) => reader(client).open(fileAt(client), range, pulse),
      {
        status: 206,
        headers: { etag: '"1"', "content-range": "bytes 2-4/9", "content-length": "3" },
        body: "abc",
      },
    ],
    "get file properties": [
      async (client, pulse) => reader(client).properties(fileAt(client), pulse),
      { status: 200, headers: { "content-length": "2" } },
    ],
  };

/** Beside the account, on the same server. */
function fileAt(client: RestClient) {
  return { ...file, url: `${new URL(client.account.blobEndpoint).origin}/elsewhere/b` };
}

const NAMES = Object.keys(PROMISED_ANSWERS) as CallName[];
const STORAGE = NAMES.filter((name) => "x-ms-request-id" in PROMISED_ANSWERS[name].headers);

async function outcomeOf(name: CallName, answer: StubAnswer): Promise<Promise<unknown>> {
  const stub = await startStub([answer]);
  onTestFinished(() => stub.stop());
  const account: StorageAccount = accountAt(stub);
  return bare(async (pulse) => CALLS[name][0](restTo(account), pulse));
}

const good = (name: CallName): StubAnswer => {
  const [, answer] = CALLS[name];
  return STORAGE.includes(name) ? asStorage(answer) : answer;
};
const page = { headers: { "content-type": "text/html; charset=utf-8" }, body: "<html>Sign in</html>" };
const without = (answer: StubAnswer, header: string): StubAnswer => ({
  ...answer,
  headers: Object.fromEntries(Object.entries(answer.headers ?? {}).filter(([name]) => name !== header)),
});
const isIntercepted = (said: string) => ({
  answer: { intercepted: true },
  said: expect.stringMatching(said) as string,
});

describe.each(NAMES)("%s", (name) => {
  it("is a success when it is answered as promised", async () => {
    expect(await outcomeOf(name, good(name)).catch((thrown: unknown) => thrown)).not.toBeInstanceOf(Error);
  });

  it.each([302, 304, 307])("answered with %i is no answer of the service", async (status) => {
    const answer = asStorage({ status, headers: { location: "http://portal.example/" } });
    expect(await thrownBy(outcomeOf(name, answer))).toMatchObject(isIntercepted(`HTTP ${status}`));
  });

  it("answered with another success than its own is no answer of the service", async () => {
    const status = good(name).status === 202 ? 203 : 202;
    const answer = { ...good(name), status };
    expect(await thrownBy(outcomeOf(name, answer))).toMatchObject(isIntercepted(`HTTP ${status}`));
  });
});

describe.each(STORAGE)("%s", (name) => {
  // To a web server's file any page is a file: there the length and the MD5 must tell.
  it("answered with HTTP 200 and a web page is no answer of the service", async () => {
    const failure = await thrownBy(outcomeOf(name, { status: 200, ...page }));
    const host = String.raw`127\.0\.0\.1:\d+`;
    expect(failure).toMatchObject(
      isIntercepted(String.raw`^something between this machine and ${host} answered \(HTTP 200, text/html`),
    );
  });

  it.each([400, 401, 403, 404, 407, 409, 412, 429, 500, 503, 511])(
    "answered with %i and somebody else's error page is told no status to believe",
    async (status) => {
      const failure = await thrownBy(outcomeOf(name, { status, ...page }));
      expect(failure).toMatchObject({ ...isIntercepted(`HTTP ${status}, text/html`), status: undefined });
    },
  );

  it.each(Object.keys(PROMISED_ANSWERS[name].headers))("is not believed without %s", async (header) => {
    const answer = header === "content-length" ? chunked(good(name)) : without(good(name), header);
    expect(await thrownBy(outcomeOf(name, answer))).toMatchObject(isIntercepted(`without ${header}`));
  });

  it("answered with an error that names the service's code, or its id alone, is the service's", async () => {
    for (const headers of [{ "x-ms-error-code": "ServerBusy" }, { "x-ms-request-id": "1" }]) {
      expect(await thrownBy(outcomeOf(name, { status: 503, headers }))).toMatchObject({ status: 503 });
    }
  });
});

function chunked(answer: StubAnswer): StubAnswer {
  const lengthless = without(answer, "content-length");
  return { ...lengthless, headers: { ...lengthless.headers, "transfer-encoding": "chunked" } };
}

it("an error of the service's own front end is an answer", async () => {
  const headers = { server: "Microsoft-HTTPAPI/2.0", "content-type": "text/html" };
  const failure = await thrownBy(outcomeOf("put blob", { status: 400, headers, body: "Invalid URL" }));
  expect(failure).toMatchObject({ status: 400 });
});

describe("a body", () => {
  const WITH_XML = STORAGE.filter((name) => "body" in PROMISED_ANSWERS[name]);

  it.each(WITH_XML)("of another kind than %s promises is not believed", async (name) => {
    for (const wrong of ["", "<html></html>", "{}", "<Error><Code>x</Code></Error>"]) {
      const failure = await thrownBy(outcomeOf(name, { ...good(name), body: wrong }));
      expect(failure).toMatchObject(isIntercepted("not what was asked for"));
    }
  });

  it.each(WITH_XML)("of %s that is cut is not believed", async (name) => {
    const whole = String(good(name).body).trimEnd();
    expect(
      await thrownBy(outcomeOf(name, { ...good(name), body: whole.slice(0, whole.length - 5) })),
    ).toMatchObject(isIntercepted("not what was asked for"));
  });

  it.each(["bytes 0-2/9", "bytes 2-5/9", "bytes 2-3/9", "bytes 2-4/*", "bytes=2-4"])(
    "that is said to be %s is not the part that was asked for",
    async (part) => {
      for (const name of ["get blob range", "get file range"] as const) {
        const { headers, ...more } = good(name);
        const answer = { ...more, headers: { ...headers, "content-range": part } };
        expect(await thrownBy(outcomeOf(name, answer))).toMatchObject(isIntercepted("HTTP 206"));
      }
    },
  );
});
