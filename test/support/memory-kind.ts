/** States in memory by location: a kind of state like any other, but that it cannot open a state for announcing. */
import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import { ReuploadError } from "../../src/core/errors.ts";
import { fileKey } from "../../src/core/file.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import { summarize } from "../../src/state/ledger/counters.ts";
import { FACT, fileStatus } from "../../src/state/ledger/facts.ts";
import type { StatePast } from "../../src/state/past.ts";
import { checkIdentity } from "../../src/state/run-record.ts";
import type { FoundState, OpenState, StateInMaking, StateKind } from "../../src/state/state-kind.ts";
import type { StateReader, StateReading, Writer } from "../../src/state/state-reader.ts";
import { Disk, failureGroups } from "./memory-disk.ts";
import { memoryPast } from "./memory-past.ts";
import { MemoryState } from "./memory-state.ts";

export class MemoryKind implements StateKind {
  readonly disks = new Map<string, Disk>();
  /** Several starts may have one state open, as with a database that machines share. */
  readonly isShared: boolean;

  constructor(isShared = false) {
    this.isShared = isShared;
  }

  async inspect(location: string): Promise<FoundState | undefined> {
    const disk = this.disks.get(location);
    return disk && { run: disk.run, version: 1 };
  }

  open: StateKind["open"] = async (options, description, input, { signal, ready }): Promise<OpenState> => {
    const found = this.disks.get(options.location);
    if (found !== undefined && !options.resume) {
      throw new ReuploadError("state-exists", `${options.location} holds a run`);
    }
    if (found !== undefined && found.living.size > 0 && !this.isShared) {
      throw new ReuploadError("state-locked", `${options.location} is in use`);
    }
    if (found !== undefined) checkIdentity(found.run, description);
    const rows: WorkItem[] = [];
    const read = await input?.read((workItems) => {
      signal.throwIfAborted();
      rows.push(...workItems);
      return workItems.length;
    });
    signal.throwIfAborted();
    if (found === undefined) {
      await ready;
      if (read === undefined) throw new ReuploadError("usage", `${options.location} holds no run yet`);
      const identity = { ...description.identity, csvDigest: read.csvDigest };
      const made = new Disk(
        {
          runId: randomUUID(),
          identity,
          settings: description.settings,
          input: read.counts,
          createdAt: Date.now(),
        },
        rows,
      );
      const repeated = read.counts.ours - made.rows.length;
      const { counts } = read;
      const loaded = { ...counts, ours: made.rows.length, duplicates: counts.duplicates + repeated };
      made.run = { ...made.run, input: loaded };
      this.disks.set(options.location, made);
      return this.#opened(made, options.only);
    }
    if (read !== undefined && read.csvDigest !== found.run.identity.csvDigest) {
      if (!options.updateCsv) throw new ReuploadError("identity-mismatch", "the CSV is another one");
      found.add(rows);
      found.run = {
        ...found.run,
        identity: { ...found.run.identity, csvDigest: read.csvDigest },
        input: read.counts,
      };
    }
    found.resume(options.retryFailed);
    return this.#opened(found, options.only);
  };

  #opened(disk: Disk, only: ConstructorParameters<typeof MemoryState>[1]): MemoryState {
    disk.living.add(disk.starts);
    return new MemoryState(disk, only);
  }

  async read(location: string): Promise<StateReader> {
    const disk = this.disks.get(location);
    if (disk === undefined) throw new ReuploadError("state-missing", `the state ${location} does not exist`);
    return new MemoryReader(disk);
  }

  async snapshot(
    location: string,
    target: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    const disk = this.disks.get(location);
    if (disk === undefined) throw new ReuploadError("state-missing", `the state ${location} does not exist`);
    signal.throwIfAborted();
    if (this.disks.has(target)) throw new ReuploadError("output-unwritable", `${target} is there already`);
    const { run, rows, counters, failures, partitions, owner, starts } = disk;
    const copy = new Disk(run, []);
    copy.rows.push(...structuredClone(rows));
    for (const [number, record] of partitions) copy.partitions.set(number, record);
    const endedAt = owner.endedAt ?? Date.now();
    Object.assign(copy, { counters: { ...counters }, failures: structuredClone(failures), starts });
    copy.owner = { ...owner, endedAt };
    this.disks.set(target, copy);
  }

  async make(location: string): Promise<StateInMaking> {
    if (this.disks.has(location)) throw new ReuploadError("state-exists", `${location} holds a run`);
    const making = `${location}.importing`;
    this.disks.delete(making);
    return {
      location: making,
      publish: () => {
        const made = this.disks.get(making);
        if (made !== undefined) this.disks.set(location, made);
      },
      [Symbol.dispose]: () => void this.disks.delete(making),
    };
  }

  discard(location: string): void {
    if ((this.disks.get(location)?.living.size ?? 0) > 0) {
      throw new ReuploadError("state-locked", `${location} is in use`);
    }
    this.disks.delete(location);
  }

  async openAnnouncements(): Promise<never> {
    throw new Error("a state in memory cannot be opened for announcing");
  }

  files(location: string): readonly string[] {
    return [location];
  }
}

