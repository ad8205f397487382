/** What a reader of the figures must know of the machine and the moment they were measured in. */
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import type { Contestant } from "./contestants/contestant.ts";
import { outputOf } from "./contestants/find-program.ts";

const ROOT = join(import.meta.dirname, "..", "..");

export interface Participant {
  readonly name: string;
  readonly version: string;
}

export interface Circumstances {
  readonly began: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
  readonly load: number;
  /** The words after `npm run bench --`. */
  readonly flags: readonly string[];
  readonly participants: readonly Participant[];
  readonly absent: readonly { readonly name: string; readonly why: string }[];
}

/** @returns who takes part, and what stands at the top of the results */
export async function lookAround(
  all: readonly Contestant[],
  flags: readonly string[],
): Promise<{ readonly circumstances: Circumstances; readonly present: readonly Contestant[] }> {
  const present: Contestant[] = [];
  const participants: Participant[] = [];
  const absent: { readonly name: string; readonly why: string }[] = [];
  for (const contestant of all) {
    const why = await contestant.whyAbsent();
    if (why !== undefined) {
      absent.push({ name: contestant.name, why });
      continue;
    }
    present.push(contestant);
    participants.push({ name: contestant.name, version: await contestant.version() });
  }
  const circumstances: Circumstances = {
    began: new Date().toISOString(),
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / 1_024 ** 3),
    kernel: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    commit: await commitOf(),
    load: loadavg()[0] ?? 0,
    flags,
    participants,
    absent,
  };
  return { circumstances, present };
}

async function commitOf(): Promise<string> {
  try {
    const commit = await outputOf("git", ["rev-parse", "--short", "HEAD"], ROOT);
    const changes = await outputOf("git", ["status", "--porcelain", "--", "src", "bench"], ROOT);
    return changes === "" ? commit : `${commit}, with uncommitted changes`;
  } catch {
    return "unknown: this is no git repository";
  }
}
