/** What a good engineer writes in an hour: `programs/sdk-script.ts`. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { LISTING } from "../../support/run-input.ts";
import { join } from "node:path";
import { AS_IT_COMES, type Contestant, LONGEST_MS, trusting } from "./contestant.ts";

const SCRIPT = fileURLToPath(import.meta.resolve("../programs/sdk-script.ts"));

export const SDK_SCRIPT: Contestant = {
  name: "SDK script",
  ways: ["local", "server", "stream"],
  announces: true,
  note: "64 promises over a list with the official SDK; keeps no state, so that it cannot be resumed, and checks no MD5",
  settings: () => [AS_IT_COMES],
  async version() {
    return sdkVersions();
  },
  async whyAbsent() {
    return undefined;
  },
  call({ way, input, folder, service }) {
    return {
      command: process.execPath,
      args: [SCRIPT, way, way === "local" ? input : join(input, LISTING)],
      cwd: folder,
      env: { ...trusting(service), AZURE_STORAGE_CONNECTION_STRING: service.connectionString },
      longestMs: LONGEST_MS,
    };
  },
};

/** Of the official SDK's packages. */
export function sdkVersions(): string {
  const require = createRequire(import.meta.url);
  const versions = ["@azure/storage-blob", "@azure/storage-queue"].map((name) => {
    const { version } = require(`${name}/package.json`) as { readonly version: string };
    return `${name} ${version}`;
  });
  return versions.join(", ");
}
