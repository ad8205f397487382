/** What is compared: a cell is one way, one size of files and one conduct of the service. */
import type { SimulatorSettings } from "../simulator/start.ts";
import type { Way } from "./contestants/contestant.ts";

/** The names that `--only` takes. */
export const GROUPS = ["local", "server", "stream", "0ms", "50ms", "throttled", "skewed"] as const;
export type Group = (typeof GROUPS)[number];

export const KIB = 1024;
export const MIB = 1024 * KIB;

export interface Cell {
  readonly group: Group;
  readonly way: Way;
  readonly bytes: number;
  readonly latencyMs: number;
  /** Requests/s that the account takes, when it is limited. */
  readonly accountRate?: number;
  /** Messages/s that the queue takes. */
  readonly queueRate?: number;
  /** So many files, where the whole of a short program counts; else as many as take some seconds. */
  readonly files?: number;
  /** Else it is run once. */
  readonly isRepeated: boolean;
}

const WAYS: readonly Way[] = ["local", "server", "stream"];
const SMALL = 16 * KIB;
const LARGE = 50 * MIB;
const SIZES = [SMALL, 300 * KIB, LARGE];
const USUAL_MS = 20;

/** The whole comparison, in its order. */
export const CELLS: readonly Cell[] = [
  ...WAYS.flatMap((way) =>
    SIZES.map((bytes): Cell => ({ group: way, way, bytes, latencyMs: USUAL_MS, isRepeated: true })),
  ),
  { group: "server", way: "server", bytes: LARGE, latencyMs: USUAL_MS, isRepeated: true, files: 100 },
  ...single("0ms", { latencyMs: 0 }),
  ...single("50ms", { latencyMs: 50 }),
  ...single("throttled", { latencyMs: USUAL_MS, accountRate: 1_000, queueRate: 500 }),
];

/** Enough to see that everything works: each way, and files that go in blocks. */
export function isInQuick({ way, bytes, isRepeated, files }: Cell): boolean {
  return isRepeated && files === undefined && (bytes === SMALL || (way === "local" && bytes === LARGE));
}

function single(group: Group, conduct: Pick<Cell, "latencyMs" | "accountRate" | "queueRate">): Cell[] {
  return WAYS.map((way) => ({ group, way, bytes: SMALL, isRepeated: false, ...conduct }));
}

/** For the simulator, which keeps the settings of the cell before unless told otherwise. */
export function settingsOf({ latencyMs, accountRate = 0, queueRate = 0 }: Cell): SimulatorSettings {
  return { latency: latencyMs, "account-rate": accountRate, "queue-rate": queueRate };
}

const WAY_TITLES: Readonly<Record<Way, string>> = {
  local: "local upload",
  server: "server copy",
  stream: "stream",
};

/** Such as `local upload, 16 KiB files, 20 ms`, or `server copy, 50 MiB files, 100 of them, 20 ms`. */
export function titleOf({ way, bytes, latencyMs, accountRate, queueRate, files }: Cell): string {
  const limit =
    accountRate === undefined ? "" : `, at most ${accountRate} requests/s and ${queueRate} messages/s`;
  const count = files === undefined ? "" : `, ${files} of them`;
  return `${WAY_TITLES[way]}, ${sizeText(bytes)} files${count}, ${latencyMs} ms${limit}`;
}

function sizeText(bytes: number): string {
  return bytes < MIB ? `${bytes / KIB} KiB` : `${bytes / MIB} MiB`;
}

/** Files of a work item: so few that the original's nested pools are filled for most of a run of some seconds. */
export function filesAWorkItem(bytes: number): number {
  return bytes < MIB ? 50 : 3;
}
