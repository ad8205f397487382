/**
 * The settings of a run: flag over environment over configuration file over what the state keeps over default, each
 * value checked, and a bad one told with the place it came from.
 */
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { splitQueues } from "../core/queues.ts";
import { readConfigFile } from "./config-file.ts";
import { checkFilter } from "./filter-check.ts";
import {
  environmentName,
  isKept,
  type OptionSpec,
  RUN_OPTION_NAMES,
  RUN_OPTIONS,
  type RunOptionName,
  type RunSettings,
} from "./run-options.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the operator gave, as text, each with where it came from; before the state's own settings are known. */
export type Given = ReadonlyMap<RunOptionName, { readonly text: string; readonly where: string }>;

/**
 * Collects what is given by flags, environment and configuration file, highest first.
 *
 * @param flags the text of each flag that stands on the command line
 * @param folder the working folder, where a configuration file is found alone
 * @throws ReuploadError `bad-config`
 */
export function collect(
  flags: Partial<Readonly<Record<RunOptionName, string>>>,
  environment: Environment,
  folder: string,
): Given {
  const configPath = flags.config ?? (environment[environmentName("config")] || undefined);
  const file = readConfigFile(configPath, folder);
  const given = new Map<RunOptionName, { text: string; where: string }>();
  for (const name of RUN_OPTION_NAMES) {
    const flag = flags[name];
    const variable = environmentName(name);
    const fromEnvironment = environment[variable];
    const fromFile = file.get(name);
    if (flag !== undefined) given.set(name, { text: flag, where: flagWord(name) });
    else if (fromEnvironment !== undefined && fromEnvironment !== "") {
      given.set(name, { text: fromEnvironment, where: `${variable} (environment)` });
    } else if (fromFile !== undefined) given.set(name, fromFile);
  }
  return given;
}

/**
 * The validated settings.
 *
 * @param kept what the state keeps from the run's start (`keptSettings`); empty for a new run
 * @throws ReuploadError `bad-option` that names the place of the value
 */
export function resolve(given: Given, kept: Readonly<Record<string, unknown>>): RunSettings {
  const known = new Map(given);
  // A queue that is named is to be used, whatever the run was started with: the identity tells the difference.
  if (given.has("queue") && !given.has("announce")) known.set("announce", { text: "true", where: "--queue" });
  const settings: Partial<Record<RunOptionName, unknown>> = {};
  const before = withoutOverruled(given, kept);
  for (const name of RUN_OPTION_NAMES) {
    const text = before[name];
    if (!known.has(name) && isKept(name) && typeof text === "string") {
      known.set(name, { text, where: `${name} in the state` });
    }
    settings[name] = resolveOne(known, name);
  }
  if (!known.has("concurrency") && WORKERS.some((name) => known.has(name))) {
    settings.concurrency = Number(settings.workitemWorkers) * Number(settings.fileWorkers);
  }
  const complete = Object.freeze(settings) as RunSettings;
  check(complete);
  return complete;
}

/** Explicit ones stay what they say. */
const WORKERS = ["workitemWorkers", "fileWorkers"] as const;

/** What is kept, without a concurrency that newly given workers put aside. */
function withoutOverruled(
  given: Given,
  kept: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const isOverruled = !given.has("concurrency") && WORKERS.some((name) => given.has(name));
  return isOverruled ? { ...kept, concurrency: undefined } : kept;
}

/** One setting, before the state's own are known. @throws ReuploadError `bad-option` */
export function resolveOne<Name extends RunOptionName>(given: Given, name: Name): RunSettings[Name] {
  const spec: OptionSpec = RUN_OPTIONS[name];
  const value =
    given.get(name) ?? (spec.default === undefined ? undefined : { text: spec.default, where: "default" });
  return (value === undefined ? undefined : parse(spec, value.text, value.where)) as RunSettings[Name];
}

/** Kept whole. */
const PATHS: ReadonlySet<RunOptionName> = new Set(["csv", "files", "kustoQuery", "sourceDir"]);

/**
 * What the state keeps of the given options for a later `--resume`; nothing secret is an option.
 *
 * @param absolute makes a path whole, so that a resume from another folder finds the file
 */
export function keptSettings(
  given: Given,
  kept: Readonly<Record<string, unknown>>,
  absolute: (path: string) => string,
): Record<string, string> {
  const texts: Record<string, string> = {};
  const before = withoutOverruled(given, kept);
  for (const name of RUN_OPTION_NAMES) {
    if (!isKept(name)) continue;
    const text = given.get(name)?.text ?? before[name];
    if (typeof text !== "string") continue;
    texts[name] = PATHS.has(name) && text !== "-" ? absolute(text) : text;
  }
  return texts;
}

function parse(spec: OptionSpec, text: string, where: string): unknown {
  try {
    return spec.parse(text);
  } catch (thrown) {
    throw new ReuploadError("bad-option", `${where}: ${errorMessageText(thrown)}, got "${text}"`);
  }
}

