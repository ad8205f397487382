/** Runs whose files come from a container or a local folder, through the built command line. */
import { hash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ContainerSASPermissions } from "@azure/storage-blob";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, summaryIn } from "./expectations.ts";
import { putBlob } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

/** Two work items whose ids begin the same, and one without files. */
const CSV = "JobId,WorkItemId,WorkItemName\nj,1,one\nj,10,ten\nj,2,\n";
const FILES = ["j/1/a.json", "j/1/sub/b.json", "j/10/c.json"];
const WANTED = [
  { name: "j/1/a.json", blobName: "one-a.json" },
  { name: "j/1/sub/b.json", blobName: "one-b.json" },
  { name: "j/10/c.json", blobName: "ten-c.json" },
].map(({ name, blobName }) => ({ blobName, md5: hash("md5", contentOf(name), "base64") }));

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
  await scene.write("failed_workitems.csv", CSV);
});
afterEach(() => scene[Symbol.asyncDispose]());

function contentOf(name: string): string {
  return JSON.stringify({ name });
}

async function putFile(name: string): Promise<void> {
  const path = scene.path(`files/${name}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contentOf(name));
}

const runFrom = async (args: readonly string[], env: Record<string, string> = {}) =>
  scene.cli(
    [
      ...`run --csv failed_workitems.csv --state-db ${STATE} --output json`.split(" "),
      ...`--target-container ${scene.container} --queue ${scene.queue}`.split(" "),
      ...args,
    ],
    { env },
  );

describe("a run from a container", () => {
  it.each(["the account's key", "a SAS of its own"])(
    "copies and announces what lies below each work item's folder, read with %s",
    async (way) => {
      await Promise.all(FILES.map(async (name) => putBlob(scene, scene.source, name, contentOf(name))));
      await putBlob(scene, scene.source, "j/1/sub/", "");
      const url = `${scene.proxy.blobEndpoint}/${scene.source}`;
      const sasUrl = await scene.account.container(scene.source).generateSasUrl({
        permissions: ContainerSASPermissions.from({ read: true, list: true }),
        expiresOn: new Date(Date.now() + 3_600_000),
      });
      const { search: sas, searchParams } = new URL(sasUrl);
      // As `export REUPLOAD_SOURCE_SAS="$(...)"` of some shells leaves it.
      const env = way === "a SAS of its own" ? { REUPLOAD_SOURCE_SAS: ` ${sas}\r\n` } : {};
      const result = await runFrom(["--source-container", url], env);
      expect(result.code, result.stderr).toBe(0);
      expect(summaryIn(result)).toMatchObject({ rows: { completed: 2, empty: 1 }, files: { copied: 3 } });
      await expectInTarget(scene, WANTED);
      await expectAnnouncedOnce(scene, WANTED);
      const told = result.stdout + result.stderr + (await scene.read(STATE));
      expect(told).not.toContain(searchParams.get("sig"));
      expect(told).not.toContain(encodeURIComponent(searchParams.get("sig") ?? ""));

      const again = await scene.cli(["run", "--resume", "--state-db", STATE], { env });
      expect(again.code, again.stderr).toBe(0);
      await expectAnnouncedOnce(scene, []);
    },
  );

  it("is refused before anything is made when the container is not there, or a SAS is in its URL", async () => {
    const url = `${scene.proxy.blobEndpoint}/${scene.account.uniqueName()}`;
    const missing = await runFrom(["--source-container", url]);
    expect(missing).toMatchObject({ code: 2 });
    const sas = await runFrom(["--source-container", `${url}?sv=1&sig=c2VjcmV0`]);
    expect(sas).toMatchObject({ code: 2 });
    expect(sas.stdout + sas.stderr).not.toContain("c2VjcmV0");
    await expect(scene.read(STATE)).rejects.toThrow("ENOENT");
  });
});

describe("a run from a folder", () => {
  it("copies and announces what lies below each work item's folder, and on resume what was changed meanwhile", async () => {
    await Promise.all(FILES.map(putFile));
    const first = await runFrom(["--source-dir", "files"]);
    expect(first.code, first.stderr).toBe(0);
    await expectInTarget(scene, WANTED);
    await expectAnnouncedOnce(scene, WANTED);
    // From another folder: the state keeps where the files are.
    await putFile("j/2/late.json");
    const late = [{ blobName: "2-late.json", md5: hash("md5", contentOf("j/2/late.json"), "base64") }];
    const again = await scene.cli(["run", "--resume", "--state-db", scene.path(STATE)], { cwd: "/" });
    expect(again.code, again.stderr).toBe(0);
    await expectInTarget(scene, [...WANTED, ...late]);
    await expectAnnouncedOnce(scene, late);
  });

  it("with a filter says what it leaves out, keeps to it on resume, and verify knows it", async () => {
    const left = ["j/1/a.tmp", "j/1/sub/.b.json", "j/2/only.tmp"];
    await Promise.all([...FILES, ...left].map(putFile));
    // Blobs of their names are in the target: nothing of this run, and nothing extra.
    await putBlob(scene, scene.container, "one-a.tmp", contentOf("j/1/a.tmp"));
    const filter = ["--include", "*.json", "--include", "sub/**", "--exclude", ".*", "--newer-than", "1h"];
    const limited = await runFrom(["--source-dir", "files", ...filter, "--on-empty", "fail", "--limit", "1"]);
    expect(limited.code, limited.stderr).toBe(0);
    const resume = ["run", "--resume", "--state-db", STATE];
    const other = await scene.cli([...resume, "--exclude", "*.xml"]);
    expect(other.code).toBe(3);
    expect(other.stderr).toContain(
      'filter: the state has --include "*.json" --include "sub/**" --exclude ".*" --newer-than 1h, this command --include "*.json" --include "sub/**" --exclude "*.xml" --newer-than 1h',
    );
    const again = await scene.cli([...resume, "--output", "json", "--newer-than", "60m"]);
    expect(again.code, again.stderr).toBe(0);
    const summary = summaryIn(again);
    expect(summary["filter"]).toMatch(/^--include "\*\.json" .* --newer-than 1h \(before 2.*Z\)$/);
    expect(summary).toMatchObject({
      rows: { completed: 3, empty: 0, failed: 0 },
      files: { total: 3, copied: 3 },
      leftOut: 3,
    });
    await expectAnnouncedOnce(scene, WANTED);
    const status = await scene.cli(["status", "--state-db", STATE]);
    expect(status.stdout).toContain("files=3 files_are_known=yes files_done=3");
    expect(status.stdout).toContain("files_left_out=3");
    const report = await scene.cli(["report", "--state-db", STATE]);
    expect(report.stdout).toContain('3 files left out by --include "*.json"');
    const verified = await scene.cli(["verify", "--state-db", STATE, "--output", "json"]);
    expect(verified.code, verified.stderr).toBe(0);
    expect(JSON.parse(verified.stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      verdict: "proven",
      workItems: { verified: 3, empty: 0 },
      files: { total: 6, sameByLength: 3, missing: 0, leftOut: 3 },
      extra: { blobs: 0 },
    });
    // Compared with other files than those of the run, it says why it may find something.
    const unlike = await scene.cli(["verify", "--state-db", STATE, "--exclude", "a.json"]);
    expect(unlike.stderr).toContain(
      'the run takes the files of --include "*.json" --include "sub/**" --exclude ".*" --newer-than 1h, this verification those of --include "*.json" --include "sub/**" --exclude "a.json" --newer-than 1h',
    );
  });

  it("reports files that it cannot use and copies the others", async () => {
    await Promise.all(FILES.map(putFile));
    await writeFile(Buffer.from(`${scene.path("files/j/1/")}caf\xe9.json`, "latin1"), "x");
    const result = await runFrom(["--source-dir", "files"]);
    expect(result.code, result.stderr).toBe(1);
    expect(summaryIn(result)).toMatchObject({
      rows: { completed: 1, failed: 1, empty: 1 },
      files: { copied: 3, failed: 0 },
      failures: [{ code: "catalog-error", workItems: 1 }],
    });
    await expectInTarget(scene, WANTED);
  });

  it("never reads a file: link of a listing", async () => {
    await writeFile(scene.path("secret.json"), "secret");
    await scene.write(
      "listing.csv",
      `JobId,WorkItemId,WorkItemName,Uri,FileName\nj,1,,file://${scene.path("secret.json")},a.json\n`,
    );
    const result = await runFrom(["--files", "listing.csv"]);
    expect(result.code, result.stderr).toBe(1);
    await expectInTarget(scene, []);
  });
});
