import type { Manifest, RunSettings } from "../../src/machines/manifest.ts";

/** A run of two fixed partitions without rules. */
export const TWO_PARTITIONS = {
  totalPartitions: 2,
  mode: "fixed",
  hashVersion: 1,
  queues: ["resultsqueue"],
  nameTemplate: "{workItemName}-{fileBaseName}",
  rules: {},
} as const;

/** The manifest that a simulated machine writes when it finds none. */
export function newManifest(settings: RunSettings, workItems: number, digest: string): Manifest {
  return {
    ...settings,
    generation: 1,
    state: "open",
    highestGeneration: 1,
    former: undefined,
    reopened: 0,
    csv: { digest, rows: workItems, workItems, fileName: "f.csv", sample: [] },
    writer: "new",
    tool: "test",
  };
}
