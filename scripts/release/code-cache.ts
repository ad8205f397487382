/**
 * What V8 has compiled of the program's files, for an executable that runs on the kind of machine that makes it: it starts
 * as fast as an installation whose compile cache is filled.
 */
import { execFileSync, type StdioOptions } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build/root.ts";

/** V8 orders some of its tables by chance, unless it is told where chance begins. */
const SAME_BYTES = ["--hash-seed=1", "--random-seed=1"];
/** Where a cache names the flags of the V8 that made it. */
const FLAGS_AT = 12;

/**
 * The same files and Node give the same bytes.
 *
 * @param node the Node of the executable
 * @param folder for what is made; it should be empty
 * @returns the caches by the path of their file in `dist`, with `.cache`
 */
export function makeCodeCaches(node: string, folder: string): Map<string, string> {
  const make = (name: string, flags: readonly string[]): string => {
    const output = join(folder, name);
    const script = join(ROOT, "scripts", "release", "code-cache-maker.cjs");
    // Not this process's own streams: what they are decides which of Node's modules load, and V8 numbers all functions.
    const stdio: StdioOptions = ["ignore", "ignore", "pipe"];
    execFileSync(node, [...flags, script, join(ROOT, "dist"), output], { stdio });
    return output;
  };
  const same = make("same", SAME_BYTES);
  // V8 takes no cache that other flags have made. Those above do not change what is compiled, so their mark is put right.
  const plain = make("plain", []);
  const caches = new Map<string, string>();
  for (const path of globSync("**/*.cache", { cwd: same }).toSorted()) {
    const cache = readFileSync(join(same, path));
    readFileSync(join(plain, path.replace(/cache$/, "begun"))).copy(cache, FLAGS_AT, FLAGS_AT, FLAGS_AT + 4);
    writeFileSync(join(same, path), cache);
    caches.set(path.replaceAll("\\", "/"), join(same, path));
  }
  return caches;
}
