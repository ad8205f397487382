/** Listings with links as people have them, through the built command line. */
import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, summaryIn } from "./expectations.ts";
import { putBlob, sourceSas } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
  await scene.write("failed_workitems.csv", "JobId,WorkItemId,WorkItemName\nj,1,one\n");
});
afterEach(() => scene[Symbol.asyncDispose]());

const NAMES = ["cjk-日本.json", "a b ü.json", "100%.json", "a#1.json", "[x]+y.json"];

it.each(["csv", "ndjson"])(
  "names that are not percent-encoded in a %s are copied, and a resume knows them",
  async (kind) => {
    await Promise.all(NAMES.map(async (name) => putBlob(scene, scene.source, name, name)));
    const sas = await sourceSas(scene, 3600);
    const rows = NAMES.map((name) => ({
      JobId: "j",
      WorkItemId: "1",
      Uri: `${scene.proxy.blobEndpoint}/${scene.source}/${name}${sas}`,
      FileName: name,
    }));
    const csv = `JobId,WorkItemId,Uri,FileName\n${rows.map((row) => `${Object.values(row).join(",")}\n`).join("")}`;
    const ndjson = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    await scene.write("listing.csv", kind === "csv" ? csv : ndjson);
    const result = await scene.run(["--output", "json"]);
    expect(result.code, result.stdout).toBe(0);
    expect(summaryIn(result)).toMatchObject({ files: { copied: NAMES.length } });
    const wanted = NAMES.map((name) => ({ blobName: `one-${name}`, md5: hash("md5", name, "base64") }));
    await expectInTarget(scene, wanted);
    await expectAnnouncedOnce(scene, wanted);
    const again = await scene.resume(["--output", "json"]);
    expect(again.code, again.stdout).toBe(0);
    await expectAnnouncedOnce(scene, []);
  },
);

it("a gzip blob arrives with its encoding, as JSON", async () => {
  const body = gzipSync("{}");
  const headers = { blobContentType: "application/x-thing", blobContentEncoding: "gzip" };
  await scene.behind
    .container(scene.source)
    .getBlockBlobClient("a.json")
    .upload(body, body.length, { blobHTTPHeaders: headers });
  const uri = `${scene.proxy.blobEndpoint}/${scene.source}/a.json`;
  await scene.write("listing.csv", `JobId,WorkItemId,Uri,FileName\nj,1,${uri},a.json\n`);
  expect(await scene.run()).toMatchObject({ code: 0 });
  expect((await scene.reader.hashAll(scene.container)).get("one-a.json")).toMatchObject({
    contentType: "application/json",
    contentEncoding: "gzip",
    md5: hash("md5", body, "base64"),
  });
});

describe("a password in a link's user part", () => {
  const LINKS = [
    "http://u:SECRETPW@h/x",
    "https://u:SECRETPW@h.example/x?sig=SECRETPW",
    "https://u:SECRET/PW@h/x",
  ];

  it.each(["csv", "ndjson"])(
    "in a %s is told, and is nowhere afterwards but in the listing",
    async (kind) => {
      // Once for the work item, once in rows of none.
      const rows = ["1", ""].flatMap((WorkItemId) =>
        LINKS.map((Uri, place) => ({ JobId: "j", WorkItemId, Uri, FileName: `${place}.json` })),
      );
      const csv = `JobId,WorkItemId,Uri,FileName\n${rows.map((row) => `${Object.values(row).join(",")}\n`).join("")}`;
      const ndjson = rows.map((row) => `${JSON.stringify(row).replaceAll("/", String.raw`\/`)}\n`).join("");
      await scene.write("listing.csv", kind === "csv" ? csv : ndjson);
      const told: string[] = [];
      for (const args of [
        ["--output", "json", "-v", "--log-file", "log.json"],
        ["--resume", "-v"],
      ]) {
        const { code, stdout, stderr } =
          args[0] === "--resume" ? await scene.resume(args.slice(1)) : await scene.run(args);
        expect(code).toBe(1);
        told.push(stdout, stderr);
      }
      for (const command of ["status", "remaining"]) {
        const { stdout, stderr } = await scene.cli([command, "--state-db", STATE]);
        told.push(stdout, stderr);
      }
      expect(told.join("\n")).toContain("user name or a password");
      const files = (await readdir(scene.folder)).filter((name) => name !== "listing.csv");
      expect(files.some((name) => name.endsWith(".listing-rejected.csv"))).toBe(true);
      const kept = await Promise.all(files.map(async (name) => readFile(scene.path(name), "latin1")));
      for (const text of [...told, ...kept]) expect(text).not.toMatch(/SECRET|PW/);
    },
  );
});