class MemoryReader implements StateReader {
  readonly #disk: Disk;
  readonly past: StatePast;

  constructor(disk: Disk) {
    this.#disk = disk;
    this.past = memoryPast(disk);
  }

  async read(): Promise<StateReading> {
    const { run, starts, counters } = this.#disk;
    return { run, starts, summary: summarize(counters), writer: this.#writer() };
  }

  #writer(): Writer {
    const { owner, living, starts } = this.#disk;
    const { startedAt: since, endedAt: at, heartbeat, ending } = owner;
    if (at !== undefined) return { kind: "ended", at, ending };
    if (!living.has(starts)) return { kind: "died", at: heartbeat?.at ?? since, copy: undefined };
    return { kind: "running", pid: process.pid, host: hostname(), since, heartbeat };
  }

  async failures() {
    return failureGroups(this.#disk);
  }

  async slowest(max: number) {
    return this.#disk.rows
      .filter(({ status, receipt }) => status === "in_progress" && receipt !== undefined)
      .sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0) || a.id - b.id)
      .slice(0, max)
      .map(({ workItem, startedAt, filesTotal, files }) => ({
        workItem,
        since: (startedAt ?? 0) * 1000,
        filesTotal,
        filesDone: files.filter(({ facts }) => facts & (FACT.completed | FACT.failed | FACT.skipped)).length,
      }));
  }

  async *remaining({ signal }: { readonly signal: AbortSignal }) {
    signal.throwIfAborted();
    const rows = this.#disk.rows.filter(
      ({ status }) => !["completed", "empty", "elsewhere"].includes(status),
    );
    if (rows.length === 0) return;
    yield rows.map(({ workItem, status, failure, files }) => {
      const codes = files.filter(({ facts }) => facts & FACT.failed).flatMap(({ code }) => code ?? []);
      const own = status === "failed" && failure !== undefined ? [failure.code] : [];
      const failedWith = [...new Set([...own, ...codes.sort()])];
      return { ...workItem, hasFailed: status === "failed" || failedWith.length > 0, failedWith };
    });
  }

  async *completed({
    since = 0,
    signal,
  }: {
    readonly since?: number | undefined;
    readonly signal: AbortSignal;
  }) {
    signal.throwIfAborted();
    const from = Math.floor(since / 1000);
    const rows = this.#disk.rows.filter(
      ({ status, finishedAt }) => status === "completed" && (finishedAt ?? 0) >= from,
    );
    if (rows.length > 0) yield rows.map(({ workItem }) => workItem);
  }

  async history(key: Pick<WorkItem, "jobId" | "workItemId">, fileName?: string) {
    const row = this.#disk.find(key);
    if (row === undefined) return undefined;
    const files = row.files
      .filter((file) => file.detail !== null || file.incidents.length > 0 || file.fileName === fileName)
      .map(({ fileName: name, facts, detail, tries, incidents, at, bytes }) => ({
        fileName: name,
        tries,
        incidents,
        status: fileStatus(facts),
        at: at * 1000,
        bytes: bytes ?? undefined,
        inTarget: (facts & FACT.inTarget) !== 0,
        alreadyThere: (facts & FACT.alreadyThere) !== 0,
        announced: (facts & FACT.announced) !== 0,
        elsewhere: (facts & FACT.elsewhere) !== 0,
        attempts: detail?.attempts ?? 1,
        blobName: detail?.blobName ?? undefined,
      }));
    const recorded = row.files.map(({ fileName: name, link, facts, bytes }) => ({
      key: fileKey({ fileName: name, uri: link }),
      status: fileStatus(facts),
      announced: (facts & FACT.announced) !== 0,
      elsewhere: (facts & FACT.elsewhere) !== 0,
      bytes: bytes ?? undefined,
    }));
    const ms = (seconds: number | null) => (seconds === null ? undefined : seconds * 1000);
    return {
      workItem: { ...row.workItem, workItemName: row.catalogName ?? row.workItem.workItemName },
      status: row.status,
      startedAt: ms(row.startedAt),
      finishedAt: ms(row.finishedAt),
      filesTotal: row.receipt === undefined ? undefined : row.filesTotal,
      filesLeftOut: row.leftOut,
      filesKnown: row.files.length,
      failure: row.failure,
      partition: row.partition,
      partitionEpoch: this.#disk.partitions.get(row.partition)?.epoch ?? 0,
      files,
      recorded,
    };
  }

  async announcements() {
    const files = this.#disk.rows
      .flatMap((row) => row.files)
      .filter(({ facts }) => facts & FACT.inTarget && !(facts & FACT.elsewhere));
    const count = (mask: number, is: number) => files.filter(({ facts }) => (facts & mask) === is).length;
    return {
      owed: count(6, 4),
      owedExisting: count(38, 36),
      announced: count(6, 6),
      again: 0,
      leftToRun: count(5, 1),
    };
  }

  close(): void {}
}
