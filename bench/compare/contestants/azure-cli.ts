import { join } from "node:path";
import { AS_IT_COMES, type Contestant, LONGEST_MS, TARGET_CONTAINER, trusting } from "./contestant.ts";
import { findProgram, outputOf } from "./find-program.ts";

export const AZURE_CLI: Contestant = {
  name: "azure-cli",
  ways: ["local"],
  announces: false,
  note: "`az storage blob upload-batch`: one file after the other (`--max-connections` is for files over 64 MB)",
  settings: () => [AS_IT_COMES],
  async version() {
    const versions = JSON.parse(await outputOf("az", ["version", "--output", "json"])) as {
      readonly "azure-cli": string;
    };
    return versions["azure-cli"];
  },
  async whyAbsent() {
    return (await findProgram("az")) === undefined ? "it is not on PATH (Debian: azure-cli)" : undefined;
  },
  call({ input, folder, service }) {
    const words = ["storage", "blob", "upload-batch", "--source", input, "--destination", TARGET_CONTAINER];
    return {
      command: "az",
      args: [...words, "--no-progress", "--only-show-errors", "--output", "none"],
      cwd: folder,
      env: {
        ...trusting(service),
        AZURE_STORAGE_CONNECTION_STRING: service.connectionString,
        AZURE_CONFIG_DIR: join(folder, "azure"),
        // Else a process of its own goes on after it and calls home.
        AZURE_CORE_COLLECT_TELEMETRY: "false",
      },
      longestMs: LONGEST_MS,
    };
  },
};
