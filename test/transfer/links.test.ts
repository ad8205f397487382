/** Links as people have them: a blob is found under each spelling of its link, whichever way its bytes go. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fileKey } from "../../src/core/file.ts";
import { makeReceipt } from "../../src/core/receipt.ts";
import { startStub } from "../support/stub-server.ts";
import { Bench, content, ladderTo, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

/** The blob's name, and what a link to it has in its place. */
const LINKS: readonly [name: string, inLink: string][] = [
  ["cjk-日本.json", "cjk-日本.json"],
  ["a b ü.json", "a b ü.json"],
  ["100%.json", "100%.json"],
  ["half %zz.json", "half %zz.json"],
  ["a+b.json", "a+b.json"],
  ["a#1.json", "a#1.json"],
  ["[1]{2}|3^4.json", "[1]{2}|3^4.json"],
  ["folder/é/x.json", "folder/é/x.json"],
  ["encoded 日%?#.json", encodeURIComponent("encoded 日%?#.json")],
];

const WAYS = [
  ["streamed", { mode: "stream" }, "put-blob"],
  ["copied by the service in blocks", { mode: "server", serverCopyLimit: 1 }, "put-block-from-url"],
] as const;

describe.each(LINKS)("the blob %s by a link with %s", (name, inLink) => {
  it.each(WAYS)("is %s, with a SAS and by the account's key", async (_, settings, method) => {
    const body = content(100);
    await bench.put(name, body);
    const base = `${bench.proxy.blobEndpoint}/${bench.source.containerName}/${inLink}`;
    const query = new URL(await bench.sasLinkTo(name)).search;
    for (const [target, uri] of Object.entries({ sas: base + query, key: base })) {
      const result = await bench.transfer({ fileName: target, uri, length: 100 }, { settings });
      expect(result).toMatchObject({ outcome: "copied", method });
      expect((await bench.found()).get(target)?.md5).toBe(md5Of(body));
    }
  });

  it("is asked of the service in one request, by a link that a header can hold", async () => {
    await using stub = await startStub([{ status: 201, headers: { etag: '"1"', "x-ms-request-id": "1" } }]);
    const account = { ...bench.account, blobEndpoint: `${stub.url}/devstoreaccount1` };
    const { ladder } = ladderTo(account, "results", { settings: { mode: "server" } });
    const { signal } = new AbortController();
    const uri = `${account.blobEndpoint}/c/${inLink}?sv=1&sig=x%2F`;
    expect(await ladder.transfer({ fileName: "a", uri }, "a", { signal })).toMatchObject({
      outcome: "copied",
    });
    const sent = new URL(stub.requests[0]?.headers["x-ms-copy-source"] ?? "");
    expect(decodeURIComponent(sent.pathname)).toBe(`/devstoreaccount1/c/${name}`);
    expect(sent.search).toBe("?sv=1&sig=x%2F");
  });

  it("has one identity, with whatever SAS", () => {
    const file = { fileName: "a", uri: `https://h.example/c/${inLink}` };
    const signed = { ...file, uri: `${file.uri}?sv=1&sig=x` };
    expect(fileKey(signed)).toBe(fileKey(file));
    expect(makeReceipt([signed])).toEqual(makeReceipt([file]));
  });
});
