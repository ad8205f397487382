import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { emulator } from "../support/azurite.ts";
import { expectAnnouncedOnce, expectInTarget, md5Of, type Scene } from "../support/scene.ts";
import { faultScene } from "./support.ts";

const targetBlob = ({ container }: Scene, name: string) =>
  emulator().container(container).getBlockBlobClient(name);

describe("what is already in the target", () => {
  it("is a conflict when its content differs: not overwritten, not announced, done after it is gone", async () => {
    await using setup = await faultScene({ workItems: 3, filesEach: 4 });
    const { scene, files, first } = setup;
    // Of the same length: only its MD5 tells.
    const foreign = randomBytes(first.length);
    const others = files.filter((file) => file !== first);
    const blob = targetBlob(scene, first.blobName);
    await blob.upload(foreign, foreign.length, { blobHTTPHeaders: { blobContentType: "application/json" } });

    const { code, summary } = await scene.summaryOf();
    expect(code).toBe(1);
    expect(summary).toMatchObject({
      files: { total: 12, copied: 11, failed: 1 },
      rows: { completed: 2, failed: 1 },
      failures: [{ code: "conflict", files: 1, samples: [{ fileName: first.fileName }] }],
    });
    await expectInTarget(scene, [...others, { ...first, md5: md5Of(foreign) }]);
    await expectAnnouncedOnce(scene, others);

    await blob.delete();
    expect((await scene.run(["--resume"])).code).toBe(0);
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
  });

  it("is success when it is the same, also when the service keeps no MD5 of it: left alone and announced", async () => {
    await using setup = await faultScene({ workItems: 3, filesEach: 4 });
    const { scene, files, first, proxy } = setup;
    const second = files[1] ?? first;
    const type = { blobHTTPHeaders: { blobContentType: "application/json" } };
    await targetBlob(scene, first.blobName).upload(first.content, first.length, type);
    // Put together from blocks: no MD5.
    await targetBlob(scene, second.blobName).stageBlock("MDE=", second.content, second.length);
    await targetBlob(scene, second.blobName).commitBlockList(["MDE="], type);
    const before = await targetBlob(scene, first.blobName).getProperties();

    const { code, summary } = await scene.summaryOf();
    expect(code).toBe(0);
    expect(summary.files).toMatchObject({ total: 12, copied: 10, alreadyThere: 2, failed: 0 });
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
    expect((await targetBlob(scene, first.blobName).getProperties()).etag).toBe(before.etag);
    expect(proxy.requests.filter(({ status }) => status === 409)).toHaveLength(2);
  });

  it("may be the run's own, when the answer of a successful put was lost", async () => {
    await using setup = await faultScene({ workItems: 3, filesEach: 4, large: [9 * 2 ** 20] });
    const { scene, files, proxy } = setup;
    proxy.fail({ operation: "put-blob", times: 3, fault: { kind: "reset-after" } });
    proxy.fail({ operation: "put-block", times: 1, fault: { kind: "reset-after" } });
    proxy.fail({ operation: "put-block-list", times: 1, fault: { kind: "reset-after" } });
    const { code, summary } = await scene.summaryOf();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ failures: [], rows: { completed: 3 }, files: { left: 0 } });
    expect(summary.thisStart.retries).toBeGreaterThanOrEqual(5);
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
  });
});

describe("a copy whose source the service cannot verify", () => {
  it("is streamed when we can read the source, and the service is asked no more for that account", async () => {
    await using setup = await faultScene({ workItems: 3, filesEach: 10 });
    const { scene, files, proxy } = setup;
    proxy.fail({
      operation: "put-blob-from-url",
      fault: { kind: "answer", status: 403, errorCode: "CannotVerifyCopySource" },
    });
    const { code } = await scene.summaryOf();
    expect(code).toBe(0);
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
    // At most the files that were under way before the first answer.
    expect(proxy.count("put-blob-from-url")).toBeLessThanOrEqual(8);
    expect(proxy.count("put-blob")).toBe(files.length);
  });

  it("is source-not-found when we cannot find it either", async () => {
    await using setup = await faultScene({ workItems: 2, filesEach: 3 });
    const { scene, files, first, proxy } = setup;
    proxy.fail({
      operation: "put-blob-from-url",
      fault: { kind: "answer", status: 404, errorCode: "CannotVerifyCopySource" },
    });
    await deleteSource(first.uri);
    const { code, summary } = await scene.summaryOf();
    expect(code).toBe(1);
    expect(summary.failures).toMatchObject([{ code: "source-not-found", files: 1 }]);
    await expectInTarget(
      scene,
      files.filter((file) => file !== first),
    );
  });
});

async function deleteSource(uri: string): Promise<void> {
  const [, , container = "", ...names] = new URL(uri).pathname.split("/");
  await emulator()
    .container(container)
    .deleteBlob(decodeURIComponent(names.join("/")));
}
