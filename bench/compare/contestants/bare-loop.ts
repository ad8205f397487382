/** The floor: a bare undici loop that makes the same two requests a file as a server copy with its announcement. */
import { join } from "node:path";
import { LISTING } from "../../support/run-input.ts";
import { type Contestant, trusting } from "./contestant.ts";
import { SDK_SCRIPT } from "./sdk-script.ts";

const PROGRAM = join(import.meta.dirname, "..", "programs", "bare-undici.ts");

/** It takes part in comparisons with a number of slots only; its setting must name one (`--concurrency N`). */
export function bareLoop(): Contestant {
  return {
    ...SDK_SCRIPT,
    name: "bare undici loop",
    call(job, { args: [, slots = "64"] }) {
      const { connectionString } = job.service;
      return {
        command: process.execPath,
        args: [PROGRAM, join(job.input, LISTING), slots],
        cwd: job.folder,
        env: { ...trusting(job.service), AZURE_STORAGE_CONNECTION_STRING: connectionString },
        longestMs: 120_000,
      };
    },
  };
}
