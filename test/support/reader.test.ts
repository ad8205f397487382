import { createHash, randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { emulator } from "./azurite.ts";
import { readerOf } from "./reader.ts";

const md5 = (content: Buffer): string => createHash("md5").update(content).digest("base64");

it("the reader reads a container's blobs with their types, metadata, MD5s and bytes, whatever their names are", async () => {
  const container = await emulator().newContainer();
  const name = 'a b/Größe 90% <x> & "y" + #1 (結果)?.json';
  const content = randomBytes(5000);
  await container.getBlockBlobClient(name).upload(content, content.length, {
    blobHTTPHeaders: { blobContentType: "application/json", blobContentEncoding: "gzip" },
    metadata: { Origin: "test" },
  });
  const uncommitted = container.getBlockBlobClient("uncommitted");
  await uncommitted.stageBlock("MDE=", "x", 1);
  const bare = container.getBlockBlobClient("bare");
  await bare.stageBlock("MDE=", "y", 1);
  await bare.commitBlockList(["MDE="]);

  const reader = readerOf(emulator().connectionString);
  const found = await reader.hashAll(container.containerName);
  expect([...found.keys()].sort()).toEqual([name, "bare"]);
  expect(found.get(name)).toEqual({
    name,
    length: 5000,
    contentType: "application/json",
    contentEncoding: "gzip",
    contentMd5: md5(content),
    metadata: { origin: "test" },
    bytes: 5000,
    md5: md5(content),
  });
  expect(found.get("bare")).toMatchObject({ contentMd5: "", md5: md5(Buffer.from("y")) });
  expect(await reader.read(container.containerName, name)).toEqual(content);
  await expect(reader.read(container.containerName, "none")).rejects.toThrow("404");
});

it("the reader lists more blobs than a page holds", async () => {
  const container = await emulator().newContainer();
  const names = Array.from({ length: 25 }, (_, index) => `blob-${index}`);
  await Promise.all(names.map((name) => container.getBlockBlobClient(name).upload("x", 1)));
  const listed = await readerOf(emulator().connectionString).list(container.containerName, { pageSize: 10 });
  expect([...listed.keys()].sort()).toEqual(names.sort());
});

it("the reader takes each announcement of a queue once", async () => {
  const queue = await emulator().newQueue();
  const announcements = Array.from({ length: 70 }, (_, index) => ({
    container_name: "results",
    blob_name: `Größe <${index}>.json`,
  }));
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");
  await Promise.all(announcements.map((announcement) => queue.sendMessage(encode(announcement))));
  const reader = readerOf(emulator().connectionString);
  const taken = await reader.takeAnnouncements(queue.name);
  const sorted = (values: { blob_name: string }[]) => values.map((value) => value.blob_name).sort();
  expect(sorted(taken)).toEqual(sorted(announcements));
  await queue.sendMessage("later & <more>");
  expect(await reader.takeTexts(queue.name)).toEqual(["later & <more>"]);
});
