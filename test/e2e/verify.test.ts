/** A verification finds what was damaged after the run, whichever way the files got there, and a repair mends it. */
import { createHash, hash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { BlockBlobUploadOptions } from "@azure/storage-blob";
import { describe, expect, it } from "vitest";
import { choosePartition } from "../../src/core/partition.ts";
import type { CliResult } from "../support/run-cli.ts";
import { announcementsOf, expectAnnouncedOnce } from "./expectations.ts";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

interface InputFile {
  readonly workItemId: string;
  readonly partition: number;
  readonly content: Buffer;
  readonly blobName: string;
}

/** Two work items of three files in each of three partitions. The third partition's first file goes up in blocks. */
async function makeInput(scene: Scene): Promise<readonly InputFile[]> {
  const names = [0, 1, 2].flatMap((partition) =>
    Array.from({ length: 40 }, (_, place) => `w${place}`)
      .filter((id) => choosePartition(id, 3) === partition)
      .slice(0, 2),
  );
  const files = names.flatMap((workItemId, item) =>
    [0, 1, 2].map((place) => {
      const partition = choosePartition(workItemId, 3);
      const isLarge = partition === 2 && place === 0;
      const content = Buffer.alloc(isLarge ? 8 * 2 ** 20 + 1 : 1_000, `${item} ${place} `);
      const fileName = `f${place}.json`;
      return { workItemId, partition, content, fileName, blobName: `name-${workItemId}-${fileName}` };
    }),
  );
  const source = scene.behind.container(scene.source);
  await Promise.all(
    files.map(async ({ workItemId, fileName, content }) =>
      source.getBlockBlobClient(`${workItemId}/${fileName}`).upload(content, content.length),
    ),
  );
  const rows = names.map((id) => `j,${id},name-${id}\n`).join("");
  await scene.write("failed_workitems.csv", `JobId,WorkItemId,WorkItemName\n${rows}`);
  const listed = files.map(({ workItemId, fileName, content }) => {
    const uri = `${scene.proxy.blobEndpoint}/${scene.source}/${workItemId}/${fileName}`;
    const facts = `${content.length},${hash("md5", content, "base64")}`;
    return `j,${workItemId},name-${workItemId},${uri},${fileName},${facts}\n`;
  });
  const header = "JobId,WorkItemId,WorkItemName,Uri,FileName,Length,ContentMD5\n";
  await scene.write("listing.csv", header + listed.join(""));
  return files;
}

/** Carries out Put Blob From URL as the service does; the emulator does not know the call. */
function knowServerCopy(scene: Scene): void {
  scene.proxy.fail({
    operation: "put-blob-from-url",
    fault: {
      kind: "instead",
      status: 201,
      async work({ url, headers }) {
        const [, , container = "", ...name] = new URL(url, "http://localhost").pathname.split("/");
        const source = await fetch(String(headers["x-ms-copy-source"]));
        const content = Buffer.from(await source.arrayBuffer());
        const blob = scene.behind.container(container).getBlockBlobClient(name.join("/"));
        const { etag = "" } = await blob.upload(content, content.length, {
          blobHTTPHeaders: {
            blobContentType: String(headers["x-ms-blob-content-type"]),
            blobContentMD5: createHash("md5").update(content).digest(),
          },
        });
        const date = new Date().toUTCString();
        return { etag, date, "last-modified": date, "x-ms-request-id": "copied" };
      },
    },
  });
}

/**
 * Damages the files of each partition in every way.
 *
 * @returns by blob name what a verification must find; `lying` by reading the bytes alone
 */
async function damage(scene: Scene, files: readonly InputFile[]): Promise<Map<string, string>> {
  const blob = (name: string) => scene.behind.container(scene.container).getBlockBlobClient(name);
  const type = { blobContentType: "application/json" };
  const put = async (name: string, content: Buffer, options: BlockBlobUploadOptions = {}) => {
    await blob(name).upload(content, content.length, { blobHTTPHeaders: type, ...options });
  };
  const withOtherByte = (content: Buffer) =>
    Buffer.from(content.map((byte, at) => (at === 0 ? byte ^ 1 : byte)));
  const planted = new Map<string, string>();
  for (const partition of [0, 1, 2]) {
    const own = files.filter((file) => file.partition === partition);
    const [changed, gone, short, , typed, lying] = own;
    if (!changed || !gone || !short || !typed || !lying) throw new Error("too few files");
    await put(changed.blobName, withOtherByte(changed.content));
    await blob(gone.blobName).delete();
    await put(short.blobName, short.content.subarray(1));
    await blob(typed.blobName).setHTTPHeaders({ blobContentType: "text/plain" });
    // Another byte under the MD5 of the true content: only who reads it knows.
    await put(lying.blobName, withOtherByte(lying.content));
    const blobContentMD5 = createHash("md5").update(lying.content).digest();
    await blob(lying.blobName).setHTTPHeaders({ ...type, blobContentMD5 });
    const extra = gone.blobName.replace("f1", "nobodys");
    await put(extra, Buffer.from("{}"));
    for (const { blobName } of [changed, short, typed]) planted.set(blobName, "different");
    planted.set(gone.blobName, "missing").set(extra, "extra").set(lying.blobName, "lying");
  }
  return planted;
}

type Event = Readonly<Record<string, unknown>>;

function events({ stdout }: CliResult, type: string): Event[] {
  const all = stdout.trim().split("\n");
  return all.map((line) => JSON.parse(line) as Event).filter((event) => event["type"] === type);
}

/** What was found, by blob name. */
function foundIn(result: CliResult): Record<string, string> {
  const found = events(result, "finding").map((event): [string, string] => [
    String(event["blobName"]),
    String(event["kind"]),
  ]);
  return Object.fromEntries(found);
}

describe("reupload verify", () => {
  it("finds each kind of damage after runs by stream, server copy and blocks, and a repair mends it", async () => {
    await using scene = await startScene(undefined, { coordinated: true });
    const files = await makeInput(scene);
    knowServerCopy(scene);
    // The second partition announces in a queue of its own.
    const second = `${scene.queue}-b`;
    await scene.behind.queue(second).create();
    for (const [partition, way] of ["stream", "server", "stream"].entries()) {
      const share = ["--partition", String(partition), "--total-partitions", "3"];
      const how = ["--transfer", way, "--queue", `${scene.queue},${second}`];
      const run = await scene.run(["--state-db", `m${partition}.db`, ...share, ...how]);
      expect(run.code, run.stdout).toBe(0);
    }
    for (const way of ["put-blob", "put-blob-from-url", "put-block"] as const) {
      expect(scene.proxy.count(way)).toBeGreaterThan(0);
    }
    const announced = async () => [
      [...(await announcementsOf(scene)).keys()],
      (await scene.reader.takeAnnouncements(second)).map(({ blob_name }) => blob_name),
    ];
    await announced();
    scene.proxy.forget();
    const states = [0, 1, 2].flatMap((partition) => ["--state-db", `m${partition}.db`]);
    const planted = await damage(scene, files);
    const expected = (lying: string | undefined) =>
      Object.fromEntries(
        [...planted].flatMap(([name, kind]) =>
          kind !== "lying" ? [[name, kind]] : lying === undefined ? [] : [[name, lying]],
        ),
      );
    // Without states, and with them.
    const stateless = ["verify", "--csv", "failed_workitems.csv", "--files", "listing.csv"];
    const place = ["--target-container", scene.container, "--output", "json"];
    const shallow = await scene.cli([...stateless, ...place, "--export-missing", "missing.csv"]);
    expect(foundIn(shallow)).toEqual(expected(undefined));
    expect(shallow.code).toBe(1);
    expect(scene.proxy.count("get-blob-properties", "get-blob")).toBe(0);
    // It found the run in the account: three partitions, all done.
    expect(events(shallow, "verify-summary")[0]).toMatchObject({
      verdict: "damaged",
      record: { by: "account", totalPartitions: 3, workItemsDone: 6, open: [] },
    });
    expect((await scene.read("missing.csv")).trim().split("\n")).toHaveLength(1 + 6);
    const deep = ["verify", ...states, "--deep", "--output", "json"];
    const found = await scene.cli(deep);
    expect(foundIn(found)).toEqual(expected("different"));

    const repaired = await scene.cli([...deep, "--repair", "--on-conflict", "overwrite"]);
    expect(repaired.code, repaired.stdout + repaired.stderr).toBe(0);
    const sent = files.filter(({ blobName }) => planted.has(blobName));
    const names = (of: readonly number[]) =>
      sent.filter(({ partition }) => of.includes(partition)).map(({ blobName }) => blobName);
    const again = await announced();
    expect(again.map((some) => some.toSorted())).toEqual([names([0, 2]).toSorted(), names([1]).toSorted()]);
    const after = await scene.cli(deep);
    expect(events(after, "verify-summary")[0]).toMatchObject({
      verdict: "proven",
      files: { total: 18, sameByBytes: 18 },
      record: { by: "states", totalPartitions: 3, workItemsDone: 6, open: [] },
      cost: { lists: 6, looks: 0, reads: 36 },
    });
    expect(Object.values(foundIn(after))).toEqual(["extra", "extra", "extra"]);
    expect(after.code).toBe(0);
    expect(readdirSync(scene.folder).filter((name) => name.startsWith("reupload_verify"))).toEqual([]);
    expect(existsSync(scene.path("missing.csv"))).toBe(true);
  });
});

describe("a verification that is stopped", () => {
  it("is continued by the same command, which lists nothing again that was verified", async () => {
    await using scene = await startScene();
    await makePlain(scene, 40, 1);
    expect((await scene.run()).code).toBe(0);
    const place = [
      "--csv",
      "failed_workitems.csv",
      "--files",
      "listing.csv",
      "--target-container",
      scene.container,
    ];
    const gate = Promise.withResolvers<void>();
    scene.proxy.fail({
      operation: "list-blobs",
      query: { prefix: "name-w35-" },
      fault: { kind: "hold", until: gate.promise },
    });
    scene.proxy.forget();
    const running = scene.start(["verify", ...place]);
    const listed = () => scene.proxy.count("list-blobs");
    // 16 work items are one batch; those after the first two batches are under way.
    while (listed() < 40) await sleep(50);
    // What was answered is judged; nothing outside tells when.
    await sleep(1_000);
    const stopped = await running.kill("SIGINT");
    gate.resolve();
    scene.proxy.heal();
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stdout).toMatch(/^Stopped: Ctrl\+C\.$/m);
    expect(stopped.stdout).toContain(`reupload verify ${place.join(" ")}`);
    const before = listed();
    const result = await scene.cli(["verify", ...place]);
    const [, done] = /stopped: (\d+) of 40 work items are verified/.exec(result.stderr) ?? [];
    // Whole batches, as many as were through when the signal came.
    expect(["16", "32"]).toContain(done);
    expect(result.stdout).toContain("40 of 40 work items verified.");
    expect(result.code, result.stdout).toBe(0);
    expect(listed() - before).toBe(40 - Number(done));
    expect(readdirSync(scene.folder).filter((name) => name.startsWith("reupload_verify"))).toEqual([]);
  });
});

