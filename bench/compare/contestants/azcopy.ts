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

/** Of npm's `@azure-tools/azcopy-linux`. */
const FROM_NPM = join(
  import.meta.dirname,
  "../../../node_modules/@azure-tools/azcopy-linux/dist/bin/azcopy_linux_amd64",
);

/** Found by `whyAbsent`. */
let program = "azcopy";

/** It takes 32 by itself on machines with fewer than five cores. */
const MANY_CONNECTIONS: Setting = {
  name: "300 connections",
  args: [],
  env: { AZCOPY_CONCURRENCY_VALUE: "300" },
};
const NO_CHECK: Setting = {
  ...MANY_CONNECTIONS,
  name: "300 connections, --check-length=false",
  args: ["--check-length=false"],
};

export const AZCOPY: Contestant = {
  name: "AzCopy",
  ways: ["local", "server"],
  announces: false,
  note: "opens at most ten connections a core, whatever it is told; asks for each blob's length afterwards unless told not to; copies from a container that it lists, and announces nothing; looks every two seconds whether it is done",
  settings: () => [AS_IT_COMES, MANY_CONNECTIONS, NO_CHECK],
  version: () => outputOf(program, ["--version"]),
  async whyAbsent() {
    const found = await findProgram("azcopy", [process.env["AZCOPY"], FROM_NPM]);
    if (found === undefined) return "it is neither at $AZCOPY nor on PATH (npm: @azure-tools/azcopy-linux)";
    program = found;
    return undefined;
  },
  call({ way, bytes, files, input, folder, service }, { args, env }) {
    const target = `${service.blobEndpoint}/${TARGET_CONTAINER}?${ANY_SAS}`;
    const [from, direction] =
      way === "local"
        ? [join(input, "*"), "LocalBlob"]
        : [`${service.blobEndpoint}/${sourceContainer(bytes, files)}/*?${ANY_SAS}`, "BlobBlob"];
    return {
      command: program,
      args: [
        "copy",
        from,
        target,
        "--from-to",
        direction,
        "--recursive",
        "--output-level=essential",
        ...args,
      ],
      cwd: folder,
      env: {
        ...trusting(service),
        AZCOPY_LOG_LOCATION: join(folder, "logs"),
        AZCOPY_JOB_PLAN_LOCATION: join(folder, "plans"),
        ...env,
      },
      longestMs: LONGEST_MS,
    };
  },
};
