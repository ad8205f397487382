import { ContainerClient } from "@azure/storage-blob";
import { afterEach, describe, expect, it } from "vitest";
import { parseConnectionString } from "../../../src/azure/account.ts";
import type { BlobPage } from "../../../src/azure/calls/list-calls.ts";
import { RestBlobLister } from "../../../src/azure/calls/rest-blob-lister.ts";
import { Secret } from "../../../src/core/secret.ts";
import { emulator } from "../../support/azurite.ts";
import { asStorage, startStub, type StubServer } from "../../support/stub-server.ts";
import { blobPipeline } from "../sdk/pipelines.ts";
import { bare, restTo, thrownBy } from "../support.ts";
import { accountAt, essence } from "../wire/wire.ts";

let stub: StubServer | undefined;
afterEach(async () => stub?.stop());

const blobXml = (name: string, more = "<Content-Length>3</Content-Length>", metadata = ""): string =>
  `<Blob>${name}<Properties>${more}</Properties>${metadata}</Blob>`;
const listXml = (blobs: string, next = "<NextMarker />"): string =>
  `<?xml version="1.0"?><EnumerationResults><Blobs>${blobs}</Blobs>${next}</EnumerationResults>`;

/** The page that a service answers with this document. */
async function pageOf(body: string, prefix = "", from?: string, withTags = false): Promise<BlobPage> {
  stub = await startStub([asStorage({ status: 200, headers: { "content-type": "application/xml" }, body })]);
  const account = accountAt(stub);
  const container = { url: `${account.blobEndpoint}/c`, as: "account" } as const;
  return bare(async (pulse) =>
    new RestBlobLister(restTo(account)).page(container, { prefix, from, most: 7, withTags }, pulse),
  );
}

