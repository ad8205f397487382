/** What an operator changes between starts, and the options that change what a run does. */
import { readdir, rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "./expectations.ts";
import {
  csvOf,
  listingOf,
  makePlain,
  planPlain,
  type PlainInput,
  putBlob,
  putSource,
  sourceSas,
} from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 3, 2);
});
afterEach(() => scene[Symbol.asyncDispose]());

const removeSource = (place: number) =>
  scene.behind.container(scene.source).getBlockBlobClient(input.at(place).sourceName).delete();

describe("a later start", () => {
  it("takes the rows that --update-csv adds and does only these", async () => {
    expect((await scene.run()).code).toBe(0);
    await expectAnnouncedOnce(scene, input.files);
    const grown = planPlain(scene, 5, 2);
    const added = grown.files.slice(input.files.length);
    await Promise.all(added.map((file) => putSource(scene, file)));
    await scene.write("failed_workitems.csv", csvOf(grown));
    await scene.write("listing.csv", listingOf(grown));
    scene.proxy.forget();
    const result = await scene.resume(["--update-csv"]);
    expect(result.code, result.stderr).toBe(0);
    await expectInTarget(scene, grown.files);
    await expectAnnouncedOnce(scene, added);
    expect(scene.proxy.count("put-blob")).toBe(added.length);
  });

  it("continues with the grown CSV, also when it stands in another file", async () => {
    expect((await scene.run()).code).toBe(0);
    const grown = planPlain(scene, 4, 2);
    await scene.write("grown.csv", csvOf(grown));
    await scene.write("listing.csv", listingOf(grown));
    const lacking = await scene.resume(["--csv", "grown.csv", "--update-csv"]);
    expect(lacking.code, lacking.stderr).toBe(1);
    await Promise.all(grown.files.slice(input.files.length).map((file) => putSource(scene, file)));
    // As the summary says, from another folder, and with nothing but the state.
    const { code, stderr } = await scene.cli(["run", "--resume", "--state-db", scene.path("state.db")], {
      cwd: "/",
    });
    expect(code, stderr).toBe(0);
    await expectInTarget(scene, grown.files);
  });

  it("looks up work items without files again", async () => {
    const [header = ""] = listingOf(input).split("\n");
    const others = listingOf(input)
      .split("\n")
      .filter((row) => !row.includes(input.at(0).workItemId));
    expect(others[0]).toBe(header);
    await scene.write("listing.csv", others.join("\n"));
    const first = await scene.run();
    expect(figureOf(first.stdout, "empty")).toBe(1);
    await scene.write("listing.csv", listingOf(input));
    const second = await scene.resume();
    expect(second.code, second.stderr).toBe(0);
    await expectInTarget(scene, input.files);
  });

  it("recognises the CSV after a spreadsheet: re-ordered, CRLF, byte order mark, quotes, another delimiter", async () => {
    expect((await scene.run()).code).toBe(0);
    const [, ...rows] = (await scene.read("failed_workitems.csv")).trimEnd().split("\n");
    const odd = rows.toReversed().map((row) =>
      row
        .split(",")
        .map((field) => `"${field}"`)
        .join(";"),
    );
    await scene.write("failed_workitems.csv", `\uFEFFJOB_ID;"Work Item Id"\r\n${odd.join("\r\n")}\r\n`);
    scene.proxy.forget();
    const result = await scene.resume();
    expect(result.code, result.stderr).toBe(0);
    expect(scene.proxy.count("put-blob", "put-message")).toBe(0);
  });

  it("has its settings from the state and continues without the CSV", async () => {
    await removeSource(0);
    const first = await scene.run([
      "--name-template",
      "{workItemId}/{fileName}",
      "--content-type",
      "text/x-odd",
    ]);
    expect(first.code).toBe(1);
    await putSource(scene, input.at(0));
    await rm(scene.path("failed_workitems.csv"));
    const result = await scene.resume();
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/the CSV \(.*failed_workitems\.csv\) does not exist any more/);
    const blobs = await scene.reader.list(scene.container);
    expect([...blobs.keys()].sort()).toEqual(input.files.map((file) => file.sourceName).sort());
    expect(new Set([...blobs.values()].map(({ contentType }) => contentType))).toEqual(
      new Set(["text/x-odd"]),
    );
  });

  it("retries only the failures that --retry-failed names, and none with --no-retry-failed", async () => {
    await removeSource(0);
    await putBlob(scene, scene.container, input.at(1).blobName, "other");
    const first = await scene.run();
    expect(first.stdout).toContain("source-not-found: 1 file");
    expect(first.stdout).toContain("conflict: 1 file");
    await putSource(scene, input.at(0));
    scene.proxy.forget();

    const none = await scene.resume(["--no-retry-failed"]);
    expect(none.code).toBe(1);
    expect(scene.proxy.count("get-blob", "put-blob", "get-blob-properties")).toBe(0);

    const some = await scene.resume(["--retry-failed", "source-not-found"]);
    expect(some.code).toBe(1);
    expect(some.stdout).not.toContain("source-not-found");
    expect(some.stdout).toContain("conflict: 1 file");
    const puts = scene.proxy.requests.filter(({ operation }) => operation === "put-blob");
    expect(puts.map(({ name }) => name)).toEqual([`${scene.container}/${input.at(0).blobName}`]);

    const overwritten = await scene.resume(["--on-conflict", "overwrite"]);
    expect(overwritten.code, overwritten.stdout).toBe(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });
});

