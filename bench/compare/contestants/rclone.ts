import { join } from "node:path";
import {
  ANY_SAS,
  AS_IT_COMES,
  type Contestant,
  LONGEST_MS,
  type Setting,
  sourceContainer,
  TARGET_CONTAINER,
  trusting,
} from "./contestant.ts";
import { findProgram, outputOf } from "./find-program.ts";

/** A file may be held in memory by its blocks: more than 16 of 50 MiB are too many. */
const LARGE_BYTES = 10 * 1024 * 1024;

export const RCLONE: Contestant = {
  name: "rclone",
  ways: ["local", "server"],
  announces: false,
  note: "copies from a container that it lists (by Copy Blob), and announces nothing",
  settings: (bytes, way) => [
    AS_IT_COMES,
    // A copy by the service is two small requests, whatever the file's size.
    ...(way === "server" || bytes < LARGE_BYTES ? [transfers(64), transfers(128)] : [transfers(16)]),
  ],
  version: async () => (await outputOf("rclone", ["version"])).split("\n")[0] ?? "",
  async whyAbsent() {
    return (await findProgram("rclone")) === undefined ? "it is not on PATH (Debian: rclone)" : undefined;
  },
  call({ way, bytes, files, input, folder, service }, { args }) {
    const from = way === "local" ? input : `service:${sourceContainer(bytes, files)}`;
    return {
      command: "rclone",
      args: ["copy", from, `service:${TARGET_CONTAINER}`, "--quiet", ...args],
      cwd: folder,
      env: {
        ...trusting(service),
        RCLONE_CONFIG: join(folder, "rclone.conf"),
        RCLONE_CONFIG_SERVICE_TYPE: "azureblob",
        RCLONE_CONFIG_SERVICE_SAS_URL: `${service.blobEndpoint}?${ANY_SAS}`,
      },
      longestMs: LONGEST_MS,
    };
  },
};

function transfers(count: number): Setting {
  return {
    name: `--transfers ${count}`,
    args: ["--transfers", String(count), "--checkers", String(count)],
  };
}
