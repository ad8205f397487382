/**
 * Where a run stands, as OpenMetrics text (docs/metrics.md). Only gauges and counters are used, so that a reader of
 * the older Prometheus text format understands it too. No label holds an id: the series of all runs of a machine are the
 * same.
 */
import type { ProgressView } from "../progress/progress.ts";

export interface RunMetrics {
  readonly view: ProgressView;
  readonly partition: number | "auto";
  readonly totalPartitions: number;
  /** When this start began, ms since the epoch. */
  readonly startedAt: number;
  /** Now, ms since the epoch. */
  readonly at: number;
  /** Once it has ended. */
  readonly exitCode: number | undefined;
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  /** undefined: not known, and left out. */
  readonly value: number | undefined;
}

interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly unit?: "bytes" | "seconds";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** States that a run can be in; exactly one of them is 1. */
const STATES = ["starting", "running", "paused", "draining", "stopping", "ended"];

/** The text, with its `# EOF`. */
export function metricsText(metrics: RunMetrics): string {
  const { partition, totalPartitions, startedAt } = metrics;
  const labels = { partition: String(partition), partitions: String(totalPartitions) };
  const lines = [...stateFamilies(metrics), ...workFamilies(metrics.view), ...speedFamilies(metrics.view)]
    .filter(({ samples }) => samples.some(({ value }) => value !== undefined))
    .flatMap((family) => familyLines(family, labels, startedAt));
  return `${[...lines, "# EOF"].join("\n")}\n`;
}

function stateFamilies({ view, startedAt, at, exitCode }: RunMetrics): Family[] {
  const state = exitCode === undefined ? (view.live.state ?? "running") : "ended";
  return [
    gauge(
      "reupload_run_state",
      "Whether the run is in this state.",
      STATES.map((one) => sample(one === state ? 1 : 0, { state: one })),
    ),
    gauge("reupload_start_time_seconds", "When this start began.", [sample(startedAt / 1000)], "seconds"),
    gauge("reupload_last_update_time_seconds", "When this file was written.", [sample(at / 1000)], "seconds"),
    gauge("reupload_exit_code", "How this start ended; absent while it runs.", [sample(exitCode)]),
    gauge("reupload_waiting_services", "Services that are gone and waited for.", [
      sample(view.live.waiting.filter(({ throttled }) => !throttled).length),
    ]),
    gauge(
      "reupload_time_left_seconds",
      "Time left, the higher estimate; absent when it is not known.",
      [sample(view.eta === undefined ? undefined : view.eta.highMs / 1000)],
      "seconds",
    ),
  ];
}

function workFamilies({ workItems, files, thisStart }: ProgressView): Family[] {
  const { done, empty, failed, skipped, left } = workItems;
  return [
    gauge(
      "reupload_work_items",
      "Work items of this partition, each in one class.",
      byState({ done, empty, failed, skipped, left }),
    ),
    gauge(
      "reupload_files",
      "Files, each in one class; `left` is an estimate until all work items are looked up.",
      byState({ done: files.done, failed: files.failed, skipped: files.skipped, left: files.left }),
    ),
    counter("reupload_processed_files", "Files that this start finished in any way.", thisStart.files),
    {
      ...counter("reupload_transferred_bytes", "Bytes that this start put into the target.", thisStart.bytes),
      unit: "bytes",
    },
  ];
}

function speedFamilies({ live }: ProgressView): Family[] {
  return [
    gauge("reupload_file_slots", "File slots of the pool.", [sample(live.slots)]),
    gauge("reupload_file_slots_in_use", "File slots that are busy.", [sample(live.slotsInUse)]),
    gauge("reupload_open_work_items", "Work items whose files fill the slots.", [sample(live.openWorkItems)]),
    counter("reupload_retries", "Requests that were repeated in this start.", live.retries),
    counter("reupload_throttles", "Answers that asked to slow down in this start.", live.throttles),
    counter("reupload_hedges", "Second requests beside a slow first one in this start.", live.hedges),
  ];
}

function sample(value: number | undefined, labels?: Sample["labels"]): Sample {
  return labels === undefined ? { value } : { value, labels };
}

function byState(counts: Readonly<Record<string, number | undefined>>): Sample[] {
  return Object.entries(counts).map(([state, value]) => sample(value, { state }));
}

function gauge(name: string, help: string, samples: readonly Sample[], unit?: Family["unit"]): Family {
  return { name, type: "gauge", help, samples, ...(unit === undefined ? {} : { unit }) };
}

function counter(name: string, help: string, value: number): Family {
  return { name, type: "counter", help, samples: [{ value }] };
}

function familyLines(
  { name, type, unit, help, samples }: Family,
  common: Readonly<Record<string, string>>,
  startedAt: number,
): string[] {
  const isCounter = type === "counter";
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escapeText(help)}`,
    ...samples.flatMap(({ labels, value }) => {
      if (value === undefined) return [];
      const set = labelSet({ ...common, ...labels });
      const line = `${isCounter ? `${name}_total` : name}${set} ${value}`;
      return isCounter ? [line, `${name}_created${set} ${startedAt / 1000}`] : [line];
    }),
  ];
}

function labelSet(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeText(value)}"`)
    .join(",")}}`;
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
