/** What all machines of a run agree on: one blob per target and CSV digest. */
import { makeDocument, readDocument } from "./documents.ts";

/**
 * - `opening`  a repartition is under way; nobody begins
 * - `open`     machines work
 * - `closed`   everything is done, and that was proved
 */
export type GenerationState = "opening" | "open" | "closed";

/** What a machine must do as the others do, or refuse to take part. */
export interface RunSettings {
  readonly totalPartitions: number;
  readonly mode: "fixed" | "auto";
  /** Of the partitioning function. */
  readonly hashVersion: number;
  /** Partition I announces in queue I mod their number; empty with --no-queue. */
  readonly queues: readonly string[];
  readonly nameTemplate: string;
  /**
   * `--on-conflict`, `--on-collision`, `--on-empty`, `--announce-existing`, `--content-type`, by their names; what the
   * blobs get unless it is the default, and which files are taken unless it is all of them (`filterRules`).
   */
  readonly rules: Readonly<Record<string, string>>;
}

export interface Manifest extends RunSettings {
  readonly generation: number;
  readonly state: GenerationState;
  /** No number is used twice, also when a repartition was undone. */
  readonly highestGeneration: number;
  /** What an undone repartition goes back to. */
  readonly former:
    | (Pick<Manifest, "generation" | "totalPartitions"> & Partial<Pick<Manifest, "mode" | "rules">>)
    | undefined;
  /** When it was begun anew by the service's clock, ms since the epoch: from then on blobs are of this run. */
  readonly again?: number;
  /** How often a closed run was opened again. */
  readonly reopened: number;
  readonly csv: {
    /** Of the newest CSV (`--update-csv`). */
    readonly digest: string;
    /** Digest of the CSV that the run was begun with; undefined: it is the newest. */
    readonly first?: string;
    /** Digests of the CSVs that were the newest before. */
    readonly former?: readonly string[];
    readonly rows: number;
    /** Different rows that can be done: what the partitions' counts must add up to. */
    readonly workItems: number;
    /** Rows that are no work items; undefined in a manifest of an older version. */
    readonly rejected?: number;
    readonly fileName: string;
    /** The 64 smallest row hashes, in hex: two CSVs that share work items share most of them. */
    readonly sample: readonly string[];
  };
  /** A random value a write: a writer whose answer was lost recognises its own. */
  readonly writer: string;
  /** Version of the tool that made it. */
  readonly tool: string;
}

const KIND = "manifest";

/** The manifest as the body of its blob. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return makeDocument(KIND, manifest);
}

/** @throws ReuploadError `coordination-damaged` */
export function decodeManifest(body: Uint8Array): Manifest {
  return readDocument<Manifest>(KIND, body, [
    "generation",
    "state",
    "highestGeneration",
    "totalPartitions",
    "mode",
    "hashVersion",
    "queues",
    "nameTemplate",
    "rules",
    "csv",
  ]);
}

export interface SettingDifference {
  readonly what: string;
  readonly inRun: string;
  readonly given: string;
}

/** A rule that is left at its default may be absent. */
const DEFAULT_RULE = "its default";

/** Which settings of a machine are not the run's; empty when it may take part. */
export function settingDifferences(run: RunSettings, given: RunSettings): SettingDifference[] {
  const pairs: [string, string, string][] = [
    ["partitions", describePartitions(run), describePartitions(given)],
    ["hash version", String(run.hashVersion), String(given.hashVersion)],
    ["queue", describeQueues(run), describeQueues(given)],
    ["name template", run.nameTemplate, given.nameTemplate],
    ...[...new Set([...Object.keys(run.rules), ...Object.keys(given.rules)])].map(
      (rule): [string, string, string] => [
        rule,
        run.rules[rule] ?? DEFAULT_RULE,
        given.rules[rule] ?? DEFAULT_RULE,
      ],
    ),
  ];
  return pairs
    .filter(([, inRun, now]) => inRun !== now)
    .map(([what, inRun, now]) => ({ what, inRun, given: now }));
}

function describePartitions({ totalPartitions, mode }: RunSettings): string {
  return mode === "auto" ? `auto, ${totalPartitions} in total` : `${totalPartitions} in total`;
}

function describeQueues({ queues }: RunSettings): string {
  return queues.length === 0 ? "none" : queues.join(",");
}
