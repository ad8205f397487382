import { join } from "node:path";
import {
  ANY_SAS,
  AS_IT_COMES,
  type Contestant,
  LONGEST_MS,
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

async function find(): Promise<string | undefined> {
  return findProgram("azcopy", [process.env["AZCOPY"], FROM_NPM]);
}
let program = "azcopy";

export const AZCOPY: Contestant = {
  name: "AzCopy",
  ways: ["local", "server"],
  announces: false,
  note: "copies from a container that it lists, and announces nothing; asks for each blob's length afterwards, as it comes",
  settings: () => [AS_IT_COMES, connections(128), connections(300)],
  version: () => outputOf(program, ["--version"]),
  async whyAbsent() {
    const found = await find();
    program = found ?? program;
    return found === undefined
      ? "it is neither at $AZCOPY nor on PATH (npm: @azure-tools/azcopy-linux)"
      : undefined;
  },
  call({ way, bytes, files, input, folder, service }, { env }) {
    const target = `${service.blobEndpoint}/${TARGET_CONTAINER}?${ANY_SAS}`;
    const [from, direction] =
      way === "local"
        ? [join(input, "*"), "LocalBlob"]
        : [`${service.blobEndpoint}/${sourceContainer(bytes, files)}/*?${ANY_SAS}`, "BlobBlob"];
    return {
      command: program,
      args: ["copy", from, target, "--from-to", direction, "--recursive", "--output-level", "essential"],
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

/** It takes 32 on machines with fewer than five cores. */
function connections(count: number) {
  return { name: `${count} connections`, args: [], env: { AZCOPY_CONCURRENCY_VALUE: String(count) } };
}
