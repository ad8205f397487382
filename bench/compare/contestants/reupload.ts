/** The built command, as a user gets it: without a word on concurrency, with a fixed one, and held to one core. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ALONE } from "../../support/alone.ts";
import type { ProgramCall } from "../../support/measured-process.ts";
import { CSV, LISTING } from "../../support/run-input.ts";
import {
  AS_IT_COMES,
  type Contestant,
  type Job,
  LONGEST_MS,
  type Setting,
  TARGET_CONTAINER,
  TARGET_QUEUE,
  trusting,
} from "./contestant.ts";
import { findProgram, outputOf } from "./find-program.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
export const COMMAND = join(ROOT, "bin", "reupload.js");

/** All others are compared with this one. */
export const REUPLOAD = contestant("reupload", [AS_IT_COMES]);

export const REUPLOAD_FIXED: Contestant = {
  ...contestant("reupload, fixed slots", [100, 200].map(concurrency)),
  isAside: true,
};

export const REUPLOAD_ON_ONE_CORE: Contestant = {
  ...contestant("reupload, one core", [AS_IT_COMES]),
  isAside: true,
  async whyAbsent() {
    const taskset = await findProgram("taskset");
    return taskset === undefined ? "there is no taskset (util-linux)" : whyNotBuilt();
  },
  call(job, setting) {
    const { command, args, ...rest } = callOf(job, setting);
    return { ...rest, command: "taskset", args: ["--cpu-list", "0", command, ...args] };
  },
};

/** Another build of the same command. @param main its `bin/reupload.js` */
export function besideReupload(main: string): Contestant {
  return {
    ...REUPLOAD,
    name: `beside: ${main}`,
    call(job, setting) {
      const call = callOf(job, setting);
      return { ...call, args: [main, ...call.args.slice(1)] };
    },
  };
}

/** So many slots from the beginning. */
export function concurrency(slots: number): Setting {
  return { name: `--concurrency ${slots}`, args: ["--concurrency", String(slots)] };
}

function contestant(name: string, settings: readonly Setting[]): Contestant {
  return {
    name,
    ways: ["local", "server", "stream"],
    announces: true,
    settings: () => settings,
    version: () => outputOf(process.execPath, [COMMAND, "--version"]),
    whyAbsent: whyNotBuilt,
    call: callOf,
  };
}

async function whyNotBuilt(): Promise<string | undefined> {
  return existsSync(join(ROOT, "dist", "cli", "main.js")) ? undefined : "it is not built (npm run build)";
}

function callOf(job: Job, setting: Setting): ProgramCall {
  const target = ["--target-container", TARGET_CONTAINER, "--quiet"];
  const words =
    job.way === "local"
      ? ["upload", job.input, "--work-item-name", "bench", "--no-queue"]
      : ["run", "--csv", join(job.input, CSV), "--files", join(job.input, LISTING), "--queue", TARGET_QUEUE];
  const transfer = job.way === "local" ? [] : ["--transfer", job.way];
  return {
    command: process.execPath,
    args: [COMMAND, ...words, ...transfer, ...target, ...setting.args],
    cwd: job.folder,
    env: {
      ...trusting(job.service),
      ...ALONE,
      AZURE_STORAGE_CONNECTION_STRING: job.service.connectionString,
    },
    longestMs: LONGEST_MS,
  };
}
