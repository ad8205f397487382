import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { configKey, RUN_OPTION_NAMES, RUN_OPTIONS, type RunOptionName } from "./run-options.ts";
import { suggest } from "./suggest.ts";
import { yesOrNo } from "./values.ts";

/** One value of a configuration file as text, and where it stands. */
export interface FileValue {
  readonly text: string;
  /** `reupload.config.yaml:3` */
  readonly where: string;
}

const load = createRequire(import.meta.url);

/** Loaded with the first configuration file: it takes 30 ms, and most commands have none. */
function yaml(): typeof Yaml {
  return load("yaml") as typeof Yaml;
}

const FOUND_ALONE = ["reupload.config.json", "reupload.config.yaml"];

/**
 * Reads the configuration file: the one given, else the one in the working folder, else none. JSON is read as YAML,
 * which it is, so that both have line numbers. Nothing in it is executed.
 *
 * @throws ReuploadError `bad-config` with file and line: syntax, unknown key (with the key that was probably meant),
 * a value that is no scalar
 */
export function readConfigFile(
  given: string | undefined,
  folder: string,
): ReadonlyMap<RunOptionName, FileValue> {
  const shown = given ?? FOUND_ALONE.find((name) => existsSync(join(folder, name)));
  if (shown === undefined) return new Map();
  let source: string;
  try {
    source = readFileSync(resolve(folder, shown), "utf8");
  } catch (thrown) {
    throw new ReuploadError(
      "bad-config",
      `The configuration file ${shown} cannot be read: ${errorMessageText(thrown)}`,
      { advice: "Check the path given with --config.", cause: thrown },
    );
  }
  return parseConfig(source, shown);
}

function parseConfig(source: string, shown: string): ReadonlyMap<RunOptionName, FileValue> {
  const lines = new (yaml().LineCounter)();
  const document = yaml().parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const at = (node: Yaml.Node | null | undefined) => `${shown}:${lines.linePos(node?.range?.[0] ?? 0).line}`;
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw new ReuploadError("bad-config", `${shown}:${line}: ${messageFor(error)}`);
  }
  const root = document.contents;
  const values = new Map<RunOptionName, FileValue>();
  if (root === null) return values;
  if (!yaml().isMap<Yaml.Node, Yaml.Node | null>(root)) {
    throw new ReuploadError(
      "bad-config",
      `${at(root)}: expected options with their values, such as target: https://...`,
    );
  }
  for (const { key, value } of root.items) {
    const name = knownName(yaml().isScalar(key) ? writtenIn(key) : "", at(key));
    const where = at(value ?? key);
    const text = valueText(value, { name, where, document, isJson: shown.endsWith(".json") });
    values.set(name, { text, where });
  }
  return values;
}

/** The library's words are for its users in one case. */
function messageFor(error: Yaml.YAMLError): string {
  if (error.code !== "MULTIPLE_DOCS") return error.message;
  return "a second document begins here, but a configuration file must contain only one";
}

function knownName(key: string, where: string): RunOptionName {
  const name = RUN_OPTION_NAMES.find((known) => configKey(known) === key);
  if (name !== undefined && name !== "config") return name;
  const near = suggest(key, RUN_OPTION_NAMES.map(configKey));
  throw new ReuploadError(
    "bad-config",
    `${where}: unknown option "${key}"`,
    near === undefined ? {} : { advice: `Did you mean "${near}"?` },
  );
}

interface Place {
  readonly name: RunOptionName;
  readonly where: string;
  readonly document: Yaml.Document;
  readonly isJson: boolean;
}

/** The value as text. @throws ReuploadError `bad-config` for what is no text, number, switch or list of them */
function valueText(given: Yaml.Node | null, place: Place): string {
  const value = yaml().isAlias(given) ? given.resolve(place.document) : given;
  if (yaml().isSeq(value)) {
    const items = value.items.map((item) => textOfScalar(item, place));
    if (items.every((item) => item !== undefined))
      return items.join(RUN_OPTIONS[place.name].parse.repeats === true ? "\n" : ",");
    throw new ReuploadError("bad-config", `${place.where}: expected a list of texts`);
  }
  const text = textOfScalar(value, place);
  if (text !== undefined) return text;
  throw new ReuploadError("bad-config", `${place.where}: expected a text, a number or a switch`);
}

/**
 * The scalar as it is written: the queue `0123456` is not the number 123456, and the container `null` is a name.
 *
 * @returns undefined for what is no scalar, and where nothing is written
 */
function textOfScalar(node: unknown, { name, isJson }: Place): string | undefined {
  if (!yaml().isScalar(node)) return undefined;
  if (typeof node.value === "boolean" && RUN_OPTIONS[name].parse === yesOrNo) return String(node.value);
  const written = writtenIn(node);
  const isNothing = node.value === null && (isJson || written === "" || written === "~");
  return isNothing ? undefined : written;
}

function writtenIn({ type, source, value }: Yaml.Scalar): string {
  if (type === "PLAIN" && source !== undefined) return source;
  // A block ends with the end of its last line, which nobody means.
  return type?.startsWith("BLOCK") === true ? String(value).trimEnd() : String(value);
}
