/** A run loads what it needs: Azure's SDKs take longer to load than a small run takes. */
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { appendFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseConnectionString } from "../../src/azure/account.ts";
import { Secret } from "../../src/core/secret.ts";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const RECORDER = new URL("../support/record-packages.ts", import.meta.url).href;

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
  await makePlain(scene, 1, 2);
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Runs `reupload run` to its end. @returns the packages of Azure that it loaded */
async function azurePackagesOf(
  source: readonly string[],
  more: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const target = ["--state-db", "state.db", "--target-container", scene.container, "--queue", scene.queue];
  const result = await scene.cli(["run", "--csv", "failed_workitems.csv", ...source, ...target, ...more], {
    env: {
      NODE_OPTIONS: `--import=${RECORDER}`,
      // The recorder sees what Node loads.
      NODE_DISABLE_COMPILE_CACHE: "1",
      LOADED_PACKAGES: scene.path("packages"),
      ...env,
    },
  });
  expect(result.code, result.stderr).toBe(0);
  const packages = (await scene.read("packages")).split("\n");
  expect(packages).toContain("undici");
  return packages.filter((name) => /^@azure\/|^azure-/.test(name));
}

/** The connection string with a SAS in place of the key. */
function withSas(): string {
  const { blobEndpoint, queueEndpoint, credential } = parseConnectionString(
    new Secret(scene.account.connectionString),
  );
  if (credential.kind !== "shared-key") throw new TypeError("the emulator has a key");
  const sas = generateAccountSASQueryParameters(
    {
      permissions: AccountSASPermissions.parse("rwlacu"),
      services: AccountSASServices.parse("bq").toString(),
      resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
      protocol: SASProtocol.HttpsAndHttp,
      expiresOn: new Date(Date.now() + 3_600_000),
    },
    new StorageSharedKeyCredential(credential.accountName, credential.key.reveal()),
  );
  return `BlobEndpoint=${blobEndpoint};QueueEndpoint=${queueEndpoint};SharedAccessSignature=${sas.toString()}`;
}

it.each([
  ["signed in to by key", []],
  ["that looks at the queue's depth", ["--max-queue-depth", "1000"]],
  ["that only looks", ["--dry-run"]],
])("a run on a listing %s loads none of Azure's SDKs", async (_, more) => {
  expect(await azurePackagesOf(["--files", "listing.csv"], more)).toEqual([]);
});

it("a run that is signed in to by a SAS loads none of Azure's SDKs either", async () => {
  const env = { AZURE_STORAGE_CONNECTION_STRING: withSas() };
  // The emulator answers 500 to a server copy that a SAS asks for.
  const streamed = ["--transfer", "stream"];
  expect(await azurePackagesOf(["--files", "listing.csv"], streamed, env)).toEqual([]);
});

it("a run that lists a container loads none of the services' SDKs", async () => {
  const source = ["--source-container", `${scene.proxy.blobEndpoint}/${scene.source}`];
  expect(await azurePackagesOf(source)).toEqual([]);
});

it("a run leaves its compiled code for the next one, which takes it as it is", async () => {
  const cache = scene.path("cache");
  const run = async (state: string): Promise<readonly [name: string, changed: number][]> => {
    const target = ["--target-container", scene.container, "--queue", scene.queue, "--state-db", state];
    const result = await scene.cli(
      ["run", "--csv", "failed_workitems.csv", "--files", "listing.csv", ...target],
      {
        env: { NODE_COMPILE_CACHE: cache },
      },
    );
    expect(result.code, result.stderr).toBe(0);
    const names = await readdir(cache, { recursive: true });
    const packs = names.filter((name) => name.includes("reupload-run-"));
    return Promise.all(packs.map(async (name) => [name, (await stat(join(cache, name))).mtimeMs] as const));
  };
  const first = await run("one.db");
  expect(first).toHaveLength(1);
  expect(await run("two.db")).toEqual(first);
});

it("a start whose target is missing leaves nothing behind, rejected rows neither", async () => {
  const folder = scene.path(".");
  await appendFile(scene.path("failed_workitems.csv"), "a row of one cell\n");
  const before = await readdir(folder);
  const target = ["--target-container", "not-there", "--queue", scene.queue, "--state-db", "new.db"];
  const result = await scene.cli([
    "run",
    "--csv",
    "failed_workitems.csv",
    "--files",
    "listing.csv",
    ...target,
  ]);
  expect(result.stderr).toContain('The container "not-there" does not exist');
  expect(result.code).not.toBe(0);
  expect(await readdir(folder)).toEqual(before);
});
