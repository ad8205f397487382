import { describe, expect, it } from "vitest";
import { makeReceipt } from "../../src/core/receipt.ts";
import { parseNameTemplate } from "../../src/core/target-name.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import { UnexpectedBlobs } from "../../src/proof/extra-blobs.ts";
import {
  addTallies,
  EMPTY_TALLY,
  type WorkItemRecord,
  type WorkItemVerdict,
} from "../../src/proof/verify.ts";
import { KnownNames } from "../../src/proof/verify-rows.ts";
import { verifyWorkItems } from "../../src/proof/verify-work-items.ts";
import { type CatalogContent, doorsOf, each, MemoryTarget, OPTIONS, workItem } from "./memory-target.ts";

async function verifyAll(
  target: MemoryTarget,
  content: CatalogContent,
  workItems: readonly WorkItem[],
  options = OPTIONS,
) {
  const verdicts: WorkItemVerdict[] = [];
  for await (const some of verifyWorkItems(doorsOf(target, content), each(workItems), options)) {
    verdicts.push(...some);
  }
  const tally = verdicts.reduce((sum, one) => addTallies(sum, one.tally), EMPTY_TALLY);
  return { verdicts, tally, findings: verdicts.flatMap(({ findings }) => findings) };
}

/** Of the blobs under the names of a run, those that nobody explains. */
async function extrasOf(target: MemoryTarget, content: CatalogContent, workItems: readonly WorkItem[]) {
  const names = new KnownNames();
  for (const one of workItems) names.add(OPTIONS.template.prefix(one) ?? "");
  const unexpected = new UnexpectedBlobs(names, OPTIONS);
  const { verdicts } = await verifyAll(target, content, workItems);
  for (const verdict of verdicts) unexpected.take(verdict);
  const found = await unexpected.judge(doorsOf(target, content), each(workItems));
  return found.map(({ blobName }) => blobName);
}

