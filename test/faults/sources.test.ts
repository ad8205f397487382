/** Links that ended, and sources that the target's service cannot read; signatures appear nowhere. */
import { readdir, readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget } from "../e2e/expectations.ts";
import { listingOf, makePlain, type PlainInput, sourceSas } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";

/** Each thread finds out by itself what an account cannot do (`npm run test:threads`). */
const THREADS = Number(process.env["TEST_THREADS"] ?? 1);

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 2, 3);
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Replaces the listing at once, as its owner should. */
async function renewListing(text: string): Promise<void> {
  await scene.write("new.csv", text);
  await rename(scene.path("new.csv"), scene.path("listing.csv"));
}

/** Does the work while the run's first read of a source waits; the run then ends with everything done. */
async function whileHeld(args: readonly string[], work: () => Promise<void>): Promise<void> {
  const gate = Promise.withResolvers<void>();
  scene.proxy.fail({ operation: "get-blob", fault: { kind: "hold", until: gate.promise } });
  const running = scene.startRun(args);
  while (scene.proxy.count("get-blob") === 0) await sleep(5);
  await work();
  scene.proxy.heal();
  gate.resolve();
  const result = await running.done;
  expect(result.code, result.stdout).toBe(0);
  await expectInTarget(scene, input.files);
  await expectAnnouncedOnce(scene, input.files);
}

describe("a link that ended", () => {
  it("is looked up again once and then fails as source-forbidden; a fresh listing and --resume finish the run", async () => {
    await scene.write("listing.csv", listingOf(input, await sourceSas(scene, -60)));
    const result = await scene.run();
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("source-forbidden: 6 files");
    // Both lookups gave the same link, so that nothing was worth a second try.
    expect(scene.proxy.count("get-blob")).toBe(input.files.length);

    await scene.write("listing.csv", listingOf(input, await sourceSas(scene, 3600)));
    const resumed = await scene.resume();
    expect(resumed.code, resumed.stdout).toBe(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });

  it("is replaced before it is used when the listing was written anew meanwhile", async () => {
    const ended = listingOf(input, await sourceSas(scene, -60)).split("\n");
    const fresh = listingOf(input, await sourceSas(scene, 3600));
    const ofFirst = fresh.split("\n").slice(0, 2);
    await scene.write("listing.csv", [...ofFirst, ...ended.slice(ofFirst.length)].join("\n"));
    await whileHeld(["--workitem-workers", "1", "--file-workers", "1"], () => renewListing(fresh));
    expect(scene.proxy.requests.filter(({ status }) => status === 403)).toEqual([]);
  });

  it("fails no file when it was renewed in time, though it was asked for in vain before that", async () => {
    input = await makePlain(scene, 1, 60);
    await scene.write("listing.csv", listingOf(input, await sourceSas(scene, 5)));
    const running = scene.startRun([
      "--workitem-workers",
      "1",
      "--file-workers",
      "1",
      "--max-requests",
      "20/s",
    ]);
    while (scene.proxy.count("get-blob") < 5) await sleep(5);
    await renewListing(listingOf(input, await sourceSas(scene, 3600)));
    const result = await running.done;
    expect(result.code, result.stdout).toBe(0);
    await expectInTarget(scene, input.files);
  });

  it("is replaced once it is refused when only its signature ended (a rolled key)", async () => {
    const fresh = listingOf(input, await sourceSas(scene, 3600));
    await scene.write("listing.csv", fresh.replaceAll(/sig=[^,]{8}/g, "sig=AAAAAAAA"));
    await whileHeld([], () => renewListing(fresh));
    expect(scene.proxy.requests.filter(({ status }) => status === 403)).toHaveLength(input.files.length);
  });

  it("leaves neither its signature nor the account's key anywhere", async () => {
    const sas = await sourceSas(scene, -60);
    const signature = new URLSearchParams(sas).get("sig") ?? "";
    const key = /AccountKey=([^;]+)/.exec(scene.proxy.connectionString)?.[1] ?? "";
    expect(signature.length).toBeGreaterThan(20);
    expect(key.length).toBeGreaterThan(20);
    await scene.write("listing.csv", listingOf(input, sas));
    const result = await scene.run(["--verbose", "--log-file", "run.log"]);
    expect(result.stdout).toContain("source-forbidden");
    const json = await scene.resume(["--verbose", "--output", "json", "--log-file", "run.log"]);
    expect(json.stdout).toContain("source-forbidden");

    const names = (await readdir(scene.folder)).filter((name) => name !== "listing.csv");
    expect(names).toEqual(expect.arrayContaining(["state.db", "run.log"]));
    const files = await Promise.all(
      names.map(async (name) => [name, (await readFile(scene.path(name))).toString("latin1")] as const),
    );
    const texts = [
      ...files,
      ["stdout", result.stdout + json.stdout],
      ["stderr", result.stderr + json.stderr],
    ];
    for (const secret of [signature, encodeURIComponent(signature), key, encodeURIComponent(key)]) {
      const holders = texts.filter(([, text]) => text?.includes(secret)).map(([name]) => name);
      expect(holders).toEqual([]);
    }
  });
});

describe("a source that the target's service cannot read (CannotVerifyCopySource)", () => {
  const cannotVerify = {
    operation: "put-blob-from-url",
    fault: { kind: "answer", status: 403, errorCode: "CannotVerifyCopySource" },
  } as const;

  it("is streamed when we can read it, and the service is not asked again about that account", async () => {
    scene.proxy.fail(cannotVerify);
    const result = await scene.run(["--workitem-workers", "1", "--file-workers", "1"]);
    expect(result.code, result.stdout).toBe(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
    const asked = scene.proxy.count("put-blob-from-url");
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(THREADS);
    expect(scene.proxy.count("put-blob")).toBe(input.files.length);
  });

  it("is blamed when we cannot read it either", async () => {
    const missing = input.at(0);
    await scene.behind.container(scene.source).getBlockBlobClient(missing.sourceName).delete();
    scene.proxy.fail({ ...cannotVerify, fault: { ...cannotVerify.fault, status: 404 } });
    const result = await scene.run(["--workitem-workers", "1", "--file-workers", "1"]);
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("source-not-found: 1 file");
    await expectInTarget(scene, input.files.slice(1));
  });
});