describe("a page of a container's list", () => {
  it("is asked for over the wire as the SDK asks", async () => {
    await pageOf(listXml(""), "a b/&?", "m=/");
    if (stub === undefined) throw new Error("no stub");
    const account = accountAt(stub);
    const pages = new ContainerClient(`${account.blobEndpoint}/c`, blobPipeline(account.credential))
      .listBlobsFlat({ prefix: "a b/&?", includeMetadata: true })
      .byPage({ maxPageSize: 7, continuationToken: "m=/" });
    await pages.next();
    const [byUs, bySdk] = stub.requests.map(essence);
    expect(byUs).toEqual(bySdk);
  });

  it("tells all that is told of a blob", async () => {
    const properties = [
      "<Creation-Time>Tue, 24 Nov 2026 09:00:00 GMT</Creation-Time>",
      "<Last-Modified>Tue, 24 Nov 2026 10:00:00 GMT</Last-Modified><Etag>0x8D</Etag>",
      "<Content-Length>12</Content-Length><Content-MD5>1B2M2Y8AsgTpgAmY7PhCfg==</Content-MD5>",
      "<LeaseStatus>locked</LeaseStatus><LeaseState>leased</LeaseState>",
    ];
    const metadata = "<Metadata><Owner>m &amp; n</Owner><Empty /></Metadata><OrMetadata />";
    const page = await pageOf(
      listXml(
        blobXml("<Name>a&lt;b&gt; &#xE9;</Name>", properties.join(""), metadata),
        "<NextMarker>n=</NextMarker>",
      ),
    );
    expect(page).toEqual({
      date: expect.any(Number) as number,
      blobs: [
        {
          name: "a<b> é",
          length: 12,
          contentMd5: "1B2M2Y8AsgTpgAmY7PhCfg==",
          etag: "0x8D",
          lastModified: Date.UTC(2026, 10, 24, 10),
          metadata: { owner: "m & n", empty: "" },
          leaseStatus: "locked",
          leaseState: "leased",
          isFolder: false,
        },
      ],
      next: "n=",
    });
  });

  it("tells the tags, tier and cache control, and asks for tags only when they are wanted", async () => {
    const properties =
      "<Content-Length>1</Content-Length><Cache-Control>no-cache</Cache-Control><AccessTier>Cool</AccessTier>";
    const tags =
      "<Tags><TagSet><Tag><Key>a b</Key><Value>1&amp;</Value></Tag><Tag><Key>c</Key><Value /></Tag></TagSet></Tags>";
    const body = listXml(blobXml("<Name>a</Name>", properties, tags) + blobXml("<Name>b</Name>"));
    const found = (page: BlobPage) =>
      page.blobs.map((blob) => [blob.cacheControl, blob.accessTier, blob.tags]);
    expect(found(await pageOf(body, "", undefined, true))).toEqual([
      ["no-cache", "Cool", { "a b": "1&", c: "" }],
      [undefined, undefined, {}],
    ]);
    expect(stub?.requests[0]?.url).toContain("include=metadata%2Ctags");
    await stub?.stop();
    expect(found(await pageOf(body))).toEqual([
      ["no-cache", "Cool", undefined],
      [undefined, undefined, undefined],
    ]);
  });

  it("decodes names that XML cannot hold", async () => {
    const { blobs } = await pageOf(
      listXml(blobXml('<Name Encoded="true">a%25%EF%BF%BF%01</Name>') + blobXml("<Name>a%25</Name>")),
    );
    expect(blobs.map(({ name }) => name)).toEqual(["a%\uFFFF\u0001", "a%25"]);
  });

  it("knows what stands for a folder: empty, and marked or named so", async () => {
    const empty = "<Content-Length>0</Content-Length>";
    const marked = "<Metadata><Hdi_isfolder>True</Hdi_isfolder></Metadata>";
    const { blobs } = await pageOf(
      listXml(
        blobXml("<Name>a</Name>", empty, marked) +
          blobXml("<Name>b/</Name>", empty) +
          blobXml("<Name>c/</Name>") +
          blobXml("<Name>d</Name>", empty),
      ),
    );
    expect(blobs.map(({ isFolder }) => isFolder)).toEqual([true, true, false, false]);
  });

  it.each([
    ["of which something is missing", listXml(blobXml(""))],
    ["whose blob has no length", listXml(blobXml("<Name>a</Name>", "<Etag>1</Etag>"))],
    ["whose length is no number", listXml(blobXml("<Name>a</Name>", "<Content-Length>x</Content-Length>"))],
    ["that tells no next page", listXml("", "")],
    ["of something else", listXml("<Container><Name>a</Name></Container>")],
    ["with a name that is encoded badly", listXml(blobXml('<Name Encoded="true">%E9</Name>'))],
    ["with a nameless blob", listXml(blobXml("<Name />"))],
    ["that lacks its blobs", "<EnumerationResults><NextMarker /></EnumerationResults>"],
  ])("%s is not the service's", async (_, xml) => {
    const failure = await thrownBy(pageOf(xml));
    expect(failure).toMatchObject({ answer: { intercepted: true } });
    expect(String(failure)).toContain("not a list of blobs");
  });

  it("with a blob of another folder is not the one that was asked for", async () => {
    expect(await thrownBy(pageOf(listXml(blobXml("<Name>b/1</Name>")), "a/"))).toMatchObject({
      answer: { intercepted: true },
    });
  });

  it("tells odd names on the emulator as the SDK does", async () => {
    const storage = emulator();
    const container = await storage.newContainer();
    const names = ["a&b<c>", "q\"'s", "sp ace/é/😀", "p%20q%", "tab\there", "nel\u0085", "x\uFFFDy"];
    await Promise.all(names.map(async (name) => container.getBlockBlobClient(name).upload("x", 1)));
    const account = parseConnectionString(new Secret(storage.connectionString));
    const access = { url: container.url, as: "account" } as const;
    const lister = new RestBlobLister(restTo(account));
    const bySdk = (await Array.fromAsync(container.listBlobsFlat())).map(({ name }) => name);
    const { blobs } = await bare(async (pulse) => lister.page(access, { prefix: "", most: 5000 }, pulse));
    expect(blobs.map(({ name }) => name)).toEqual(bySdk);
    expect([...bySdk].sort()).toEqual([...names].sort());
    expect(blobs[0]).toMatchObject({ length: 1, leaseState: "available", leaseStatus: "unlocked" });
    expect(blobs[0]?.etag).not.toBe("");
  });
});
