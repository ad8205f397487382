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

/** A start of a machine that takes free partitions, as it told others; those that are gone stay. */
export interface JoinedMachine {
  readonly host: string;
  readonly pid: number;
  readonly stateId: string;
  /** When it joined, ms since the epoch, by its own clock. */
  readonly since: number;
  readonly life: "alive" | "left" | "dead";
  /** When it told something last, by the service's clock, ms since the epoch. */
  readonly toldAt: number;
  /** What it took over from machines that died, and how many files of that were in the target already. */
  readonly takenOver: { readonly partitions: number; readonly filesFound: number };
}

/** How many machines have joined, and what became of them; a machine that is started again joins again. */
export interface JoinedCounts {
  readonly joined: number;
  readonly alive: number;
  readonly left: number;
  readonly dead: number;
}

/** @returns undefined where machines have fixed partitions */
export function countJoined({ mode, joined }: RunFacts): JoinedCounts | undefined {
  if (mode === "fixed") return undefined;
  const of = (life: JoinedMachine["life"]) => joined.filter((machine) => machine.life === life).length;
  return { joined: joined.length, alive: of("alive"), left: of("left"), dead: of("dead") };
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
export function machineRows({ parts, joined }: RunFacts): MachineRow[] {
  // A repartition writes what is done into partitions that nobody has begun yet.
  const begun = parts.filter(
    (part): part is BegunPart => part.facts !== undefined && part.life !== "not-started",
  );
  const alive = new Map(joined.filter(({ life }) => life === "alive").map((one) => [one.stateId, one]));
  const rows = [...Map.groupBy(begun, ({ facts }) => facts.stateId).values()].map((own) =>
    asJoined(machineRow(own), alive),
  );
  const known = new Set(rows.map(({ stateId }) => stateId));
  const idle = [...alive.values()].filter(({ stateId }) => !known.has(stateId)).map(idleRow);
  return [...rows, ...idle].toSorted(
    (a, b) =>
      WORST_FIRST.indexOf(a.life) - WORST_FIRST.indexOf(b.life) ||
      (a.parts[0]?.partition ?? 0) - (b.parts[0]?.partition ?? 0),
  );
}

type BegunPart = RunPart & { readonly facts: PartFacts };

/** One that holds nothing now and is alive waits for work: its last record tells of a speed that was. */
function asJoined(row: MachineRow, alive: ReadonlyMap<string, JoinedMachine>): MachineRow {
  const joined = alive.get(row.stateId);
  if (joined === undefined || row.life === "alive") return row;
  return { ...row, pid: joined.pid, life: "alive", filesPerSecond: 0, workItemsPerMinute: 0 };
}

function idleRow({ host, pid, stateId, toldAt }: JoinedMachine): MachineRow {
  const nothing = { parts: [], held: 0, done: 0, filesPerSecond: 0, workItemsPerMinute: 0, isPaused: false };
  const counts = { workItems: { total: 0, ended: 0 }, files: { total: 0, finished: 0 } };
  return { host, pid, stateId, life: "alive", ...nothing, ...counts, toldAt };
}

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
