import { describe, expect, it } from "vitest";
import { sourceContainer } from "../../../src/catalog/container/source-container.ts";
import { ReuploadError } from "../../../src/core/errors.ts";
import { parseSourcePrefix } from "../../../src/core/source-prefix.ts";

const PREFIX = parseSourcePrefix("{jobId}/{workItemId}/");

describe("--source-container", () => {
  it.each([
    ["https://a.blob.core.windows.net/source", "https://a.blob.core.windows.net/source"],
    ["https://a.blob.core.windows.net/source/", "https://a.blob.core.windows.net/source"],
    ["https://a.blob.core.windows.net/$web", "https://a.blob.core.windows.net/$web"],
    ["http://127.0.0.1:10000/devstoreaccount1/source", "http://127.0.0.1:10000/devstoreaccount1/source"],
  ])("takes %s", (given, url) => {
    const source = sourceContainer(given, PREFIX);
    expect(source).toMatchObject({ url, identity: `container:${url}/{jobId}/{workItemId}/` });
  });

  it.each([
    ["source", /not a URL/],
    ["http://a.blob.core.windows.net/source", /not https/],
    ["file:///tmp/source", /not https/],
    ["https://a.blob.core.windows.net", /names no container/],
    ["https://a.blob.core.windows.net/", /names no container/],
    ["http://127.0.0.1:10000/devstoreaccount1", /names no container/],
    ["https://a.blob.core.windows.net/source/sub", /more than a container/],
    ["https://a.blob.core.windows.net/Source", /is not a valid container name/],
    ["https://a.blob.core.windows.net/so--urce", /is not a valid container name/],
    ["https://a.blob.core.windows.net/source?sv=1&sig=c2VjcmV0", /contains a SAS/],
    ["https://user:secret@a.blob.core.windows.net/source", /contains a SAS or a password/],
  ])("refuses %s", (given, why) => {
    expect(() => sourceContainer(given, PREFIX)).toThrow(ReuploadError);
    expect(() => sourceContainer(given, PREFIX)).toThrow(why);
    expect(() => sourceContainer(given, PREFIX)).not.toThrow(/c2VjcmV0|user:secret/);
  });

  it.each(["/{workItemId}/", "a//{workItemId}", "../{workItemId}/", "./{workItemId}", "x./{workItemId}"])(
    "refuses the prefix %s, which gives no folder in it",
    (text) => {
      const parse = () => sourceContainer("https://a.blob.core.windows.net/source", parseSourcePrefix(text));
      expect(parse).toThrow(/--source-prefix/);
    },
  );
});
