/** What a run is asked for, and what is open while it goes on. */
import type { Catalog } from "../catalog/catalog.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import type { StartEnding } from "../state/run-presence.ts";
import type { RunRecord } from "../state/run-record.ts";
import type { OpenState } from "../state/state-kind.ts";
import type { CatalogSource } from "./catalogs.ts";
import type { Guard, GuardedRun } from "./guard.ts";
import type { Services } from "./services.ts";
import type { StateRequest } from "./start.ts";

/** How a start ended that was looked at. */
export interface Checked extends StartEnding {
  readonly exitCode: ExitCode;
}

/** One run as the command line describes it; `run` and `upload` make it. */
export interface RunRequest {
  readonly settings: RunSettings;
  /** As it was given. */
  readonly stateDb: string;
  /** What the state holds already. */
  readonly found: RunRecord | undefined;
  readonly catalog: CatalogSource;
  /** The work items; undefined when they are taken as they stand in the state. */
  readonly input: StateRequest["input"];
  /** The settings that the state keeps for a resume. */
  readonly kept: Readonly<Record<string, string>>;
  /** When the run began that this one mends, ms since the epoch; undefined: with its state. */
  readonly began?: number;
  /** The command that goes on with this run. */
  readonly resumeCommand: string;
  /** Version of this tool, as other machines are told; an upload has no others. */
  readonly tool?: string;
  /** In place of the one that the settings ask for. */
  readonly guard?: Guard;
  /** Called once all is open, before the first work item is claimed. */
  readonly before?: (parts: RunParts) => Promise<void>;
  /** Looks at what this start did, once that is told; what it gives is how the start ended. */
  readonly check?: (parts: RunParts, exitCode: ExitCode) => Promise<Checked | undefined>;
  /** Whether the blob of this name is known to be damaged: it is written over. */
  readonly replaces?: (blobName: string) => boolean;
}

/** What is open while a run goes on. */
export interface RunParts {
  readonly services: Services;
  readonly state: OpenState;
  readonly catalog: Catalog;
  readonly guarded: GuardedRun;
}
