/** The entry. What is imported before the cache is on is compiled anew at every start, so all else is loaded here. */
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { join } from "node:path";
import { setStartFlags } from "../job/start-flags.ts";
import { CodePack, loadWithPack } from "./code-pack.ts";

/** Commands that are worth a pack of their own: they wait for nobody, and load and call most of the program. */
const WITH_PACK = new Set(["run", "upload"]);

enableCompileCache();
// Before anything else is compiled: V8 takes back only what was compiled with the same flags.
setStartFlags();

const [, , command = ""] = process.argv;
const folder = getCompileCacheDir();
if (folder === undefined || !WITH_PACK.has(command) || process.sourceMapsEnabled) {
  void import("./command.ts").then(({ runCommandLine }) => runCommandLine());
} else {
  void run(new CodePack(folder, import.meta.dirname, command));
}

/** Runs the command with the code that an earlier start has kept, or keeps its own. */
async function run(pack: CodePack): Promise<void> {
  await loadWithPack(pack, join(import.meta.dirname, "command.js"))["runCommandLine"]?.();
  if (process.exitCode !== 0 || !pack.isWanting) return;
  const { keepCode } = await import("../job/keep-code.ts");
  setStartFlags();
  keepCode(pack.path, pack.content());
}
