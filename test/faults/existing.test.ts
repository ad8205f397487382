/** What is in the target before, or without our knowing it: nothing is overwritten, and success is told from conflict. */
import { hash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "../e2e/expectations.ts";
import { csvOf, listingOf, makePlain, type PlainInput, putBlob } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";

/** Puts a blob as other tools do: in blocks, and so without an MD5. */
async function putInBlocks(name: string, content: string): Promise<void> {
  const blob = scene.behind.container(scene.container).getBlockBlobClient(name);
  await blob.stageBlock("MDE=", content, Buffer.byteLength(content));
  await blob.commitBlockList(["MDE="], { blobHTTPHeaders: { blobContentType: "application/json" } });
}

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 2, 3);
});
afterEach(() => scene[Symbol.asyncDispose]());

describe("a name that is taken in the target", () => {
  it("is a conflict when its content differs: reported, not overwritten, not announced", async () => {
    const taken = input.at(1);
    await putBlob(scene, scene.container, taken.blobName, "something else");
    const result = await scene.run();
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("conflict: 1 file");
    expect(result.stdout).toContain(`work item ${taken.workItemId}, ${taken.fileName}`);
    expect(String(await scene.reader.read(scene.container, taken.blobName))).toBe("something else");
    const others = input.files.filter((file) => file !== taken);
    await expectAnnouncedOnce(scene, others);
    expect(figureOf(result.stdout, "copied")).toBe(others.length);

    await scene.behind.container(scene.container).deleteBlob(taken.blobName);
    expect((await scene.resume()).code).toBe(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, [taken]);
  });

  it("is a conflict when the content of the same length differs and there is no MD5", async () => {
    const taken = input.at(1);
    await putInBlocks(taken.blobName, taken.content.toUpperCase());
    const result = await scene.run();
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("conflict: 1 file");
    expect(String(await scene.reader.read(scene.container, taken.blobName))).toBe(
      taken.content.toUpperCase(),
    );
  });

  it("is success with the same content, also when the service keeps no MD5 of it", async () => {
    const there = input.at(2);
    await putInBlocks(there.blobName, there.content);
    const blob = scene.behind.container(scene.container).getBlobClient(there.blobName);
    const before = await blob.getProperties();
    expect(before.contentMD5).toBeUndefined();
    const result = await scene.run();
    expect(result.code).toBe(0);
    expect(figureOf(result.stdout, "already there")).toBe(1);
    await expectAnnouncedOnce(scene, input.files);
    expect((await blob.getProperties()).etag).toBe(before.etag);
  });

  it("is success with the same content, and is announced", async () => {
    const there = input.at(2);
    await putBlob(scene, scene.container, there.blobName, there.content);
    const result = await scene.run();
    expect(result.code).toBe(0);
    expect(figureOf(result.stdout, "already there")).toBe(1);
    expect(figureOf(result.stdout, "copied")).toBe(input.files.length - 1);
    await expectAnnouncedOnce(scene, input.files);
  });

  it("is success when our own put took it and the answer was lost", async () => {
    scene.proxy.fail({ operation: "put-blob", fault: { kind: "reset-after" }, times: 2 });
    const result = await scene.run();
    expect(result.code).toBe(0);
    expect(figureOf(result.stdout, "copied") + figureOf(result.stdout, "already there")).toBe(6);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });

  it("is success when our own block list took it and the answer was lost, and no block is lost", async () => {
    const bytes = randomBytes(9 * 2 ** 20);
    const large = { blobName: "large-l.json", md5: hash("md5", bytes, "base64") };
    const source = scene.behind.container(scene.source).getBlockBlobClient("large.json");
    await source.upload(bytes, bytes.length);
    const uri = `${scene.proxy.blobEndpoint}/${scene.source}/large.json`;
    await scene.write("failed_workitems.csv", `${csvOf(input)}j,w99\n`);
    await scene.write("listing.csv", `${listingOf(input)}j,w99,large,${uri},l.json\n`);
    for (const operation of ["put-block", "put-block-list"] as const) {
      scene.proxy.fail({ operation, fault: { kind: "reset-after" }, times: 1 });
    }
    const result = await scene.run();
    expect(result.code, result.stdout).toBe(0);
    await expectInTarget(scene, [...input.files, large]);
    await expectAnnouncedOnce(scene, [...input.files, large]);
  });

  it("is announced again when the answer to its announcement was lost", async () => {
    scene.proxy.fail({ operation: "put-message", fault: { kind: "reset-after" }, times: 1 });
    const result = await scene.run();
    expect(result.code).toBe(0);
    const names = (await scene.reader.takeAnnouncements(scene.queue)).map(({ blob_name }) => blob_name);
    expect(names).toHaveLength(input.files.length + 1);
    expect(new Set(names)).toEqual(new Set(input.files.map(({ blobName }) => blobName)));
  });
});
