import { commandTree } from "../../src/cli/command-tree.ts";
import { makeProgram } from "../../src/cli/program.ts";
import { environmentName, RUN_OPTION_NAMES, RUN_OPTIONS } from "../../src/config/run-options.ts";
import { EXIT_MEANINGS } from "../../src/core/exit-codes.ts";
import type { Io } from "../../src/terminal/io.ts";
import { commitTime } from "./build-facts.ts";
import { manPage, type PageFacts } from "./man-page.ts";

const ENVIRONMENT: PageFacts["environment"] = [
  ["AZURE_STORAGE_CONNECTION_STRING", "account of the target, with a key or a SAS"],
  ["AZURE_STORAGE_KEY", "key of the target account"],
  ["AZURE_STORAGE_SAS_TOKEN", "SAS for the target account"],
  ["AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET", "application that signs in (--auth environment)"],
  ["REUPLOAD_SOURCE_SAS", "SAS for --source-container"],
  ["HTTPS_PROXY, NO_PROXY", "proxy of all requests, and the hosts that are asked directly"],
  ["NODE_EXTRA_CA_CERTS", "file with certificates of a private authority"],
  ["NODE_USE_SYSTEM_CA", "1: trust the certificates of the system, too"],
  ["NO_COLOR", "print no colours"],
];

const FILES: PageFacts["files"] = [
  ["reupload.config.yaml, reupload.config.json", "options of a run, found in the working folder"],
  ["reupload_state.db", "state of a run in the working folder; see --state-db"],
];

/** The manual page of the program as it is now. */
export function manualPage(version: string): string {
  const program = makeProgram(version, {} as Io, () => {});
  const options = RUN_OPTION_NAMES.map((name): readonly [string, string] => [
    environmentName(name),
    `the same as ${RUN_OPTIONS[name].flag.replace(/^-., /, "")}`,
  ]);
  return manPage(commandTree(program), {
    version,
    date: new Date((commitTime() ?? 0) * 1000).toISOString().slice(0, 10),
    exitCodes: EXIT_MEANINGS,
    environment: [...ENVIRONMENT, ...options],
    files: FILES,
  });
}
