/** `reupload doctor`: each thing that can be broken, broken in turn. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { AccountSASPermissions, BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listingOf, makePlain, type PlainInput, sourceSas } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
let input: PlainInput;

beforeAll(async () => {
  scene = await startScene(undefined, { coordinated: true });
  input = await makePlain(scene, 2, 2);
  // Links with a SAS, as catalogs give them: they can be read whatever the sign-in may.
  await scene.write("listing.csv", listingOf(input, await sourceSas(scene, 3600)));
});
afterAll(() => scene[Symbol.asyncDispose]());

interface Found {
  readonly code: number | null;
  /** Checks that did not come out as ok: `name outcome code`. */
  readonly others: string[];
  readonly checks: readonly Record<string, unknown>[];
}

async function doctor(more: readonly string[] = [], env: Record<string, string> = {}): Promise<Found> {
  const args = ["doctor", "--csv", "failed_workitems.csv", "--files", "listing.csv", "--output", "json"];
  const place = ["--target-container", scene.container, "--queue", scene.queue];
  const { code, stdout, stderr } = await scene.cli([...args, ...place, ...more], { env });
  const report = JSON.parse(stdout) as { exitCode: number; checks: Record<string, unknown>[] };
  expect(report.exitCode, stderr).toBe(code);
  const others = report.checks
    .filter(({ outcome }) => outcome !== "ok")
    .map(({ name, outcome, code: error }) => [name, outcome, error].join(" ").trim());
  return { code, others, checks: report.checks };
}

/** An account SAS with these rights, as a connection string. */
function sasOnly(rights: string): Record<string, string> {
  const account = BlobServiceClient.fromConnectionString(scene.account.connectionString);
  const permissions = AccountSASPermissions.parse(rights);
  const url = account.generateAccountSasUrl(new Date(Date.now() + 3_600_000), permissions, "sco");
  const { blobEndpoint, queueEndpoint } = scene.account;
  const parts = [`BlobEndpoint=${blobEndpoint}`, `QueueEndpoint=${queueEndpoint}`];
  const sas = url.slice(url.indexOf("?") + 1);
  return { AZURE_STORAGE_CONNECTION_STRING: `${parts.join(";")};SharedAccessSignature=${sas}` };
}

const TAGS = ["--tags", "batch=7"];
const PARTITION = ["--partition", "0", "--total-partitions", "2"];

describe("reupload doctor", () => {
  it("finds all well, says so a line each, and changes nothing", async () => {
    const before = await readdir(scene.folder);
    const place = ["--target-container", scene.container, "--queue", scene.queue];
    const args = [
      "doctor",
      "--csv",
      "failed_workitems.csv",
      "--files",
      "listing.csv",
      ...place,
      ...PARTITION,
      ...TAGS,
    ];
    const { code, stdout, stderr } = await scene.cli(args);
    expect(code, stdout + stderr).toBe(0);
    const words = stdout.trimEnd().split("\n");
    expect(words.map((line) => line.split(/ +/).slice(0, 2).join(" "))).toEqual(
      "node csv catalog state disk sign-in network target clock write tags list send coordination source"
        .split(" ")
        .map((name) => `ok ${name}`),
    );
    expect(stdout).toContain("failed_workitems.csv: 2 work items");
    expect(stdout).toContain("2 files of the first work item can be read");
    expect(await readdir(scene.folder)).toEqual(before);
    const listed = scene.behind.container(scene.container).listBlobsFlat();
    expect((await listed.next()).done).toBe(true);
    expect((await scene.behind.queue(scene.queue).getProperties()).approximateMessagesCount).toBe(0);
  });

  it("names a missing container and a missing queue, and goes on", async () => {
    expect(await doctor(["--target-container", "not-there"])).toMatchObject({
      code: 2,
      others: ["target problem target-missing", "coordination skipped", "source skipped"],
    });
    const made = await doctor(["--queue", "not-there", "--create-missing"]);
    expect(JSON.stringify(made.checks)).toContain("The run creates it, as --create-missing is given");
    expect(await doctor(["--queue", "not-there"])).toMatchObject({
      code: 2,
      others: ["target problem target-missing", "coordination skipped", "source skipped"],
    });
  });

  it("names a missing coordination container of a run with partitions", async () => {
    expect(await doctor([...PARTITION, "--coordination-container", "not-there"])).toMatchObject({
      code: 2,
      others: ["coordination problem coordination-missing"],
    });
  });

  it("names each right that is not given", async () => {
    const { code, others } = await doctor(["--no-queue"], sasOnly("rl"));
    expect(others).toEqual(["write problem permission", "send skipped", "coordination skipped"]);
    expect(code).toBe(4);
  });

  it("names the right to write tags when the blobs are to get some", async () => {
    // The emulator takes tags from everybody who may write, so the last probe is answered for it.
    const refused = { "x-ms-error-code": "AuthorizationPermissionMismatch" };
    scene.proxy.fail({
      fault: { kind: "answer", status: 403, headers: refused },
      operation: "put-blob",
      skip: 2,
    });
    const { code, others } = await doctor(TAGS);
    scene.proxy.heal();
    expect(others).toEqual(["tags problem permission", "coordination skipped"]);
    expect(code).toBe(4);
  });

  it("names a CSV, a listing and a state that cannot be used", async () => {
    expect((await doctor(["--csv", "no.csv"])).others).toEqual([
      "csv problem csv-unreadable",
      "coordination skipped",
      "source skipped",
    ]);
    expect((await doctor(["--files", "no.csv"])).others[0]).toBe("catalog problem listing-unreadable");
    await writeFile(scene.path("broken.db"), "no state");
    expect((await doctor(["--state-db", "broken.db"])).others[0]).toMatch(/^state problem state-/);
    expect((await doctor(["--state-db", "no-folder/x.db"])).others[0]).toBe("state problem usage");
  });

  it("names a source that cannot be read", async () => {
    const listing = await readFile(scene.path("listing.csv"), "utf8");
    await scene.write("elsewhere.csv", listing.replaceAll(`/${scene.source}/`, "/not-there/"));
    expect(await doctor(["--files", "elsewhere.csv"])).toMatchObject({
      code: 2,
      others: ["coordination skipped", "source problem source-invalid"],
    });
  });

  it("names a service that is not there, within seconds", async () => {
    const nowhere = scene.account.connectionString.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:9");
    const { code, others } = await doctor([], { AZURE_STORAGE_CONNECTION_STRING: nowhere });
    expect(others[0]).toBe("target problem unavailable");
    expect(code).toBe(6);
  });

  it("names a name without an address and a proxy that is none", async () => {
    const named = scene.account.connectionString
      .replaceAll("127.0.0.1", "nowhere.invalid")
      .replaceAll("http:", "https:");
    const unknown = await doctor([], {
      AZURE_STORAGE_CONNECTION_STRING: named.replaceAll(/Protocol=\w+/g, "Protocol=https"),
    });
    expect(unknown.others[0]).toBe("network problem unavailable");
    const proxied = await scene.cli(["doctor"], { env: { HTTPS_PROXY: "socks5://x" } });
    expect(proxied).toMatchObject({ code: 2 });
    expect(proxied.stderr).toContain("HTTPS_PROXY (environment) is not the address of an http proxy");
  });
});
