/** Which options a resume may change: the table says so, and what makes a run this run agrees with it. */
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConnectionString } from "../../src/azure/account.ts";
import { catalogSource } from "../../src/job/catalogs.ts";
import { runIdentity } from "../../src/job/services.ts";
import { collect, resolve } from "../../src/config/config.ts";
import { checkResume } from "../../src/config/resume.ts";
import { RUN_OPTION_NAMES, RUN_OPTIONS, type RunOptionName } from "../../src/config/run-options.ts";
import { Secret } from "../../src/core/secret.ts";

type Flags = Partial<Record<RunOptionName, string>>;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-resume-"));
  writeFileSync(join(folder, "a.kql"), QUERY);
  writeFileSync(join(folder, "b.kql"), `${QUERY} | take 1`);
});
afterEach(() => rm(folder, { recursive: true }));

const QUERY = "declare query_parameters(workItemIds:dynamic);\nFiles | where WorkItemId in (workItemIds)";
const LISTING = { csv: "w.csv", files: "a.csv" };
const KUSTO = { csv: "w.csv", kustoCluster: "https://a.kusto.windows.net", kustoDatabase: "d" };
const CONTAINER = { csv: "w.csv", sourceContainer: "https://a.blob.core.windows.net/one" };
const TWO = { partition: "0", totalPartitions: "2" };

/** For each option a run that has it, and what is given anew. */
const CHANGES: Readonly<Partial<Record<RunOptionName, readonly [before: Flags, given: Flags]>>> = {
  files: [LISTING, { files: "b.csv" }],
  catalog: [{ ...LISTING, ...CONTAINER, catalog: "listing" }, { catalog: "container" }],
  kustoCluster: [KUSTO, { kustoCluster: "https://b.kusto.windows.net" }],
  kustoDatabase: [KUSTO, { kustoDatabase: "other" }],
  kustoQuery: [{ ...KUSTO, kustoQuery: "a.kql" }, { kustoQuery: "b.kql" }],
  fileSuffix: [KUSTO, { fileSuffix: ".other" }],
  kustoQueries: [KUSTO, { kustoQueries: "9" }],
  sourceContainer: [CONTAINER, { sourceContainer: "https://a.blob.core.windows.net/two" }],
  sourceDir: [{ csv: "w.csv", sourceDir: "a" }, { sourceDir: "b" }],
  sourcePrefix: [CONTAINER, { sourcePrefix: "x/{jobId}/{workItemId}/" }],
  include: [{ ...LISTING, include: "*.json" }, { include: "*.json\na/**" }],
  exclude: [LISTING, { exclude: "*.tmp" }],
  newerThan: [CONTAINER, { newerThan: "2026-11-01" }],
  olderThan: [CONTAINER, { olderThan: "7d" }],
  largerThan: [{ ...CONTAINER, largerThan: "1MB" }, { largerThan: "1MiB" }],
  smallerThan: [CONTAINER, { smallerThan: "1GiB" }],
  partition: [{ ...LISTING, ...TWO }, { partition: "1" }],
  totalPartitions: [{ ...LISTING, ...TWO }, { totalPartitions: "3" }],
  coordination: [{ ...LISTING, ...TWO }, { coordination: "false" }],
  coordinationContainer: [{ ...LISTING, ...TWO }, { coordinationContainer: "other" }],
  target: [LISTING, { target: "https://other.blob.core.windows.net" }],
  targetContainer: [LISTING, { targetContainer: "other" }],
  queue: [LISTING, { queue: "other" }],
  announce: [LISTING, { announce: "false" }],
  auth: [LISTING, { auth: "cli" }],
  tenant: [LISTING, { tenant: "other" }],
  createMissing: [LISTING, { createMissing: "true" }],
  emulator: [LISTING, { emulator: "true" }],
  transfer: [LISTING, { transfer: "stream" }],
  contentType: [LISTING, { contentType: "text/plain" }],
  metadata: [LISTING, { metadata: "a=1" }],
  tier: [LISTING, { tier: "cool" }],
  tags: [LISTING, { tags: "a=1" }],
  cacheControl: [LISTING, { cacheControl: "no-cache" }],
  nameTemplate: [LISTING, { nameTemplate: "{fileName}" }],
  onConflict: [LISTING, { onConflict: "skip" }],
  onCollision: [LISTING, { onCollision: "path" }],
  onEmpty: [LISTING, { onEmpty: "fail" }],
  announceExisting: [LISTING, { announceExisting: "never" }],
  messageTtl: [LISTING, { messageTtl: "1h" }],
  concurrency: [LISTING, { concurrency: "9" }],
  threads: [LISTING, { threads: "2" }],
  workitemWorkers: [LISTING, { workitemWorkers: "9" }],
  fileWorkers: [LISTING, { fileWorkers: "9" }],
  maxBandwidth: [LISTING, { maxBandwidth: "1MB/s" }],
  maxRequests: [LISTING, { maxRequests: "9/s" }],
  maxQueueDepth: [LISTING, { maxQueueDepth: "9" }],
  maxFailures: [LISTING, { maxFailures: "9" }],
  requestTimeout: [LISTING, { requestTimeout: "9s" }],
  maxWait: [LISTING, { maxWait: "9s" }],
  verify: [LISTING, { verify: "true" }],
};

/** What makes the run this run, by these settings; the account is the one that --target names. */
function identityBy(given: Flags, kept: Flags) {
  const settings = resolve(collect(given, {}, folder), kept);
  const name = settings.target === undefined ? "account" : new URL(settings.target).hostname.split(".")[0];
  const account = parseConnectionString(new Secret(`AccountName=${name};AccountKey=a2V5`));
  return runIdentity(account, settings, catalogSource(settings, (path) => join(folder, path), {}).identity);
}

describe("what a resume may do with an option", () => {
  const kept = RUN_OPTION_NAMES.filter((name) => RUN_OPTIONS[name].onResume !== "start");

  it("is looked at for each one that the state keeps, but for the CSV, which is compared by its rows", () => {
    expect(["csv", ...Object.keys(CHANGES)].toSorted()).toEqual(kept.toSorted());
  });

  it.each(Object.entries(CHANGES) as [RunOptionName, readonly [Flags, Flags]][])(
    "%s: another value is another run if and only if the table says so",
    (name, [before, given]) => {
      const isOther = JSON.stringify(identityBy(given, before)) !== JSON.stringify(identityBy({}, before));
      expect(isOther ? "same" : "new").toBe(RUN_OPTIONS[name].onResume);
    },
  );

  it.each(Object.entries(CHANGES) as [RunOptionName, readonly [Flags, Flags]][])(
    "%s: another value wins over what the state keeps",
    (name, [before, given]) => {
      const after = resolve(collect(given, {}, folder), before);
      const was = resolve(collect({}, {}, folder), before);
      expect(after[name]).not.toEqual(was[name]);
    },
  );

  it("is nothing that would be accepted and not hold: announcing what `never` has left out", () => {
    expect(() => checkResume({ announceExisting: "always" }, { announceExisting: "never" })).toThrow(
      expect.objectContaining({ code: "bad-option" }),
    );
    for (const [now, before] of [
      ["never", "never"],
      ["never", "always"],
      ["always", "always"],
      ["always", undefined],
    ] as const) {
      expect(() => checkResume({ announceExisting: now }, { announceExisting: before })).not.toThrow();
    }
  });
});
