/** Checks of this machine: its Node.js and memory, its input, its disk, its way to the services. */
import { lookup } from "node:dns/promises";
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { getHeapStatistics } from "node:v8";
import type { StorageAccount } from "../../azure/account.ts";
import { chooseProxy } from "../../azure/wire/proxy.ts";
import type { Environment } from "../../config/config.ts";
import type { RunSettings } from "../../config/run-options.ts";
import { ReuploadError } from "../../core/errors.ts";
import { countPartitions } from "../../input/distribution.ts";
import type { Findings } from "../../report/doctor-report.ts";
import { STATES } from "../../state/wiring.ts";
import { FILES_A_WORK_ITEM } from "../assumed-files.ts";
import type { JobContext } from "../context.ts";
import { checkCsv } from "../run-inputs.ts";

const OLDEST_NODE = 24;
/** What a run needs at its peak, with room (`docs/performance.md`), bytes. */
const HEAP_BYTES = 512 * 2 ** 20;
/** State and log of one file, with room (`docs/performance.md`), bytes. */
const STATE_BYTES_A_FILE = 200;

/** Node.js and its memory. @throws ReuploadError */
export function lookAtNode(version: string): Findings["node"] {
  if (Number(version.replace(/^v/, "").split(".")[0]) < OLDEST_NODE) {
    throw new ReuploadError("usage", `Node.js ${version} is too old.`, {
      advice: `Install Node.js ${OLDEST_NODE} or newer.`,
    });
  }
  const heapBytes = getHeapStatistics().heap_size_limit;
  if (heapBytes < HEAP_BYTES) {
    throw new ReuploadError("bad-option", "The heap limit of Node.js is below 512 MiB.", {
      advice: "Remove --max-old-space-size from NODE_OPTIONS, or give this machine or container more memory.",
    });
  }
  return { version, heapBytes };
}

/** The whole CSV. @throws ReuploadError */
export async function lookAtCsv(
  { path, signal }: JobContext,
  settings: RunSettings,
): Promise<Findings["csv"]> {
  if (settings.csv === "-") {
    throw new ReuploadError("usage", "The CSV on stdin can be read only once.", {
      advice: "Give doctor the path of the CSV.",
    });
  }
  const csv = await checkCsv(settings, { path, isNeeded: true, signal });
  const { total, rejected, warnings } = await countPartitions({ path: csv ?? "" }, 1, { signal });
  if (total === 0) throw new ReuploadError("csv-invalid", `The CSV ${settings.csv} has no work items.`);
  return { path: settings.csv ?? "", workItems: total, rejected, warnings };
}

/** Free space where the state is to be. @param workItems 0: not known @throws ReuploadError */
export async function lookAtDisk(statePath: string, workItems: number): Promise<Findings["disk"]> {
  const folder = dirname(statePath);
  if (!existsSync(folder)) {
    throw new ReuploadError("output-unwritable", `The folder ${folder} of the state does not exist.`);
  }
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const neededBytes = workItems * FILES_A_WORK_ITEM * STATE_BYTES_A_FILE;
  if (freeBytes < neededBytes) {
    const [free, needed] = [freeBytes, neededBytes].map((bytes) => Math.round(bytes / 2 ** 20));
    throw new ReuploadError(
      "disk-full",
      `${folder} has ${free} MiB free; the state may need ${needed} MiB (${FILES_A_WORK_ITEM} files a work item).`,
      { advice: "Free some space, or give --state-db a path on another disk." },
    );
  }
  return { freeBytes, neededBytes, filesAWorkItem: FILES_A_WORK_ITEM };
}

/** The state that the run would open. @throws ReuploadError */
export async function lookAtState(
  path: string,
  shown: string,
  isResume: boolean,
): Promise<Findings["state"]> {
  const found = await STATES.inspect(path);
  if (found === undefined || isResume) return { path: shown, begun: found?.run.createdAt };
  const since = new Date(found.run.createdAt).toISOString();
  throw new ReuploadError("state-exists", `The state ${shown} holds a run, started ${since}.`);
}

/** Names and proxies on the way to the services. @throws ReuploadError */
export async function lookAtNetwork(
  { blobEndpoint, queueEndpoint }: StorageAccount,
  usesQueue: boolean,
  env: Environment,
): Promise<Findings["network"]> {
  const proxyFor = chooseProxy(env);
  const urls = [blobEndpoint, ...(usesQueue ? [queueEndpoint] : [])].map((url) => new URL(url));
  const hosts = urls.map(async (url) => {
    const proxy = proxyFor(url);
    const { hostname: host } = url;
    if (proxy !== undefined) return { host, proxy: new URL(proxy).host };
    return { host, address: await resolveName(host) };
  });
  return { hosts: await Promise.all(hosts) };
}

async function resolveName(hostname: string): Promise<string> {
  try {
    const { address } = await lookup(hostname.replaceAll(/^\[|\]$/g, ""));
    return address;
  } catch (thrown) {
    throw new ReuploadError("unavailable", `The name ${hostname} has no address.`, {
      advice:
        "Check the account's name, the DNS of this machine, and whether it needs a proxy (HTTPS_PROXY).",
      cause: thrown,
    });
  }
}