describe("a run with options", () => {
  it("leaves the blob as it is with --on-conflict skip, and that is no failure", async () => {
    await putBlob(scene, scene.container, input.at(1).blobName, "other");
    const result = await scene.run(["--on-conflict", "skip"]);
    expect(result.code).toBe(0);
    expect(figureOf(result.stdout, "skipped")).toBe(1);
    expect(String(await scene.reader.read(scene.container, input.at(1).blobName))).toBe("other");
    await expectAnnouncedOnce(
      scene,
      input.files.filter((file) => file !== input.at(1)),
    );
  });

  it("fails work items without files with --on-empty fail", async () => {
    await scene.write("failed_workitems.csv", `${csvOf(input)}j,w77\n`);
    const reported = await scene.run(["--state-db", "a.db"]);
    expect(reported.code).toBe(0);
    expect(figureOf(reported.stdout, "empty")).toBe(1);
    const failed = await scene.run(["--state-db", "b.db", "--on-empty", "fail"]);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain("no-files: 1 work item");
  });

  it("still announces with --announce-existing never a blob so young that it may be the run's own", async () => {
    // As after a crash, or a put whose answer was lost: no announcement may be lost.
    await putBlob(scene, scene.container, input.at(0).blobName, input.at(0).content);
    const result = await scene.run(["--announce-existing", "never"]);
    expect(result.code).toBe(0);
    expect(figureOf(result.stdout, "already there")).toBe(1);
    await expectAnnouncedOnce(scene, input.files);
  });

  it("announces nothing with --no-queue and asks no queue", async () => {
    const result = await scene.run(["--no-queue"]);
    expect(result.code).toBe(0);
    await expectInTarget(scene, input.files);
    expect(scene.proxy.requests.filter(({ service }) => service === "queue")).toEqual([]);
  });

  it("lets an announcement live as long as --message-ttl says, and for ever without it", async () => {
    expect((await scene.run(["--state-db", "a.db", "--message-ttl", "2h"])).code).toBe(0);
    expect((await scene.run(["--state-db", "b.db"])).code).toBe(0);
    const ttls = scene.proxy.requests
      .filter(({ operation }) => operation === "put-message")
      .map(({ query }) => query.get("messagettl"));
    expect(new Set(ttls)).toEqual(new Set(["7200", "-1"]));
  });

  it("keeps the source's content type with --content-type source", async () => {
    expect((await scene.run(["--content-type", "source"])).code).toBe(0);
    const blobs = await scene.reader.list(scene.container);
    const types = new Set([...blobs.values()].map(({ contentType }) => contentType));
    expect(types).toEqual(new Set(["application/octet-stream"]));
  });

  it("makes the container and the queue with --create-missing", async () => {
    const [container, queue] = [scene.account.uniqueName(), scene.account.uniqueName()];
    const result = await scene.run(["--create-missing", "--target-container", container, "--queue", queue]);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain(`created the container ${container}`);
    expect((await scene.reader.list(container)).size).toBe(input.files.length);
  });

  it.each([
    ["report", 1, ["name-w01-f1.json"]],
    ["first", 0, ["name-w01-f1.json"]],
    ["path", 0, ["name-w01-b/f1.json", "name-w01-f1.json"]],
  ])("handles names that collide with --on-collision %s", async (what, exit, names) => {
    const [one, two] = [input.at(0), input.at(1)];
    await scene.write("failed_workitems.csv", "JobId,WorkItemId\nj,w01\n");
    await scene.write(
      "listing.csv",
      `JobId,WorkItemId,WorkItemName,Uri,FileName\nj,w01,name-w01,${one.uri},a/f1.json\nj,w01,name-w01,${two.uri},b/f1.json\n`,
    );
    const result = await scene.run(["--on-collision", what]);
    expect(result.code, result.stdout).toBe(exit);
    expect([...(await scene.reader.list(scene.container)).keys()]).toEqual(names);
    expect(result.stdout.includes("name-collision: 1 file")).toBe(what !== "path");
  });
});

it("a run with --emulator has its data beside the state and finds it again on resume", async () => {
  const alone = { env: { AZURE_STORAGE_CONNECTION_STRING: "" } };
  await scene.write("listing.csv", listingOf(input, await sourceSas(scene, 3600)));
  await removeSource(0);
  const first = await scene.run(["--emulator"], alone);
  expect(first.code, first.stderr).toBe(1);
  expect(figureOf(first.stdout, "copied")).toBe(input.files.length - 1);
  expect(first.stderr).toContain(`created the container ${scene.container}`);
  expect((await readdir(scene.path("state.emulator"))).length).toBeGreaterThan(0);

  await putSource(scene, input.at(0));
  const result = await scene.resume([], alone);
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).toContain("storage emulator: http://127.0.0.1:");
  expect(result.stderr).not.toContain("created the");
});
