import type { StorageAccount } from "../azure/account.ts";
import type { RunSettings } from "../config/run-options.ts";
import { describeAttributes } from "../core/blob-attributes.ts";
import { filterText } from "../core/file-filter.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import { readFilter } from "./file-filter.ts";

/** With `--partition auto`: many more than machines, and each still worth its few requests. */
const AUTO_PARTITIONS = 256;

/** What makes this run this run, but for the CSV's digest. */
export function runIdentity(
  account: StorageAccount,
  settings: RunSettings,
  catalog: string,
): Omit<RunIdentity, "csvDigest"> {
  // The embedded emulator has another port at every start.
  const endpoint = settings.emulator ? "emulator" : account.blobEndpoint;
  const filter = filterText(readFilter(settings));
  return {
    target: `${endpoint}/${settings.targetContainer}`,
    queue: settings.announce ? settings.queue : "none",
    partition: settings.partition ?? 0,
    totalPartitions: settings.totalPartitions ?? (settings.partition === "auto" ? AUTO_PARTITIONS : 1),
    nameTemplate: settings.nameTemplate,
    catalog,
    ...(filter === undefined ? {} : { filter }),
    ...describeAttributes(settings),
  };
}
