/** `--metrics-file`: where the run stands, in a file for a collector, every 15 s and at its end. */
import type { RunSettings } from "../config/run-options.ts";
import { errorMessageText } from "../core/errors.ts";
import { replaceFileSync } from "../files/files.ts";
import type { ProgressView } from "../progress/progress.ts";
import { metricsText, type RunMetrics } from "../report/report.ts";
import { every } from "../surroundings/surroundings.ts";
import type { JobContext } from "./context.ts";

const INTERVAL_MS = 15_000;

export interface MetricsFile extends Disposable {
  /** Takes where the run stands, about once a second. */
  take(view: ProgressView): void;
  /** Writes the last word. */
  end(exitCode: number): void;
}

const NO_METRICS: MetricsFile = { take: () => {}, end: () => {}, [Symbol.dispose]: () => {} };

/** A file that cannot be written ends no run: that is told once, and tried again the next time. */
export function openMetrics(
  { surroundings, notice, path: whole }: Pick<JobContext, "surroundings" | "notice" | "path">,
  { metricsFile }: Pick<RunSettings, "metricsFile">,
  { partition, totalPartitions }: Pick<RunMetrics, "partition" | "totalPartitions">,
): MetricsFile {
  if (metricsFile === undefined) return NO_METRICS;
  const path = whole(metricsFile);
  const startedAt = surroundings.wall();
  let last: ProgressView | undefined;
  let isTold = false;
  const write = (exitCode?: number): void => {
    if (last === undefined) return;
    try {
      const at = surroundings.wall();
      replaceFileSync(path, metricsText({ partition, totalPartitions, view: last, startedAt, at, exitCode }));
    } catch (thrown) {
      if (!isTold) notice("warning", `cannot write the metrics: ${errorMessageText(thrown)}`);
      isTold = true;
    }
  };
  const cancel = every(surroundings, INTERVAL_MS, () => write(), { background: true });
  return {
    take(view) {
      const isFirst = last === undefined;
      last = view;
      if (isFirst) write();
    },
    end: write,
    [Symbol.dispose]: cancel,
  };
}
