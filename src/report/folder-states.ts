/** The states of one folder, as `reupload states` tells them; docs/report.md lists the fields. */
import type { MachineView } from "../progress/progress.ts";
import { machineJson } from "./fleet-json.ts";
import { isoTime, type JsonFields } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

export type FolderState =
  | { readonly kind: "run"; readonly name: string; readonly bytes: number; readonly machine: MachineView }
  /** Damaged, of another version or of the original tool. */
  | {
      readonly kind: "unreadable";
      readonly name: string;
      readonly bytes: number;
      readonly problem: string;
      /** `import-state` takes it over. */
      readonly isOriginal: boolean;
    };

export interface FolderStates {
  /** As it was given. */
  readonly folder: string;
  /** ms since the epoch. */
  readonly time: number;
  /** Those that were at work last, first. */
  readonly states: readonly FolderState[];
}

/** The list as fields for programs. */
export function folderStatesJson({ folder, time, states }: FolderStates): JsonFields {
  return {
    schemaVersion: SCHEMA_VERSION,
    type: "states",
    time: isoTime(time),
    folder,
    states: states.map((state) =>
      state.kind === "unreadable"
        ? { stateDb: state.name, problem: state.problem }
        : {
            ...machineJson(state.machine),
            stateBytes: state.bytes,
            createdAt: isoTime(state.machine.run.createdAt),
          },
    ),
  };
}
