/** Where the files go, and as what. */
import { DEFAULT_NAME_TEMPLATE } from "../core/target-name.ts";
import { option, type OptionSpec } from "./option-spec.ts";
import {
  containerName,
  duration,
  headerText,
  nameTemplate,
  oneOf,
  queueName,
  text,
  yesOrNo,
} from "./values.ts";

const TARGET = "Target:";
const TRANSFER = "Transfer:";

/** By name; the order is that of the help. */
export const TARGET_OPTIONS = {
  target: option(
    TARGET,
    "--target <url>",
    text,
    undefined,
    "account: https://ACCOUNT.blob.core.windows.net",
    "same",
  ),
  targetContainer: option(
    TARGET,
    "--target-container <name>",
    containerName,
    "results",
    "container that must hold every file",
    "same",
  ),
  queue: option(
    TARGET,
    "--queue <name>",
    queueName,
    "resultsqueue",
    "queue that must be told about every blob",
    "same",
  ),
  announce: option(TARGET, "--no-queue", yesOrNo, "true", "announce nothing", "same"),
  auth: option(
    TARGET,
    "--auth <way>",
    oneOf("auto", "cli", "browser", "device-code", "managed-identity", "environment"),
    "auto",
    "sign-in: auto, cli (az login), browser, device-code, managed-identity or environment",
  ),
  tenant: option(TARGET, "--tenant <id>", text, undefined, "tenant to sign in to"),
  createMissing: option(
    TARGET,
    "--create-missing",
    yesOrNo,
    "false",
    "create the container and the queue when they are missing",
  ),
  emulator: option(
    TARGET,
    "--emulator",
    yesOrNo,
    "false",
    "start the storage emulator (when installed) and use it as the target",
    "same",
  ),

  transfer: option(
    TRANSFER,
    "--transfer <way>",
    oneOf("auto", "server", "stream"),
    "auto",
    "server: copied by the service itself; stream: through this machine",
  ),
  contentType: option(
    TRANSFER,
    "--content-type <type>",
    headerText,
    "application/json",
    "the blobs' content type; source keeps the source's (encoding, metadata and all else are the source's anyway)",
  ),
  nameTemplate: option(
    TRANSFER,
    "--name-template <template>",
    nameTemplate,
    DEFAULT_NAME_TEMPLATE,
    "blob names, from {jobId} {workItemId} {workItemName} {fileName} {fileBaseName}",
    "same",
  ),
  onConflict: option(
    TRANSFER,
    "--on-conflict <what>",
    oneOf("fail", "skip", "overwrite"),
    "fail",
    "a blob with other content is there: fail, skip or overwrite",
  ),
  onCollision: option(
    TRANSFER,
    "--on-collision <what>",
    oneOf("report", "path", "first"),
    "report",
    "two files of a work item get one name: report, name by path, or take the first",
  ),
  onEmpty: option(
    TRANSFER,
    "--on-empty <what>",
    oneOf("report", "fail"),
    "report",
    "a work item without files: report or fail",
  ),
  announceExisting: option(
    TRANSFER,
    "--announce-existing <when>",
    oneOf("always", "never"),
    "always",
    "announce blobs that were there before the run",
  ),
  messageTtl: option(
    TRANSFER,
    "--message-ttl <time>",
    duration("1m", "3650d"),
    undefined,
    "announcements expire after this (never, unless given)",
  ),
} as const satisfies Record<string, OptionSpec>;
