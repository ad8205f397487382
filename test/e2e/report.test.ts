/** What is told of a run afterwards: files, report, bundle, states. None of it holds a secret. */
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { strFromU8, unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { secretsInFolder } from "../support/secret-scan.ts";
import { listingOf, type PlainFile, makePlain, sourceSas } from "./plain-input.ts";
import { type Scene, startScene, STATE } from "./scene.ts";

let scene: Scene;
let signature: string;
let first: PlainFile;

/** Four files of two work items are copied, one is there before, one fails; the third work item is not in the catalog. */
beforeAll(async () => {
  scene = await startScene(undefined, { coordinated: true });
  const input = await makePlain(scene, 3, 2);
  const sas = await sourceSas(scene, 3_600);
  signature = new URLSearchParams(sas).get("sig") ?? "";
  first = input.at(0);
  const formula = `j,w01,name-w01,${first.uri}${sas},=HYPERLINK(1).json\n`;
  const missing = `j,w02,name-w02,${scene.proxy.blobEndpoint}/${scene.source}/nowhere.json${sas},gone.json\n`;
  const listing = listingOf(input, sas)
    .split("\n")
    .filter((line) => !line.includes("w03"));
  await scene.write("listing.csv", `${listing.join("\n")}${formula}${missing}`);
  const ran = await scene.run(["--log-file", "run.log", "--verbose"]);
  expect(ran.code).toBe(1);
});
afterAll(() => scene[Symbol.asyncDispose]());

describe("files", () => {
  it("gives a row for each file and each work item without one, which a spreadsheet reads back", async () => {
    const { code, stdout, stderr } = await scene.cli(["files", "--state-db", STATE, "--output", "csv"]);
    expect([code, stderr]).toEqual([0, "6 files, 1 work item as a whole\n"]);
    const rows: Record<string, string>[] = parse(stdout, { columns: true });
    expect(
      rows
        .map((row) => `${row["WorkItemId"]} ${row["FileName"]} ${row["Outcome"]} ${row["Code"]}`)
        .toSorted(),
    ).toEqual([
      "w01 '=HYPERLINK(1).json copied ",
      "w01 f1.json copied ",
      "w01 f2.json copied ",
      "w02 f1.json copied ",
      "w02 f2.json copied ",
      "w02 gone.json failed source-not-found",
      "w03  empty ",
    ]);
    const copied = rows.find((row) => row["FileName"] === "f1.json");
    expect(copied).toMatchObject({ BlobName: "name-w01-f1.json", Attempts: "1", ContentMD5: first.md5 });
    expect(Date.now() - Date.parse(copied?.["AnnouncedAt"] ?? "")).toBeLessThan(120_000);
    expect(rows.find((row) => row["Outcome"] === "failed")?.["RequestId"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("writes those that were asked for to a file, never over its state", async () => {
    const asked = ["files", "--state-db", STATE, "--status", "failed", "--output", "json"];
    expect((await scene.cli([...asked, "--out", "failed.ndjson"])).code).toBe(0);
    expect(JSON.parse(await scene.read("failed.ndjson"))).toMatchObject({
      workItemId: "w02",
      fileName: "gone.json",
      blobName: "name-w02-gone.json",
      code: "source-not-found",
    });
    const refused = await scene.cli([...asked, "--out", STATE]);
    expect(refused.code).toBe(2);
    expect(refused.stdout).toContain("--out would write over");
  });
});

describe("report", () => {
  it("tells the run as text, page, JSON, CSV and a bundle, none of which holds a secret", async () => {
    const text = await scene.cli(["report", "--state-db", STATE]);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain("Finished, but not everything is done.");
    expect(text.stdout).toContain("1 file failed: source-not-found");
    const outputs = [
      "--html",
      "r.html",
      "--json",
      "r.json",
      "--csv",
      "r.csv",
      "--bundle",
      "r.zip",
      "--log",
      "run.log",
    ];
    const { code, stderr } = await scene.cli(["report", "--state-db", STATE, ...outputs]);
    expect([code, stderr]).toEqual([0, "written: r.html\nwritten: r.json\nwritten: r.csv\nwritten: r.zip\n"]);
    expect(JSON.parse(await scene.read("r.json"))).toMatchObject({
      type: "report",
      verdict: "with-failures",
      rows: { total: 3, completed: 1, empty: 1, failed: 1 },
      files: { total: 6, copied: 5, failed: 1 },
      starts: [{ number: 1, exitCode: 1, files: 6, failed: 1 }],
    });
    const page = await scene.read("r.html");
    expect(page).toContain("source-not-found");
    expect(page).toContain("name-w02");
    const zip = unzipSync(await readFile(scene.path("r.zip")));
    expect(Object.keys(zip).toSorted()).toEqual([
      "README.txt",
      "doctor.json",
      "failed.csv",
      "log.ndjson",
      "report.html",
      "report.json",
      "settings.json",
      "states.json",
      "system.json",
    ]);
    expect(strFromU8(zip["doctor.json"] ?? new Uint8Array())).toContain('"name":"node","outcome":"ok"');
    expect(strFromU8(zip["failed.csv"] ?? new Uint8Array())).toContain("gone.json");
    expect(strFromU8(zip["log.ndjson"] ?? new Uint8Array())).toContain('"type":"run-started"');
    expect(strFromU8(zip["settings.json"] ?? new Uint8Array())).toMatch(
      /"option":"queue","value":"t-[^"]+","source":"state"/,
    );
    expect(signature.length).toBeGreaterThan(20);
    expect(secretsInFolder(scene.folder, [signature], ["listing.csv"])).toEqual([]);
  });

  it("writes no bundle when a secret is left in it, and says where", async () => {
    await appendFile(scene.path("run.log"), '{"note":"-----BEGIN RSA PRIVATE KEY-----"}\n');
    const { code, stderr } = await scene.cli([
      "report",
      "--state-db",
      STATE,
      "--bundle",
      "no.zip",
      "--log",
      "run.log",
    ]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/line \d+ of its log\.ndjson contains what looks like a private key/);
    expect(existsSync(scene.path("no.zip"))).toBe(false);
  });

  it("takes what the environment says is secret out of a bundle, however it got in", async () => {
    await scene.write("other.log", '{"note":"the password is correct-horse"}\n');
    const env = { AZURE_CLIENT_SECRET: "correct-horse" };
    await scene.write("doctor.txt", "ok: node 24\nThe client's secret is correct-horse.\n");
    const asked = ["report", "--state-db", STATE, "--bundle", "yes.zip", "--log", "other.log"];
    expect((await scene.cli([...asked, "--attach", "doctor.txt"], { env })).code).toBe(0);
    const zip = unzipSync(await readFile(scene.path("yes.zip")));
    expect(strFromU8(zip["log.ndjson"] ?? new Uint8Array())).toBe('{"note":"the password is ***"}\n');
    expect(strFromU8(zip["attached/1-doctor.txt"] ?? new Uint8Array())).toContain("secret is ***.");
    const binary = await scene.cli([...asked, "--attach", STATE]);
    expect([binary.code, binary.stderr]).toEqual([2, expect.stringContaining("is not a text file")]);
  });
});

describe("report of a run in its account", () => {
  it("tells all that the account knows as text, page and JSON, and refuses what only states know", async () => {
    const of = ["report", "--target-container", scene.container];
    const text = await scene.cli(of);
    expect([text.code, text.stderr]).toEqual([0, ""]);
    expect(text.stdout).toContain("source-not-found");
    const { code, stderr } = await scene.cli([...of, "--html", "run.html", "--json", "run.json"]);
    expect([code, stderr]).toEqual([0, "written: run.html\nwritten: run.json\n"]);
    const json = JSON.parse(await scene.read("run.json")) as { readonly run: { readonly runId: string } };
    expect(json).toMatchObject({
      type: "report",
      exitCode: 1,
      total: { workItems: { total: 3, done: 1, empty: 1, failed: 1 }, files: { done: 5, failed: 1 } },
    });
    expect(await scene.read("run.html")).toContain("Finished, but not everything is done");
    const named = await scene.cli([...of, "--run", json.run.runId.slice(0, 6), "--output", "json"]);
    expect(JSON.parse(named.stdout)).toMatchObject({ run: { runId: json.run.runId } });
    const refused = await scene.cli([...of, "--csv", "files.csv"]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--csv needs states")]);
    expect(secretsInFolder(scene.folder, [signature], ["listing.csv"])).toEqual([]);
  });
});

describe("states", () => {
  it("lists the run of the folder", async () => {
    const { code, stdout } = await scene.cli(["states"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/state\.db +done, with failures .* 3 of 3 +1 /);
  });
});