/** What no single option can say about itself. */
function check(settings: RunSettings): void {
  checkPartitions(settings);
  checkTogether(settings);
  checkFilter(settings);
  checkTier(settings);
}

function checkPartitions(settings: RunSettings): void {
  const { partition, totalPartitions } = settings;
  if (partition === "auto") checkAuto(settings);
  else if ((partition === undefined) !== (totalPartitions === undefined)) {
    const [there, missing] =
      partition === undefined ? ["--total-partitions", "--partition"] : ["--partition", "--total-partitions"];
    throw new ReuploadError("bad-option", `${there} is given without ${missing}.`, {
      advice: "Give both (--partition 0 --total-partitions 2 is the first of two partitions), or neither.",
    });
  }
  const isNumber = typeof partition === "number" && totalPartitions !== undefined;
  if (isNumber && partition >= totalPartitions) {
    throw new ReuploadError("bad-option", `--partition ${partition} of ${totalPartitions} does not exist.`, {
      advice: `Partitions count from 0: give 0 to ${totalPartitions - 1}.`,
    });
  }
  if (partition === undefined && settings.announce && splitQueues(settings.queue).length > 1) {
    throw new ReuploadError("bad-option", "Several queues are given to a run without partitions.", {
      advice:
        "Give one queue, or --partition and --total-partitions: each partition announces in one of the queues.",
    });
  }
}

function checkTogether(settings: RunSettings): void {
  if (settings.emulator && settings.target !== undefined) {
    throw new ReuploadError("bad-option", "--emulator and --target cannot be used together.", {
      advice: "Omit one of them.",
    });
  }
  if (settings.limit !== undefined && settings.sample !== undefined) {
    throw new ReuploadError("bad-option", "--limit and --sample cannot be used together.", {
      advice: "--limit takes the first work items, --sample takes some that are spread over the CSV.",
    });
  }
  // Such a machine has no work items before it takes a partition, so that no part of them can be chosen.
  if (settings.canary !== undefined && settings.partition === "auto") {
    throw new ReuploadError("bad-option", "--partition auto and --canary cannot be used together.", {
      advice: "Use fixed partitions, or try some work items with --sample and another --state-db first.",
    });
  }
  if (settings.canary !== undefined && (settings.limit ?? settings.sample) !== undefined) {
    throw new ReuploadError("bad-option", "--canary cannot be used with --limit or --sample.", {
      advice: "--canary goes on with all the others by itself; omit one of them.",
    });
  }
  if (settings.repartition && settings.csv === "-") {
    throw new ReuploadError("bad-option", "--repartition reads the CSV twice, which stdin does not allow.", {
      advice: "Give --csv a file.",
    });
  }
  if (settings.repartition && !settings.coordination) {
    throw new ReuploadError("bad-option", "--repartition and --no-coordination cannot be used together.", {
      advice: "What is to be divided is known to the machines by their coordination alone.",
    });
  }
  if (settings.updateCsv && !settings.resume) {
    throw new ReuploadError("bad-option", "--update-csv is given without --resume.", {
      advice: "Add --resume, or omit --update-csv: a new run always uses the whole CSV.",
    });
  }
}

/** What is in the archive tier can be compared by its properties alone. */
function checkTier({ tier, canary }: RunSettings): void {
  if (tier !== "archive" || canary === undefined) return;
  throw new ReuploadError("bad-option", "--tier archive and --canary cannot be used together.", {
    advice:
      "--canary reads what it has made, which nobody can in the archive tier. Use --verify, which compares lengths and MD5s.",
  });
}

/** Machines that take free partitions know of each other, and end together. */
function checkAuto({ coordination, limit, sample, updateCsv, queue }: RunSettings): void {
  const refuse = (flag: string, advice: string): never => {
    const message = `--partition auto and ${flag} cannot be used together.`;
    throw new ReuploadError("bad-option", message, { advice });
  };
  if (!coordination) {
    refuse("--no-coordination", "Give fixed partitions (--partition 0 --total-partitions 2), or omit it.");
  }
  if (limit !== undefined || sample !== undefined) {
    const flag = limit === undefined ? "--sample" : "--limit";
    const then =
      "then start with --partition auto, --repartition and a new --state-db: what was done stays done.";
    refuse(flag, `Try a few work items without --partition first, ${then}`);
  }
  if (queue.includes(",")) {
    const fixed = "or fixed partitions, each of which announces in one of the queues.";
    refuse(
      "several queues",
      `Give one queue, which takes about 2,000 messages a second of all machines, ${fixed}`,
    );
  }
  if (updateCsv) refuse("--update-csv", "Give the new rows as a CSV of their own: that is a run of its own.");
}

/** `stateDb` -> `--state-db` */
export function flagWord(name: RunOptionName): string {
  return /--[a-z-]+/.exec(RUN_OPTIONS[name].flag)?.[0] ?? name;
}
