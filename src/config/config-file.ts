import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { messageOf, ReuploadError } from "../core/errors.ts";
import { keyOf, RUN_OPTION_NAMES, type RunOptionName } from "./run-options.ts";
import { suggest } from "./suggest.ts";

/** One value of a configuration file as text, and where it stands. */
export interface FileValue {
  readonly text: string;
  /** `reupload.config.yaml:3` */
  readonly where: string;
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
      `The configuration file ${shown} cannot be read: ${messageOf(thrown)}`,
      { advice: "Check the path given with --config.", cause: thrown },
    );
  }
  return parseConfig(source, shown);
}

function parseConfig(source: string, shown: string): ReadonlyMap<RunOptionName, FileValue> {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const at = (node: Node | null | undefined) => `${shown}:${lines.linePos(node?.range?.[0] ?? 0).line}`;
  const [error] = document.errors;
  if (error !== undefined) {
    throw new ReuploadError("bad-config", `${shown}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
  }
  const root = document.contents;
  const values = new Map<RunOptionName, FileValue>();
  if (root === null) return values;
  if (!isMap<Node, Node | null>(root)) {
    throw new ReuploadError("bad-config", `${at(root)}: expected a mapping of options to values`);
  }
  for (const { key, value } of root.items) {
    const name = knownName(isScalar(key) ? String(key.value) : "", at(key));
    values.set(name, { text: textOf(value, at(value ?? key)), where: at(value ?? key) });
  }
  return values;
}

function knownName(key: string, where: string): RunOptionName {
  const name = RUN_OPTION_NAMES.find((known) => keyOf(known) === key);
  if (name !== undefined && name !== "config") return name;
  const near = suggest(key, RUN_OPTION_NAMES.map(keyOf));
  throw new ReuploadError(
    "bad-config",
    `${where}: unknown option "${key}"`,
    near === undefined ? {} : { advice: `Did you mean "${near}"?` },
  );
}

function textOf(value: Node | null, where: string): string {
  if (isSeq(value)) {
    if (value.items.every((item) => isScalar(item))) {
      return value.items.map((item) => String(item.value)).join(",");
    }
    throw new ReuploadError("bad-config", `${where}: expected a list of texts`);
  }
  const scalar: unknown = isScalar(value) ? value.value : null;
  if (typeof scalar === "string") return scalar;
  if (typeof scalar === "number" || typeof scalar === "boolean") return String(scalar);
  throw new ReuploadError("bad-config", `${where}: expected a text, a number or a switch`);
}