describe("a verification", () => {
  it("gives its verdicts in the order of the work items, whatever the catalog's order is", async () => {
    const ids = ["1", "2", "3", "4", "5"];
    const content = Object.fromEntries(ids.map((id) => [id, { name: `n${id}`, files: ["a"] }]));
    const { verdicts } = await verifyAll(
      new MemoryTarget(),
      content,
      ids.map((id) => workItem(id)),
    );
    expect(verdicts.map((verdict) => verdict.workItem.workItemId)).toEqual(ids);
  });

  it("lists the blobs of a work item once, and asks for none of them by itself", async () => {
    const target = new MemoryTarget().put("n-a").put("n-b");
    const { tally, findings } = await verifyAll(target, { 1: { name: "n", files: ["a", "b", "c"] } }, [
      workItem("1"),
    ]);
    expect(target.asked).toEqual(["list n-"]);
    expect(tally).toMatchObject({ workItems: 1, listed: 1, files: 3, sameByLength: 2, missing: 1 });
    expect(findings).toMatchObject([{ kind: "missing", fileName: "c", blobName: "n-c" }]);
  });

  it("asks file by file where the names of a work item have no beginning of their own", async () => {
    const target = new MemoryTarget().put("a-n");
    const options = { ...OPTIONS, template: parseNameTemplate("{fileBaseName}-{workItemName}") };
    const content = { 1: { name: "n", files: ["a", "b"] } };
    const { tally } = await verifyAll(target, content, [workItem("1")], options);
    expect(target.asked.toSorted()).toEqual(["look a-n", "look b-n"]);
    expect(tally).toMatchObject({ listed: 0, sameByLength: 1, missing: 1 });
  });

  it("gives a list up that takes more pages than there are files, and looks for no extra blobs there", async () => {
    const target = new MemoryTarget();
    target.pageBlobs = 1;
    for (const name of ["n-0", "n-1", "n-2", "n-3", "n-y", "n-z"]) target.put(name);
    const { verdicts, tally } = await verifyAll(target, { 1: { name: "n", files: ["y", "z"] } }, [
      workItem("1"),
    ]);
    expect(target.asked).toEqual(["list n-", "list n-", "look n-y", "look n-z"]);
    expect(tally).toMatchObject({ listed: 0, notListedToEnd: 1, sameByLength: 2, missing: 0 });
    expect(verdicts[0]?.unexpected).toEqual([]);
  });

  it("asks for a shortened name that begins otherwise than the names that are listed", async () => {
    const name = "n".repeat(1_100);
    const target = new MemoryTarget();
    const { tally } = await verifyAll(target, { 1: { name, files: ["a.json"] } }, [workItem("1")]);
    expect(target.asked.filter((asked) => asked.startsWith("look"))).toHaveLength(1);
    expect(tally.missing).toBe(1);
  });

  it("tells what a repair sends by places in catalog order", async () => {
    const target = new MemoryTarget().put("n-a").put("n-b", { length: 9 });
    const content = { 1: { name: "n", files: ["c", "b", "a"] } };
    const { verdicts } = await verifyAll(target, content, [workItem("1")]);
    const uris = ["a", "b", "c"].map((fileName) => ({
      fileName,
      uri: `https://a.blob.core.windows.net/s/1/${fileName}`,
    }));
    expect(verdicts[0]?.damage).toEqual({
      receipt: makeReceipt(uris),
      places: 3,
      missing: [2],
      different: [{ place: 1, blobName: "n-b" }],
    });
  });

  it("proves nothing of a work item that the catalog does not answer for", async () => {
    const doors = doorsOf(new MemoryTarget(), {});
    const silent = { ...doors, catalog: { batchSize: 1, async *lookup() {} } };
    for await (const [verdict] of verifyWorkItems(silent, each([workItem("1")]), OPTIONS)) {
      expect(verdict).toMatchObject({ tally: { lookupsFailed: 1 }, findings: [{ kind: "unreadable" }] });
    }
  });

  it("says of the files that are there what the record says of their announcement and of the operator's word", async () => {
    const target = new MemoryTarget()
      .put("n-a")
      .put("n-b")
      .put("n-c", { length: 9 })
      .put("n-d", { length: 9 });
    const record: WorkItemRecord = {
      whyNotAnnounced: ({ fileName }) => (fileName === "b" ? "the state says uploaded" : undefined),
      isSkipped: ({ fileName }) => fileName === "c",
      bytesOf: () => undefined,
    };
    const content = { 1: { name: "n", files: ["a", "b", "c", "d"] } };
    const doors = { ...doorsOf(target, content), records: { read: async () => record } };
    for await (const [verdict] of verifyWorkItems(doors, each([workItem("1")]), OPTIONS)) {
      expect(verdict?.tally).toMatchObject({ sameByLength: 2, notAnnounced: 1, leftOut: 1, different: 1 });
      expect(verdict?.findings.map(({ kind, fileName, why }) => [kind, fileName, why])).toEqual([
        ["not-announced", "b", "the state says uploaded"],
        ["different", "d", "it has 9 bytes, the source 1"],
      ]);
    }
  });

  it("ends at once when it is stopped", async () => {
    const stop = new AbortController();
    const reason = new Error("stopped");
    const options = { ...OPTIONS, signal: stop.signal };
    const content = { 1: { name: "n", files: ["a"] }, 2: { name: "m", files: ["a"] } };
    const verdicts = verifyWorkItems(
      doorsOf(new MemoryTarget(), content),
      each([workItem("1"), workItem("2")]),
      options,
    );
    stop.abort(reason);
    await expect(verdicts.next()).rejects.toBe(reason);
  });
});

describe("a blob under the names of a work item that is none of its files", () => {
  const named = (id: string, name: string) => workItem(id, name);

  it("is extra", async () => {
    const target = new MemoryTarget().put("n-a").put("n-old");
    const content = { 1: { name: "n", files: ["a"] } };
    expect(await extrasOf(target, content, [named("1", "n")])).toEqual(["n-old"]);
  });

  it("is not extra when it is a file of another work item whose names begin with more, or with less, of it", async () => {
    const target = new MemoryTarget().put("n-a").put("n-b-c").put("n-b-d");
    const content = { 1: { name: "n", files: ["a", "b-d"] }, 2: { name: "n-b", files: ["c"] } };
    expect(await extrasOf(target, content, [named("1", "n"), named("2", "n-b")])).toEqual([]);
    target.put("n-b-e");
    expect(await extrasOf(target, content, [named("1", "n"), named("2", "n-b")])).toEqual(["n-b-e"]);
  });

  it("is not extra when it is a file of another work item of the same name", async () => {
    const target = new MemoryTarget().put("n-a").put("n-b").put("n-c");
    const content = { 1: { name: "n", files: ["a"] }, 2: { name: "n", files: ["b"] } };
    expect(await extrasOf(target, content, [named("1", "n"), named("2", "n")])).toEqual(["n-c"]);
  });

  it("is judged as well when only the catalog knows the names", async () => {
    const target = new MemoryTarget().put("n-a").put("n-b-c").put("n-b-d").put("n-x");
    const content = { 1: { name: "n", files: ["a", "b-d"] }, 2: { name: "n-b", files: ["c"] } };
    expect(await extrasOf(target, content, [workItem("1"), workItem("2")])).toEqual(["n-x"]);
  });
});
