import { FleetWatch } from "../../src/progress/fleet.ts";
import type { Writer } from "../../src/state/state-reader.ts";
import type { MonitorPicture } from "../../src/terminal/monitor-text.ts";
import { beatOf, readingOf, type ReadingParts, RUNNING } from "../progress/samples.ts";
import { reportOf } from "./examples.ts";

export const TIME = RUNNING.since + 725_000;
export const DIED: Writer = { kind: "died", at: TIME - 125_000, copy: undefined };
export const ended = (exitCode: number, why: string): Writer => ({
  kind: "ended",
  at: TIME - 3_600_000,
  ending: { exitCode, why },
});

/** Two machines after 10 s, the one at 10 files a second, the other at 2. */
export function pictureOf(
  first: ReadingParts = {},
  second: ReadingParts = {},
  more: Partial<MonitorPicture> = {},
): MonitorPicture {
  const at = (seconds: number) =>
    [
      { rate: 10, total: 2_000, parts: first },
      { rate: 2, total: 600, parts: second },
    ].map(({ rate, total, parts }, index) => ({
      stateDb: `data/machine${index + 1}_state.db`,
      reading: readingOf({
        partition: index,
        totalPartitions: 2,
        workItems: { pending: 60, in_progress: 5, completed: 30, empty: 2, failed: 1 },
        files: { total, copied: 500 + rate * seconds, failed: 7 },
        bytes: 1_000_000 * rate * seconds,
        writer: { ...RUNNING, pid: 4711 + index, heartbeat: beatOf({ at: TIME }) },
        ...parts,
      }),
    }));
  const fleet = new FleetWatch(0, at(0));
  for (let after = 1; after <= 10; after++) fleet.add(after * 1_000, at(after));
  return {
    time: TIME,
    fleet: fleet.view(),
    failures: reportOf().failures.map((group) => ({ ...group, stateDb: undefined })),
    slowest: [
      {
        stateDb: "data/machine2_state.db",
        workItem: { jobId: "job-1", workItemId: "1889211721", workItemName: "" },
        since: TIME - 61_000,
        filesTotal: 800,
        filesDone: 3,
      },
    ],
    history: { rates: [2, 4, 8, 12], stepMs: 10_000 },
    ...more,
  };
}
