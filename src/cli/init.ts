/** `reupload init`: writes the configuration file of a folder, and checks what it says. */
import { resolve as resolvePath } from "node:path";
import { collect } from "../config/config.ts";
import { FILE_OPTIONS } from "../config/config-text.ts";
import { RUN_OPTIONS, type RunOptionName } from "../config/run-options.ts";
import { oneOf } from "../config/values.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { writeConfig } from "../job/init.ts";
import { ask } from "../terminal/ask.ts";
import { type Io, printLine } from "../terminal/io.ts";
import { doctor } from "./doctor.ts";
import type { RunFlags } from "./session.ts";
import { listenForStop } from "./stop-signals.ts";

const FILE = "reupload.config.yaml";

/** What names the catalog of each kind. */
const CATALOG_OPTIONS = {
  listing: ["files"],
  kusto: ["kustoCluster", "kustoDatabase"],
  container: ["sourceContainer"],
  folder: ["sourceDir"],
} as const satisfies Record<string, readonly RunOptionName[]>;

/** @returns the code of `doctor`, which looks at what was written. @throws ReuploadError */
export async function init(flags: RunFlags, out: string | undefined, io: Io): Promise<ExitCode> {
  const texts: Partial<Record<RunOptionName, string>> = {};
  for (const [name, { text }] of collect(flags, io.env, io.cwd)) {
    if (FILE_OPTIONS.includes(name)) texts[name] = text;
  }
  if (io.stdin.isTTY && io.stderr.isTTY) await askForMissing(texts, io);
  const shown = out ?? FILE;
  writeConfig(resolvePath(io.cwd, shown), shown, texts);
  printLine(io.stderr, `wrote ${shown}`);
  return doctor({ ...flags, config: shown }, io);
}

/** Where the files come from and where they go: without these nothing runs. */
async function askForMissing(texts: Partial<Record<RunOptionName, string>>, io: Io): Promise<void> {
  const stop = listenForStop(io);
  const question = async (name: RunOptionName): Promise<void> => {
    const { help, default: fallback, parse } = RUN_OPTIONS[name];
    texts[name] ??= await ask(io, { says: help, fallback, check: parse }, stop.signal);
  };
  try {
    const kinds = Object.keys(CATALOG_OPTIONS) as (keyof typeof CATALOG_OPTIONS)[];
    if (!kinds.some((kind) => CATALOG_OPTIONS[kind].some((name) => texts[name] !== undefined))) {
      const says = "Where do the lists of files come from: listing, kusto, container or folder";
      const check = oneOf(...kinds);
      const kind = check(await ask(io, { says, fallback: "listing", check }, stop.signal));
      for (const name of CATALOG_OPTIONS[kind]) await question(name);
    }
    for (const name of ["target", "targetContainer"] as const) await question(name);
    if (texts.announce !== "false") await question("queue");
  } finally {
    stop.dispose();
  }
}
