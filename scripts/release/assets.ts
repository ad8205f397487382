/** What the executable of a platform contains besides Node, by the names that `surroundings/program-files.ts` reads. */
import { globSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build/root.ts";
import { makeCodeCaches } from "./code-cache.ts";
import type { NodePackages } from "./node-packages.ts";
import type { Platform } from "./platforms.ts";
import { writeFileAt } from "./write-file.ts";

/** The names with the files that they stand for. @param scratch for what is made on the way; it should be empty */
export function programAssets(platform: Platform, nodes: NodePackages, scratch: string): Map<string, string> {
  const own = globSync(["dist/**/*.js", "dist/THIRD-PARTY-LICENSES.txt", "queries/*.kql", "LICENSE"], {
    cwd: ROOT,
  });
  const assets = new Map(own.toSorted().map((path) => [path.replaceAll("\\", "/"), join(ROOT, path)]));
  assets.set("node/LICENSE", nodes.nodeLicence());
  // V8's caches hold for the version and the kind of processor that made them.
  if (platform.nodePackage === platform.preparedBy) {
    const caches = makeCodeCaches(nodes.nodeFor(platform), join(scratch, "caches"));
    for (const [path, file] of caches) assets.set(`dist/${path}`, file);
  }
  const list = join(scratch, "assets.json");
  writeFileAt(list, JSON.stringify([...assets.keys()]));
  return assets.set("assets.json", list);
}
