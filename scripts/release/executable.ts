/** Makes a single executable: Node, with the program as Node's own "single executable application" takes it in. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "postject";
import { ROOT } from "../build/root.ts";
import type { NodePackages } from "./node-packages.ts";
import type { Platform } from "./platforms.ts";
import { withoutSignature } from "./windows-signature.ts";

/** What Node looks for in itself at its start. */
export const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** What goes into an executable besides Node. */
export interface Program {
  /** Files by the name by which the program reads them. */
  readonly assets: ReadonlyMap<string, string>;
  /** For what is made on the way. */
  readonly scratch: string;
}

/** Writes the executable for this platform to `path`. The same program and Node give the same bytes. */
export async function makeExecutable(
  platform: Platform,
  { assets, scratch }: Program,
  nodes: NodePackages,
  path: string,
): Promise<void> {
  const blob = join(scratch, `${platform.name}.blob`);
  const config = join(scratch, `${platform.name}.json`);
  const settings = {
    main: join(ROOT, "scripts", "release", "executable-main.cjs"),
    output: blob,
    disableExperimentalSEAWarning: true,
    // A snapshot cannot be used with threads; a code cache holds for one kind of processor and is not the same each time.
    useSnapshot: false,
    useCodeCache: false,
    assets: Object.fromEntries(assets),
  };
  writeFileSync(config, JSON.stringify(settings));
  execFileSync(nodes.nodeToPrepare(platform), ["--experimental-sea-config", config], {
    stdio: ["ignore", "ignore", 2],
  });
  copyFileSync(nodes.nodeFor(platform), path);
  if (platform.os === "win32") writeFileSync(path, withoutSignature(readFileSync(path)));
  await inject(path, "NODE_SEA_BLOB", readFileSync(blob), {
    sentinelFuse: FUSE,
    ...(platform.os === "darwin" && { machoSegmentName: "NODE_SEA" }),
  });
  chmodSync(path, 0o755);
}
