/** What programs read of a run as the account knows it: `status` and `monitor` with --target; docs/monitor.md tells the fields. */
import { FAILURES } from "../core/failure.ts";
import type { MachineRow, RunPart, RunPicture, StateDifference } from "../progress/progress.ts";
import { isoTime, type JsonFields, progressJson } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

export interface AccountPicture {
  /** ms since the epoch, by this machine's clock. */
  readonly time: number;
  readonly picture: RunPicture;
  /** Given states that the account knows otherwise. */
  readonly differences: readonly StateDifference[];
  /** Since when the account has not answered (ms since the epoch), and why; undefined: the picture is of now. */
  readonly silent: { readonly since: number; readonly why: string } | undefined;
}

/** One look as one object. */
export function accountJson(
  type: "status" | "monitor" | "report",
  { time, picture, differences, silent }: AccountPicture,
  exitCode: number,
): JsonFields {
  const { run, total, machines, counts, joined, takenOver, failures, lastToEnd } = picture;
  return {
    schemaVersion: SCHEMA_VERSION,
    type,
    time: isoTime(time),
    exitCode,
    run: {
      runId: run.runId,
      target: run.target,
      csvFile: run.csv.fileName,
      rows: run.csv.rows,
      rejectedRows: run.csv.rejected,
      totalPartitions: run.totalPartitions,
      mode: run.mode,
      queues: [...run.queues],
    },
    accountTime: isoTime(run.date),
    silent: silent === undefined ? null : { since: isoTime(silent.since), why: silent.why },
    isDone: picture.isDone,
    total: totalJson(total),
    lastToEnd: lastToEnd?.partition ?? null,
    partitionCounts: { ...counts },
    partitions: run.parts.map((part) => partJson(part, run.date)),
    machineCounts: joined === undefined ? null : { ...joined },
    takenOver: { ...takenOver },
    machines: machines.map((row) => machineJson(row, run.date)),
    failures: failures.map(({ code, count }) => ({ code, count, ...knownFailure(code) })),
    stateDifferences: differences.map((difference) => differenceJson(difference)),
  };
}

/** What only a running process knows, and what began with the watching, has no place here. */
function totalJson(total: RunPicture["total"]): JsonFields {
  const { workItems, files, bytes, filesPerSecond, workItemsPerMinute, eta } = progressJson(total);
  return {
    workItems: workItems ?? null,
    files: files ?? null,
    bytes: bytes ?? null,
    filesPerSecond: filesPerSecond ?? null,
    workItemsPerMinute: workItemsPerMinute ?? null,
    eta: eta ?? null,
  };
}

function partJson({ partition, life, facts, toldAt }: RunPart, date: number): JsonFields {
  const told = { toldAt: toldAt === undefined || facts === undefined ? null : isoTime(toldAt) };
  const place = { partition, state: life, ...told, deadForMs: deadFor(life, toldAt, date) };
  if (facts === undefined) return { ...place, machine: null };
  const { host, pid, stateId, since, workItems, files, bytes, failures } = facts;
  const isAlive = life === "alive";
  return {
    ...place,
    machine: { host, pid, stateId, since: isoTime(since) },
    workItems: { ...workItems },
    files: { total: files.total ?? null, done: files.done, failed: files.failed, skipped: files.skipped },
    bytes,
    failures: { ...failures },
    filesPerSecond: isAlive ? facts.filesPerSecond : null,
    workItemsPerMinute: isAlive ? facts.workItemsPerMinute : null,
    etaMs: isAlive ? (facts.etaMs ?? null) : null,
  };
}

/** An age is told of the dead alone: a machine that is alive writes every 15 s. */
function deadFor(life: RunPart["life"], toldAt: number | undefined, date: number): number | null {
  return life === "dead" && toldAt !== undefined ? Math.max(0, date - toldAt) : null;
}

function machineJson(row: MachineRow, date: number): JsonFields {
  const { host, pid, stateId, life, held, done, workItems, filesPerSecond, workItemsPerMinute } = row;
  const { toldAt, isPaused } = row;
  const isAlive = life === "alive";
  return {
    host,
    pid,
    stateId,
    state: life,
    isPaused: isAlive && isPaused,
    held,
    done,
    workItems: { ...workItems },
    filesPerSecond: isAlive ? filesPerSecond : null,
    workItemsPerMinute: isAlive ? workItemsPerMinute : null,
    toldAt: isoTime(toldAt),
    deadForMs: deadFor(life, toldAt, date),
  };
}

/** A newer version may know more codes. */
function knownFailure(code: string): { meaning: string; advice: string } | undefined {
  const known = Object.entries(FAILURES).find(([name]) => name === code)?.[1];
  return known && { meaning: known.meaning, advice: known.advice };
}

function differenceJson(difference: StateDifference): JsonFields {
  if (difference.kind === "other-run") return { ...difference };
  const { kind, stateDb, partition, inState, inAccount, otherHost } = difference;
  return {
    kind,
    stateDb,
    partition,
    inState: { ...inState },
    inAccount: { ...inAccount },
    otherHost: otherHost ?? null,
  };
}
