/** Where the files go, and as what. */
import { cacheControl, metadata, tags, tier } from "./attribute-values.ts";
import { DEFAULT_NAME_TEMPLATE } from "../core/target-name.ts";
import { option, type OptionSpec } from "./option-spec.ts";
import {
  containerName,
  duration,
  headerText,
  nameTemplate,
  oneOf,
  queueNames,
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
    "storage account: https://ACCOUNT.blob.core.windows.net",
    "same",
  ),
  targetContainer: option(
    TARGET,
    "--target-container <name>",
    containerName,
    "results",
    "container that receives the files",
    "same",
  ),
  queue: option(
    TARGET,
    "--queue <names>",
    queueNames,
    "resultsqueue",
    "queue that receives an announcement of every blob; with partitions also several (a,b,c): partition I uses queue I mod 3",
    "same",
  ),
  announce: option(TARGET, "--no-queue", yesOrNo, "true", "send no announcements", "same"),
  auth: option(
    TARGET,
    "--auth <way>",
    oneOf("auto", "cli", "browser", "device-code", "managed-identity", "environment"),
    "auto",
    "sign-in method: auto, cli (az login), browser, device-code, managed-identity or environment",
  ),
  tenant: option(TARGET, "--tenant <id>", text, undefined, "tenant to sign in to"),
  createMissing: option(
    TARGET,
    "--create-missing",
    yesOrNo,
    "false",
    "create the container and the queue if they do not exist",
  ),
  emulator: option(
    TARGET,
    "--emulator",
    yesOrNo,
    "false",
    "start the storage emulator (if it is installed) and use it as the target",
    "same",
  ),

  transfer: option(
    TRANSFER,
    "--transfer <way>",
    oneOf("auto", "server", "stream"),
    "auto",
    "server: the service copies the files itself; stream: the files pass through this machine; auto: server, or stream where the service cannot copy",
  ),
  contentType: option(
    TRANSFER,
    "--content-type <type>",
    headerText,
    "application/json",
    "content type of the blobs; source keeps the source's type (the content encoding, language and disposition always come from the source)",
  ),
  metadata: option(
    TRANSFER,
    "--metadata <pairs>",
    metadata,
    "source",
    "metadata of the blobs: source (the source's), none, or name=value,name=value",
    "same",
  ),
  tier: option(
    TRANSFER,
    "--tier <tier>",
    tier,
    "account",
    "access tier of the blobs: account (the account's default), source (the source's), hot, cool, cold or archive",
    "same",
  ),
  tags: option(
    TRANSFER,
    "--tags <pairs>",
    tags,
    "none",
    "index tags of the blobs: none, or name=value,name=value; needs the right to write tags",
    "same",
  ),
  cacheControl: option(
    TRANSFER,
    "--cache-control <text>",
    cacheControl,
    "source",
    "cache control of the blobs: source (the source's), or the text of the header",
    "same",
  ),
  nameTemplate: option(
    TRANSFER,
    "--name-template <template>",
    nameTemplate,
    DEFAULT_NAME_TEMPLATE,
    "template of the blob names; fields: {jobId} {workItemId} {workItemName} {fileName} {fileBaseName}",
    "same",
  ),
  onConflict: option(
    TRANSFER,
    "--on-conflict <what>",
    oneOf("fail", "skip", "overwrite"),
    "fail",
    "if a blob with this name and other content exists: fail, skip or overwrite",
  ),
  onCollision: option(
    TRANSFER,
    "--on-collision <what>",
    oneOf("report", "path", "first"),
    "report",
    "if two files of a work item get the same name: report both, name them by their path, or take only the first",
  ),
  onEmpty: option(
    TRANSFER,
    "--on-empty <what>",
    oneOf("report", "fail"),
    "report",
    "if a work item has no files: report or fail",
  ),
  announceExisting: option(
    TRANSFER,
    "--announce-existing <when>",
    oneOf("always", "never"),
    "always",
    "whether to announce blobs that existed before the run: always or never",
  ),
  messageTtl: option(
    TRANSFER,
    "--message-ttl <time>",
    duration("1m", "3650d"),
    undefined,
    "time after which an announcement expires (default: never)",
  ),
} as const satisfies Record<string, OptionSpec>;
