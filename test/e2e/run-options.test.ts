/** Options that let a run do less than all, or nothing: --limit, --sample, --max-failures, --dry-run; and changed inputs. */
import { createHash } from "node:crypto";
import { readdir, readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AccountSASPermissions, BlobServiceClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readState } from "../../src/state/sqlite/read-state.ts";
import { expectAnnouncedOnce, expectInTarget, figureOf, summaryIn } from "./expectations.ts";
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
import { type Scene, startScene, STATE } from "./scene.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

let scene: Scene;
let input: PlainInput;

describe("a run of a part of the work items", () => {
  beforeEach(async () => {
    scene = await startScene();
    input = await makePlain(scene, 6, 2);
  });
  afterEach(() => scene[Symbol.asyncDispose]());

  it("takes the first pending ones with --limit, some spread over the CSV with --sample; it exits with 0 and a resume does the rest", async () => {
    const limited = await scene.run(["--limit", "2"]);
    expect(limited.code, limited.stderr).toBe(0);
    expect(limited.stdout).toContain("--limit 2");
    expect(figureOf(limited.stdout, "left")).toBe(4);
    expect(limited.stdout).toContain(`reupload run --resume --state-db ${STATE}`);
    await expectInTarget(scene, input.files.slice(0, 4));

    const sampled = await scene.resume(["--sample", "2"]);
    expect(sampled.code, sampled.stderr).toBe(0);
    const of = (id: string) => input.files.filter(({ workItemId }) => workItemId === id);
    // Of w03 to w06, the last of each half.
    await expectInTarget(scene, [...input.files.slice(0, 4), ...of("w04"), ...of("w06")]);

    const rest = await scene.resume();
    expect(rest.code, rest.stderr).toBe(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });
});

describe("--max-failures", () => {
  beforeEach(async () => {
    scene = await startScene();
  });
  afterEach(() => scene[Symbol.asyncDispose]());

  it("stops the run early with exit code 5 and the evidence, and the run can be resumed", async () => {
    // 30 sources of 130 are missing, the first of the CSV.
    input = planPlain(scene, 13, 10);
    await scene.write("failed_workitems.csv", csvOf(input));
    await scene.write("listing.csv", listingOf(input));
    const missing = input.files.slice(0, 30);
    await Promise.all(input.files.slice(30).map((file) => putSource(scene, file)));
    const stopped = await scene.run(["--max-failures", "10%"]);
    expect(stopped.code, stopped.stderr).toBe(5);
    expect(stopped.stdout).toMatch(
      /^Stopped early, too many failures: 30 of the 1\d\d files that came to an end/,
    );
    expect(stopped.stderr).toMatch(/error: More failed than --max-failures allows: 30 of the 1\d\d files/);
    expect(stopped.stdout).toContain("source-not-found: 30 files");
    expect(stopped.stdout).toContain(`reupload run --resume --state-db ${STATE}`);
    expect(figureOf(stopped.stdout, "left")).toBeGreaterThan(0);
    await Promise.all(missing.map((file) => putSource(scene, file)));
    const resumed = await scene.resume();
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });
});

/** Names and content of everything in the folder. */
async function picture(): Promise<Record<string, string>> {
  const names = (await readdir(scene.folder)).sort();
  const entries = names.map(async (name) => {
    const digest = createHash("sha256").update(await readFile(scene.path(name)));
    return [name, digest.digest("hex")] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The dry-run event of a run with these arguments, after which everything is as it was before. */
async function dryRun(args: readonly string[], env: Record<string, string> = {}) {
  const before = { files: await picture(), blobs: await scene.reader.list(scene.container) };
  const result = await scene.cli([...args, "--dry-run", "--output", "json"], { env });
  expect(await picture()).toEqual(before.files);
  expect(await scene.reader.list(scene.container)).toEqual(before.blobs);
  expect(await scene.reader.takeAnnouncements(scene.queue)).toEqual([]);
  const last = result.stdout.trimEnd().split("\n").at(-1) ?? "";
  return { ...result, report: JSON.parse(last) as Record<string, unknown> };
}

describe("--dry-run", () => {
  const inputs = "run --csv failed_workitems.csv --files listing.csv --state-db state.db".split(" ");
  const run = () => [...inputs, "--target-container", scene.container, "--queue", scene.queue];
  beforeAll(async () => {
    scene = await startScene();
    input = await makePlain(scene, 4, 2);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  it("says what the run will do and touches nothing; exit 0, and 1 when something is in the way", async () => {
    const clear = await dryRun(run());
    expect(clear.code, clear.stderr).toBe(0);
    expect(clear.report).toMatchObject({
      type: "dry-run",
      verdict: "ready",
      workItems: { completed: 4 },
      files: { total: 8, toTransfer: 8, toAnnounceOnly: 0, failed: 0 },
      sample: { looked: 8, absent: 8, same: 0, different: 0, unreadable: 0 },
      rights: { mayWrite: true, maySend: true },
    });
    // One is there already, one with other content, one has no source, two want one name.
    await putBlob(scene, scene.container, input.at(0).blobName, input.at(0).content);
    await putBlob(scene, scene.container, input.at(2).blobName, "other");
    await scene.behind.container(scene.source).getBlockBlobClient(input.at(4).sourceName).delete();
    const { uri } = input.at(1);
    await scene.write("listing.csv", `${listingOf(input)}j,w04,name-w04,${uri},deep/f2.json\n`);
    const odd = await dryRun(run());
    expect(odd.code, odd.stderr).toBe(1);
    expect(odd.report).toMatchObject({
      verdict: "problems",
      files: { total: 9, toTransfer: 8, failed: 1 },
      failures: [{ code: "name-collision", files: 1 }],
      sample: { looked: 8, absent: 5, same: 1, different: 1, unreadable: 1 },
    });
    const text = await scene.cli([...run(), "--dry-run"]);
    expect(text.stdout).toMatch(/^Dry run: nothing was copied, announced or recorded\./);
    const real = await scene.run();
    expect(real.code).toBe(1);
    expect(summaryIn(await scene.resume(["--no-retry-failed", "--output", "json"]))).toMatchObject({
      files: { total: 9, copied: 5, alreadyThere: 1, failed: 3 },
    });
    await scene.reader.takeAnnouncements(scene.queue);
  });

  it("says what is left for a resume, on a copy of the state", async () => {
    await putSource(scene, input.at(4));
    const { code, report, stderr } = await dryRun(["run", "--resume", "--state-db", STATE]);
    expect(code, stderr).toBe(1);
    expect(report).toMatchObject({
      files: { total: 9, toTransfer: 2, failed: 1 },
      sample: { looked: 2, absent: 1, different: 1 },
    });
  });

  it("says what --create-missing would create, and looks at the sources all the same", async () => {
    const container = `${scene.container}-new`;
    const fresh = [...inputs.slice(0, -1), "new.db", "--create-missing", "--target-container", container];
    const one = await dryRun([...fresh, "--queue", scene.queue]);
    expect(one.code, one.stderr).toBe(1);
    expect(one.report).toMatchObject({
      toCreate: [`container ${container}`],
      sample: { looked: 8, absent: 8, unreadable: 0 },
      rights: null,
    });
    const both = await dryRun([...fresh, "--queue", `${scene.queue}-new`]);
    expect(both.report).toMatchObject({
      toCreate: [`container ${container}`, `queue ${scene.queue}-new`],
    });
    await scene.behind.container(scene.source).getBlockBlobClient(input.at(0).sourceName).delete();
    const lost = await dryRun([...fresh, "--no-queue"]);
    expect(lost.report).toMatchObject({
      toCreate: [`container ${container}`],
      sample: { looked: 8, absent: 7, unreadable: 1 },
    });
  });

  it("exits with 4 when this sign-in may not write", async () => {
    const account = BlobServiceClient.fromConnectionString(scene.account.connectionString);
    const mayRead = AccountSASPermissions.parse("rl");
    const url = account.generateAccountSasUrl(new Date(Date.now() + 3_600_000), mayRead, "sco");
    const sas = url.slice(url.indexOf("?") + 1);
    const { blobEndpoint, queueEndpoint } = scene.account;
    const parts = [`BlobEndpoint=${blobEndpoint}`, `QueueEndpoint=${queueEndpoint}`];
    const env = { AZURE_STORAGE_CONNECTION_STRING: `${parts.join(";")};SharedAccessSignature=${sas}` };
    const target = ["--state-db", "other.db", "--no-queue"];
    const { code, report, stdout } = await dryRun([...run(), ...target], env);
    expect(code, stdout).toBe(4);
    expect(report).toMatchObject({ verdict: "no-rights", rights: { mayWrite: false, maySend: null } });
  });
});

describe("a listing that changes between starts", () => {
  beforeEach(async () => {
    scene = await startScene();
  });
  afterEach(() => scene[Symbol.asyncDispose]());

  it("has its new files copied and reported together with those that vanished, and nothing else is done again", async () => {
    // 80 files, to which 3 come and of which 2 go.
    input = await makePlain(scene, 4, 20);
    const first = await scene.run();
    expect(first.code, first.stderr).toBe(0);
    await expectAnnouncedOnce(scene, input.files);
    const added = [1, 2, 3].map((n) => {
      const file = input.at(n);
      return { ...file, fileName: `new${n}.json`, blobName: `name-w01-new${n}.json` };
    });
    await scene.write("listing.csv", listingOf({ ...input, files: [...input.files, ...added] }));
    scene.proxy.forget();
    const grown = await scene.resume(["--output", "json"]);
    expect(grown.code, grown.stderr).toBe(0);
    expect(summaryIn(grown)).toMatchObject({
      verdict: "completed",
      files: { total: 83, copied: 83 },
      drift: { workItems: 1, filesAdded: 3, filesVanished: 0 },
    });
    expect(scene.proxy.count("put-blob")).toBe(3);
    await expectAnnouncedOnce(scene, added);

    const less = [...input.files.slice(0, 78), ...added];
    await scene.write("listing.csv", listingOf({ ...input, files: less }));
    scene.proxy.forget();
    const shrunk = await scene.resume();
    expect(shrunk.stdout).toContain("1 work item changed since an earlier lookup.\n");
    expect(shrunk.stdout).toContain("2 files of an earlier lookup no longer in the catalog.\n");
    expect(shrunk.code, shrunk.stderr).toBe(1);
    expect(scene.proxy.count("put-blob", "put-message")).toBe(0);
  });
});

describe("links that end", () => {
  beforeEach(async () => {
    scene = await startScene();
    input = await makePlain(scene, 3, 2);
  });
  afterEach(() => scene[Symbol.asyncDispose]());

  it("are used first when they end soonest, as soon as that is known", async () => {
    const soon = await sourceSas(scene, 2 * 3600);
    const late = await sourceSas(scene, 30 * 3600);
    const lines = listingOf(input, late).replaceAll(
      /(\/w03\/f\d\.json)\?[^,]*/g,
      (_, path) => `${path}${soon}`,
    );
    await scene.write("listing.csv", lines);
    const gate = Promise.withResolvers<void>();
    const hold = { kind: "hold", until: gate.promise } as const;
    scene.proxy.fail({ operation: "get-blob", fault: hold, times: 1 });
    const running = scene.startRun(["--workitem-workers", "1", "--file-workers", "1"]);
    while (scene.proxy.count("get-blob") < 1) await sleep(5);
    const reader = await readState(REAL_SURROUNDINGS, scene.path(STATE));
    while ((await reader.read()).summary.notSurveyed > 0) await sleep(5);
    gate.resolve();
    const result = await running.done;
    expect(result.code, result.stderr).toBe(0);
    const puts = scene.proxy.requests.filter(({ operation }) => operation === "put-blob");
    // The first one is taken before anything is known.
    const order = [0, 1, 4, 5, 2, 3].map((place) => `${scene.container}/${input.at(place).blobName}`);
    expect(puts.map(({ name }) => name)).toEqual(order);
  });

  it("are renewed during the run from a listing that was replaced, and no file fails", async () => {
    const gate = Promise.withResolvers<void>();
    const short = await sourceSas(scene, 60);
    await scene.write("listing.csv", listingOf(input, short));
    // The first source is held until the listing is a new one.
    const hold = { kind: "hold", until: gate.promise } as const;
    scene.proxy.fail({ operation: "get-blob", fault: hold, times: 1 });
    const running = scene.startRun(["--workitem-workers", "1", "--file-workers", "1"]);
    while (scene.proxy.count("get-blob") < 1) await sleep(5);
    await scene.write("listing.next", listingOf(input, await sourceSas(scene, 24 * 3600)));
    await rename(scene.path("listing.next"), scene.path("listing.csv"));
    gate.resolve();
    const result = await running.done;
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/\d links? renewed/);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });
});
