import { readFileSync } from "node:fs";
import { isSea } from "node:sea";

/** Written into the program when it is built; the source that runs as it is has none. */
declare const REUPLOAD_BUILD: { readonly version: string; readonly commit?: string } | undefined;

/** The package's version, as package.json has it. */
export function packageVersion(): string {
  if (typeof REUPLOAD_BUILD !== "undefined") return REUPLOAD_BUILD.version;
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** The line of `--version`: `0.1.0 (commit 1a2b3c4d5e6f, linux-x64, Node 24.21.0, single executable)`. */
export function versionLine(): string {
  const commit = typeof REUPLOAD_BUILD === "undefined" ? undefined : REUPLOAD_BUILD.commit;
  const facts = [
    commit === undefined ? "commit unknown" : `commit ${commit}`,
    `${process.platform}-${process.arch}`,
    `Node ${process.versions.node}`,
    ...(isSea() ? ["single executable"] : []),
  ];
  return `${packageVersion()} (${facts.join(", ")})`;
}
