/** The machines of a run, from what their partitions' records say: a row for each, however many partitions it has. */
import type { PartFacts, PartLife, RunFacts, RunPart } from "./run-picture.ts";

/** What one machine has told, over all partitions that it had last. */
export interface MachineRow {
  readonly host: string;
  readonly pid: number;
  readonly stateId: string;
  /** `alive` when it holds any partition; else the worst of what it left. */
  readonly life: PartLife;
  /** Its partitions, by number: those that it holds, or left, and those that it has done. */
  readonly parts: readonly RunPart[];
  readonly held: number;
  readonly done: number;
  readonly workItems: { readonly total: number; readonly ended: number };
  readonly files: { readonly total: number | undefined; readonly finished: number };
  readonly filesPerSecond: number;
  readonly workItemsPerMinute: number;
  /** An operator has paused it. */
  readonly isPaused: boolean;
  /** When it told something last, by the service's clock, ms since the epoch. */
  readonly toldAt: number;
}

/** How many partitions are in each state. */
export function countParts(parts: readonly RunPart[]): Readonly<Record<PartLife, number>> {
  const counts = { alive: 0, dead: 0, left: 0, done: 0, "not-started": 0 };
  for (const { life } of parts) counts[life]++;
  return counts;
}

/** What needs somebody's look comes first. */
const WORST_FIRST: readonly PartLife[] = ["dead", "left", "alive", "done"];

/** A row for each machine: those that need a look first, then by what is left. */
export function machineRows({ parts }: RunFacts): MachineRow[] {
  // A repartition writes what is done into partitions that nobody has begun yet.
  const begun = parts.filter(
    (part): part is BegunPart => part.facts !== undefined && part.life !== "not-started",
  );
  const rows = [...Map.groupBy(begun, ({ facts }) => facts.stateId).values()].map(machineRow);
  return rows.toSorted(
    (a, b) =>
      WORST_FIRST.indexOf(a.life) - WORST_FIRST.indexOf(b.life) ||
      (a.parts[0]?.partition ?? 0) - (b.parts[0]?.partition ?? 0),
  );
}

type BegunPart = RunPart & { readonly facts: PartFacts };

function machineRow(parts: readonly BegunPart[]): MachineRow {
  const lives = new Set(parts.map(({ life }) => life));
  // The processes of one state follow each other: the one that told something last is the one to speak of.
  const newest = parts.reduce((a, b) => ((b.toldAt ?? 0) > (a.toldAt ?? 0) ? b : a));
  const { host, pid, stateId, filesPerSecond, workItemsPerMinute, isPaused } = newest.facts;
  const sum = (pick: (facts: PartFacts) => number) => parts.reduce((all, { facts }) => all + pick(facts), 0);
  const areCounted = parts.every(({ facts }) => facts.files.total !== undefined);
  return {
    host,
    pid,
    stateId,
    life: lives.has("alive") ? "alive" : (WORST_FIRST.find((life) => lives.has(life)) ?? "done"),
    parts,
    held: parts.filter(({ life }) => life === "alive").length,
    done: parts.filter(({ life }) => life === "done").length,
    workItems: {
      total: sum(({ workItems }) => workItems.total),
      ended: sum(({ workItems: { done, empty, failed, skipped } }) => done + empty + failed + skipped),
    },
    files: {
      total: areCounted ? sum(({ files }) => files.total ?? 0) : undefined,
      finished: sum(({ files: { done, failed, skipped } }) => done + failed + skipped),
    },
    filesPerSecond,
    workItemsPerMinute,
    isPaused: isPaused === true,
    toldAt: newest.toldAt ?? 0,
  };
}