describe("reupload run", () => {
  it("--verify looks at what it has done at its end, and its exit code is that of both", async () => {
    await using scene = await startScene();
    await makePlain(scene, 3, 2);
    const good = await scene.run(["--verify"]);
    expect(good.stdout).toContain("Verification of what this state has completed: Proven.");
    expect(good.code, good.stderr).toBe(0);
    // What a later start finds out: somebody has removed a blob meanwhile.
    await scene.behind.container(scene.container).getBlockBlobClient("name-w01-f1.json").delete();
    const bad = await scene.resume();
    expect(bad.stdout).toContain("missing j/w01 f1.json -> name-w01-f1.json");
    expect(bad.code).toBe(1);
    expect((await scene.cli(["status", "--state-db", STATE])).code).toBe(1);
  });

  it("--canary does a part first, and goes on by itself only when nothing is wrong with it", async () => {
    await using scene = await startScene();
    const input = await makePlain(scene, 20, 2);
    const good = await scene.run(["--canary", "5%", "--output", "json"]);
    expect(good.code, good.stderr).toBe(0);
    const [canary] = events(good, "verify-summary");
    expect(canary).toMatchObject({ scope: "canary", depth: "bytes", verdict: "proven" });
    expect(canary).toMatchObject({ workItems: { verified: 1 }, files: { total: 2, sameByBytes: 2 } });
    expect(scene.proxy.count("put-blob")).toBe(input.files.length);
    await expectAnnouncedOnce(scene, input.files);

    // The listing names a container that is not there: what was to be a night's work ends after 5 % of it.
    const listing = await scene.read("listing.csv");
    await scene.write("wrong.csv", listing.replaceAll(scene.source, `not-${scene.source.slice(4)}`));
    scene.proxy.forget();
    const wrong = ["--state-db", "wrong.db", "--files", "wrong.csv", "--canary", "5%"];
    const bad = await scene.run([...wrong, "--target-container", scene.source]);
    expect(bad.code, bad.stderr).toBe(5);
    expect(bad.stdout).toContain("source-not-found: 2 files");
    expect(bad.stderr).toContain("The canary found what is wrong: failed work items: 1, failed files: 2.");
    expect(bad.stderr).toContain("reupload run --resume --state-db wrong.db");
    const status = await scene.cli(["status", "--state-db", "wrong.db"]);
    expect(status.code).toBe(5);
    expect(status.stdout).toContain("work_items_left=19");
  });
});
