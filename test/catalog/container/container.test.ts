import { ContainerSASPermissions, type ContainerClient } from "@azure/storage-blob";
import { inject } from "vitest";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Catalog, Lookup } from "../../../src/catalog/catalog.ts";
import { ReuploadError } from "../../../src/core/errors.ts";
import type { WorkItem } from "../../../src/core/work-item.ts";
import { thrownBy } from "../../azure/support.ts";
import { emulator } from "../../support/azurite.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { lookUp } from "../conformance.ts";
import { blobUrl, open } from "./support.ts";

const { signal } = new AbortController();
let proxy: FaultProxy;
let container: ContainerClient;
let url: string;

beforeAll(async () => {
  proxy = await startFaultProxy(inject("emulator"));
});
afterAll(() => proxy.stop());
beforeEach(async () => {
  proxy.heal();
  container = await emulator().newContainer();
  url = `${proxy.blobEndpoint}/${container.containerName}`;
  proxy.forget();
});

const behindProxy = () => ({ connectionString: proxy.connectionString });

async function put(...names: string[]): Promise<void> {
  await Promise.all(names.map(async (name) => container.getBlockBlobClient(name).upload("x", 1)));
}

function item(jobId: string, workItemId: string, workItemName = ""): WorkItem {
  return { jobId, workItemId, workItemName };
}

