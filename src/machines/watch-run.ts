/**
 * A run looked at from anywhere, with the right to read and list alone: one list request a look, and one more for the
 * machines of a run with free partitions.
 */
import { type RunView, viewPartitions } from "./completion.ts";
import type { BlobFacts } from "./coordination-account.ts";
import { type ManifestContext, type ReadManifest, toManifest } from "./generation.ts";
import { type MachineView, readMachine } from "./machine-blob.ts";
import { callOnce } from "./repeated-calls.ts";

/** A manifest that was read longer ago is read again, ms. */
const MANIFEST_MS = 60_000;

export interface WatchedRun extends RunView {
  /** Those that have joined, those that are gone too; none with fixed partitions. */
  readonly machines: readonly MachineView[];
}

/** The run's manifest is gone. */
export class RunGone extends Error {}

/**
 * Looks at one run again and again. The manifest is read at the first look; later once a minute, and when the records tell
 * that it has changed (another generation has begun), or that everything is done.
 */
export class RunWatch {
  readonly #context: ManifestContext;
  #read: ReadManifest | undefined;

  constructor(context: ManifestContext) {
    this.#context = context;
  }

  /** How the run stands. Each request is made once. @throws RunGone, `coordination-damaged`; as `callOnce` does */
  async look(signal: AbortSignal): Promise<WatchedRun> {
    const { account, surroundings, names } = this.#context;
    const { blobs, date } = await callOnce(surroundings, signal, async (call) =>
      account.list(names.allRecords, call),
    );
    const known = this.#read;
    const isOther = known === undefined || this.#newestGeneration(blobs) > known.manifest.generation;
    // The CSV may have grown (`--update-csv`), which no record tells.
    const isOld = known !== undefined && date - known.date > MANIFEST_MS;
    const read =
      isOther || isOld || known.manifest.state !== "open" ? await this.#readManifest(signal) : known;
    const { generation } = read.manifest;
    const ofIt = blobs.filter(({ name }) => names.generationOfRecord(name) === generation);
    const machines = read.manifest.mode === "auto" ? await this.#machines(generation, signal) : [];
    return {
      read,
      partitions: viewPartitions(read.manifest, ofIt),
      machines,
      date,
    };
  }

  async #machines(generation: number, signal: AbortSignal): Promise<MachineView[]> {
    const { account, surroundings, names } = this.#context;
    const prefix = names.machines(generation);
    const { blobs } = await callOnce(surroundings, signal, async (call) => account.list(prefix, call));
    return blobs.map(readMachine);
  }

  async #readManifest(signal: AbortSignal): Promise<ReadManifest> {
    const { account, surroundings, names } = this.#context;
    const blob = await callOnce(surroundings, signal, async (call) => account.read(names.manifest, call));
    if (blob === undefined) throw new RunGone("the run's manifest is not there");
    this.#read = toManifest(blob);
    return this.#read;
  }

  #newestGeneration(blobs: readonly BlobFacts[]): number {
    return Math.max(0, ...blobs.map(({ name }) => this.#context.names.generationOfRecord(name)));
  }
}
