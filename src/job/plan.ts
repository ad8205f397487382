/** Makes the commands of several machines from the options that one operator gives. */
import { basename } from "node:path";
import { type AccountInput, nameAccount } from "../azure/account.ts";
import { type Environment, type Given, resolveOne } from "../config/config.ts";
import { flagWords } from "../config/flag-words.ts";
import { PLANNED_OPTIONS } from "../config/plan-options.ts";
import type { RunOptionName } from "../config/run-options.ts";
import { accountFromEndpoint, createContainerWords } from "../core/storage-account.ts";
import { momentAt, momentText } from "../core/file-filter.ts";
import type { PlanReport } from "../report/plan-report.ts";
import { accountInput, credentialVariable } from "./account-input.ts";

/** Files that every machine needs a copy of. */
const COPIED = ["files", "kustoQuery"] as const;
/** The same on every machine. */
const MOMENTS = ["newerThan", "olderThan"] as const;
/** Each of these says where the file lists come from. */
const CATALOGS = ["files", "kustoCluster", "sourceContainer", "sourceDir"] as const;

/** What stands for the listing and the account that the operator has not named. */
export const PLACEHOLDER = { files: "listing.csv", target: "https://ACCOUNT.blob.core.windows.net" } as const;

export interface PlanRequest {
  /** As given. */
  readonly csv: string;
  readonly given: Given;
  /** Of this machine: the others have the same secrets. */
  readonly env: Environment;
  /** auto: every machine takes whichever partition is free. */
  readonly partitions: "fixed" | "auto";
  /** With fixed partitions one for each; with `auto` the number of partitions, undefined: the default. */
  readonly total: number | undefined;
  /** Of this tool. */
  readonly version: string;
  /** ms since the epoch: times before the run began count back from here. */
  readonly now: number;
}

/**
 * Makes the plan. Each option that a flag, the environment or the configuration file of this machine gives becomes a
 * flag, so that the commands do the same everywhere. A listing and an account stand for those that nothing names.
 *
 * @throws ReuploadError `bad-option`, `target-invalid`
 */
export function makePlan({
  csv,
  given: named,
  env,
  partitions,
  total,
  version,
  now,
}: PlanRequest): PlanReport {
  for (const name of PLANNED_OPTIONS) resolveOne(named, name);
  const input = accountInput(named.get("target")?.text, env);
  const account = nameAccount(input);
  const given = withPlaceholders(named, account !== undefined);
  const isShared = partitions === "auto" || (total ?? 1) > 1;
  const isCoordinated = isShared && resolveOne(given, "coordination");
  const target = given.get("target")?.text;
  const coordinationContainer = given.get("coordinationContainer")?.text;
  const targetContainer = given.get("targetContainer")?.text;
  const share = (partition: string): Texts => ({
    partition: partitions === "auto" ? "auto" : partition,
    ...(total === undefined ? {} : { totalPartitions: String(total) }),
  });
  return {
    partitions,
    total,
    version,
    copied: [csv, ...COPIED.flatMap((name) => given.get(name)?.text ?? [])],
    signIn: account?.credential === undefined ? signInWords(given) : undefined,
    variable: account && credentialVariable(input),
    coordination:
      isCoordinated && !resolveOne(given, "createMissing")
        ? containerWords(account, input, resolveOne(given, "coordinationContainer"))
        : undefined,
    run: ({ partition, stateDb, folder }) => {
      const texts = plannedTexts(given, folder, now);
      const own = { csv: placed(csv, folder), stateDb, ...share(partition) };
      return ["reupload", "run", ...flagWords({ ...texts, ...own })];
    },
    monitor: (stateDb) => {
      const whole = flagWords({ target, targetContainer, csv: placed(csv), coordinationContainer });
      return ["reupload", "monitor", ...(isCoordinated ? whole : ["--state-db", stateDb])];
    },
  };
}

function withPlaceholders(given: Given, namesAccount: boolean): Given {
  const all = new Map(given);
  const where = "plan";
  if (!CATALOGS.some((name) => given.has(name))) all.set("files", { text: PLACEHOLDER.files, where });
  if (!namesAccount) all.set("target", { text: PLACEHOLDER.target, where });
  return all;
}

type Texts = Partial<Record<RunOptionName, string>>;

/** The options of every machine, as text. */
function plannedTexts(given: Given, folder: string | undefined, now: number): Texts {
  const texts: Texts = {};
  for (const name of PLANNED_OPTIONS) {
    const text = given.get(name)?.text;
    if (text !== undefined) texts[name] = text;
  }
  // Each machine begins at another time.
  for (const name of MOMENTS) {
    const moment = resolveOne(given, name);
    if (moment !== undefined) texts[name] = momentText({ kind: "at", at: momentAt(moment, now) });
  }
  for (const name of COPIED) if (texts[name] !== undefined) texts[name] = placed(texts[name], folder);
  // Some shells read a backslash at the end of a quoted word as part of the word.
  if (texts.sourceDir !== undefined) texts.sourceDir = texts.sourceDir.replace(/(?<=[^:\\/])[\\/]+$/, "");
  return texts;
}

/** A copied file on the machine that runs: by its plain name, which no program takes for an option. */
function placed(path: string, folder?: string): string {
  const name = basename(path);
  if (folder !== undefined) return `${folder}/${name}`;
  return name.startsWith("-") ? `./${name}` : name;
}

function signInWords(given: Given): string[] | undefined {
  const auth = resolveOne(given, "auth");
  if (auth !== "auto" && auth !== "cli") return undefined;
  const tenant = given.get("tenant")?.text;
  return ["az", "login", ...(tenant === undefined ? [] : ["--tenant", tenant])];
}

function containerWords(
  account: ReturnType<typeof nameAccount>,
  { connectionString }: AccountInput,
  container: string,
): string[] {
  if (account === undefined) return createContainerWords("ACCOUNT", container);
  const name = accountFromEndpoint(account.blobEndpoint);
  if (account.credential === undefined) return createContainerWords(name, container);
  return createContainerWords(connectionString === undefined ? name : undefined, container, "variable");
}