async function answerOf(catalog: Catalog, workItem: WorkItem): Promise<Lookup> {
  const [answer] = await lookUp(catalog, [workItem], { signal });
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

const namesIn = (answer: Lookup): string[] => answer.files.map(({ fileName }) => fileName);

describe("the files of a work item", () => {
  it.each(["{jobId}/{workItemId}/", "{jobId}/{workItemId}"])(
    "are those below its own folder (%s), not those of an id that begins the same",
    async (prefix) => {
      await put("a/1/x.json", "a/1/sub/y.json", "a/10/x.json", "a/1x", "a/1", "b/1/z.json");
      const catalog = await open(url, { ...behindProxy(), prefix });
      expect(namesIn(await answerOf(catalog, item("a", "1")))).toEqual(["sub/y.json", "x.json"]);
      expect(catalog.identity).toBe(`container:${url}/{jobId}/{workItemId}/`);
    },
  );

  it("are found by the CSV's name, or by the id when the CSV gives none", async () => {
    await put("results/First item/x.json", "results/2/y.json");
    const catalog = await open(url, { prefix: "results/{workItemName}/", ...behindProxy() });
    expect(namesIn(await answerOf(catalog, item("j", "1", "First item")))).toEqual(["x.json"]);
    expect(namesIn(await answerOf(catalog, item("j", "2")))).toEqual(["y.json"]);
  });

  it("are listed page by page, and only when they are asked for", async () => {
    await put(...Array.from({ length: 25 }, (_, i) => `a/1/${i}.json`));
    const catalog = await open(url, { ...behindProxy(), pageBlobs: 10 });
    proxy.forget();
    const asked = catalog.lookup([item("a", "1")], { signal });
    expect(proxy.requests).toEqual([]);
    const [answer] = await Array.fromAsync(asked);
    expect(answer?.files).toHaveLength(25);
    expect(proxy.count("list-blobs")).toBe(3);
    expect(proxy.requests.map(({ query }) => query.get("prefix"))).toEqual(["a/1/", "a/1/", "a/1/"]);
  });

  it("leave out empty blobs that stand for folders, and report a blob that no name is left for", async () => {
    await put("a/1/x.json");
    for (const name of ["a/1/", "a/1/sub/"]) await container.getBlockBlobClient(name).upload("", 0);
    await container.getBlockBlobClient("a/1/dir").upload("", 0, { metadata: { hdi_isFolder: "true" } });
    await container.getBlockBlobClient("a/1/empty").upload("", 0);
    await put("a/2/", "a/2/sub/");
    const catalog = await open(url, behindProxy());
    const clean = await answerOf(catalog, item("a", "1"));
    expect(namesIn(clean)).toEqual(["empty", "x.json"]);
    expect(clean.problems).toEqual([]);
    const odd = await answerOf(catalog, item("a", "2"));
    expect(namesIn(odd)).toEqual(["sub/"]);
    expect(odd.problems).toEqual(["the blob a/2/ has the same name as the folder"]);
  });

  it("leave out snapshots and uncommitted blocks", async () => {
    await put("a/1/x.json");
    await container.getBlobClient("a/1/x.json").createSnapshot();
    await container.getBlockBlobClient("a/1/staged.json").stageBlock("AAAA", "x", 1);
    const answer = await answerOf(await open(url, behindProxy()), item("a", "1"));
    expect(namesIn(answer)).toEqual(["x.json"]);
  });

  it("have links with the SAS that was given, which also lists and reads them", async () => {
    await put("a/1/x y.json");
    const sasUrl = await emulator(proxy.connectionString)
      .container(container.containerName)
      .generateSasUrl({
        permissions: ContainerSASPermissions.from({ read: true, list: true }),
        expiresOn: new Date(Date.now() + 3_600_000),
      });
    const sas = new URL(sasUrl).search;
    for (const given of [sas, sas.slice(1)]) {
      const catalog = await open(url, { ...behindProxy(), sas: given });
      const { files } = await answerOf(catalog, item("a", "1"));
      expect(files.map(({ uri }) => uri)).toEqual([blobUrl(url, "a/1/x y.json") + sas]);
      expect(catalog.identity).not.toContain("sig=");
    }
    expect(proxy.requests.every(({ headers }) => headers["authorization"] === undefined)).toBe(true);
  });
});

describe("an id that leads elsewhere", () => {
  it.each([
    ["..", "1"],
    ["a", ".."],
    ["a", "."],
    ["a", "1/../2"],
    ["a", "1/2"],
    ["a", "1\\2"],
    ["a", "1\n"],
    ["a", "1."],
    ["a", "1 "],
    ["a", "\ud800"],
    ["", "1"],
  ])("is refused for that work item alone (%j, %j)", async (jobId, workItemId) => {
    await put("a/1/x.json", "a/2/y.json");
    const catalog = await open(url, behindProxy());
    proxy.forget();
    const [odd, sound] = await lookUp(catalog, [item(jobId, workItemId), item("a", "1")], { signal });
    expect(odd).toMatchObject({ files: [], failure: { code: "catalog-error" } });
    expect(sound?.files).toHaveLength(1);
    expect(proxy.count("list-blobs")).toBe(1);
  });
});

describe("a container that answers with an error", () => {
  it("is asked for the page again when that may help, and fails one work item when it does not", async () => {
    await put("a/1/x.json", "a/2/x.json");
    const catalog = await open(url, behindProxy());
    proxy.fail({ fault: { kind: "answer", status: 503 }, operation: "list-blobs", times: 2 });
    proxy.fail({ fault: { kind: "reset-after" }, operation: "list-blobs", times: 1 });
    expect(await answerOf(catalog, item("a", "1"))).toMatchObject({ files: [{ fileName: "x.json" }] });
    proxy.fail({ fault: { kind: "answer", status: 500 }, operation: "list-blobs", times: 8 });
    const failed = await answerOf(catalog, item("a", "1"));
    expect(failed).toMatchObject({ files: [], failure: { code: "catalog-error" } });
    expect(await answerOf(catalog, item("a", "2"))).toMatchObject({ files: [{ fileName: "x.json" }] });
  });

  it("and names the same next page again, or goes round, ends the lookup with an error", async () => {
    await put("a/1/x.json");
    const catalog = await open(url, behindProxy());
    const page = (next: string): string =>
      `<EnumerationResults><Blobs></Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`;
    for (const markers of [
      ["m", "m"],
      ["m", "n", "m"],
    ]) {
      proxy.heal();
      for (const next of markers) {
        proxy.fail({
          fault: { kind: "answer", status: 200, body: page(next) },
          operation: "list-blobs",
          times: 1,
        });
      }
      const { failure } = await answerOf(catalog, item("a", "1"));
      expect(failure).toMatchObject({ code: "catalog-error" });
      expect(String(failure?.message)).toContain("the list of a/1/ returned the same next page twice");
    }
  });

  it("but a web page in its place is asked again", async () => {
    await put("a/1/x.json");
    const catalog = await open(url, behindProxy());
    proxy.fail({ fault: { kind: "page", status: 200 }, operation: "list-blobs", times: 9 });
    expect(await answerOf(catalog, item("a", "1"))).toMatchObject({ files: [{ fileName: "x.json" }] });
  });

  it("because its SAS has ended says so, and when", async () => {
    const sas = "sv=2024-11-04&sr=c&sp=rl&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D&se=2001-01-01";
    const failure = await thrownBy(open(url, { ...behindProxy(), sas }));
    expect(failure).toMatchObject({ code: "permission" });
    expect(String(failure)).toMatch(/the link's SAS expired at 2001-01-01T00:00:00Z \(se\)/);
  });

  it("is reported when it is not there, before the first file and later", async () => {
    expect(await thrownBy(open(`${url}x`, behindProxy()))).toMatchObject({ code: "source-invalid" });
    const catalog = await open(url, behindProxy());
    await container.delete();
    expect(await thrownBy(answerOf(catalog, item("a", "1")))).toMatchObject({ code: "unavailable" });
  });

  it("is reported when it may not be listed, with what would help and without the SAS", async () => {
    await put("a/1/x.json");
    const sas = "sv=2024-11-04&sr=c&sp=rl&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D&se=2001-01-01";
    const failure = await thrownBy(open(url, { ...behindProxy(), sas }));
    expect(failure).toBeInstanceOf(ReuploadError);
    expect(failure).toMatchObject({ code: "permission", exitCode: 4 });
    const { message, advice } = failure as ReuploadError;
    expect(advice).toContain("REUPLOAD_SOURCE_SAS");
    expect(message).not.toContain("c2VjcmV0");
    const catalog = await open(url, behindProxy());
    proxy.fail({ fault: { kind: "answer", status: 403 }, operation: "list-blobs" });
    expect(await thrownBy(answerOf(catalog, item("a", "1")))).toMatchObject({ code: "permission" });
  });
});
