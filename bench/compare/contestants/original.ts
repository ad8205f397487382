/** The algorithm of the tool that this one replaces, at its two usual settings: `programs/original.ts`. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CSV, LISTING } from "../../support/run-input.ts";
import { AS_IT_COMES, type Contestant, LONGEST_MS, trusting } from "./contestant.ts";
import { sdkVersions } from "./sdk-script.ts";

const SCRIPT = fileURLToPath(import.meta.resolve("../programs/original.ts"));

export const ORIGINALS: readonly Contestant[] = [contestant(2, 25), contestant(20, 10)];

function contestant(workItems: number, files: number): Contestant {
  return {
    name: `original ${workItems}x${files}`,
    ways: ["stream"],
    announces: true,
    note: "the algorithm of the Python tool, written again in TypeScript; its five commits a file wait for this machine's disk",
    settings: () => [AS_IT_COMES],
    async version() {
      return sdkVersions();
    },
    async whyAbsent() {
      return undefined;
    },
    call({ input, folder, service }) {
      return {
        command: process.execPath,
        args: [SCRIPT, join(input, CSV), join(input, LISTING), String(workItems), String(files)],
        cwd: folder,
        env: { ...trusting(service), AZURE_STORAGE_CONNECTION_STRING: service.connectionString },
        longestMs: LONGEST_MS,
      };
    },
  };
}
