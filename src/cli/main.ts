/** The entry. What is imported before the cache is on is compiled anew at every start, so all else is loaded here. */
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { join } from "node:path";
import { setStartFlags } from "../job/start-flags.ts";

/** Commands that are worth a pack of their own: they wait for nobody, and load and call most of the program. */
const WITH_PACK = new Set(["run", "upload"]);

enableCompileCache();

const [, , command = ""] = process.argv;
const folder = getCompileCacheDir();
if (folder === undefined || !WITH_PACK.has(command) || process.sourceMapsEnabled) {
  void import("./command.ts").then(({ runCommandLine }) => runCommandLine());
} else {
  void runWithPack(folder, command);
}

/** Runs the command with the code that an earlier start has kept, or keeps its own. @param kept the folder for it */
async function runWithPack(kept: string, name: string): Promise<void> {
  const { CodePack, loadWithPack } = await import("./code-pack.ts");
  const pack = new CodePack(kept, import.meta.dirname, name);
  // V8 takes compiled code only with the flags that it was made with: Node's own with none, the pack's with these.
  pack.loadBuiltins();
  setStartFlags();
  await loadWithPack(pack, join(import.meta.dirname, "command.js"))["runCommandLine"]?.();
  if (process.exitCode !== 0 || !pack.isWanting) return;
  const { keepCode } = await import("../job/keep-code.ts");
  setStartFlags();
  keepCode(pack.path, pack.content());
}
