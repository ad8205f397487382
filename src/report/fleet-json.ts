/** What programs read of one or several states: `status` and `monitor` with --output json; docs/monitor.md tells the fields. */
import type {
  FleetFailures,
  FleetView,
  FleetWorkItem,
  MachineView,
  ProgressView,
} from "../progress/progress.ts";
import type { Writer } from "../state/state-reader.ts";
import { failureJson, isoTime, type JsonFields, progressJson } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

export interface FleetReport {
  /** ms since the epoch. */
  readonly time: number;
  readonly fleet: FleetView;
  readonly failures: readonly FleetFailures[];
  readonly slowest: readonly FleetWorkItem[];
}

/** One reading as one object. */
export function fleetJson(type: "status" | "monitor", report: FleetReport): JsonFields {
  const { time, fleet, failures, slowest } = report;
  return {
    schemaVersion: SCHEMA_VERSION,
    type,
    time: isoTime(time),
    exitCode: fleet.exitCode,
    mismatches: fleet.mismatches,
    missingPartitions: fleet.mismatches.length > 0 ? [] : fleet.missingPartitions,
    total: fleet.total === undefined ? null : totalJson(fleet.total),
    lastToEnd: fleet.slowest?.stateDb ?? null,
    states: fleet.machines.map((machine) => machineJson(machine)),
    failures: failures.map((group) => ({ stateDb: group.stateDb ?? null, ...failureJson(group) })),
    slowest: slowest.map(({ stateDb, workItem, since, filesTotal, filesDone }) => ({
      stateDb,
      jobId: workItem.jobId,
      workItemId: workItem.workItemId,
      since: isoTime(since),
      filesTotal,
      filesDone,
    })),
  };
}

/** One state. */
export function machineJson({
  stateDb,
  run,
  starts,
  summary,
  writer,
  progress,
  exitCode,
}: MachineView): JsonFields {
  return {
    stateDb,
    runId: run.runId,
    starts,
    partition: run.identity.partition,
    totalPartitions: run.identity.totalPartitions,
    target: run.identity.target,
    exitCode,
    process: processJson(writer),
    ...watchedJson(progress),
    rejectedRows: run.input.rejected,
    notLookedUp: summary.notLookedUp,
    uploadedNotAnnounced: summary.files.uploaded,
    drift: { ...summary.drift },
  };
}

/** What began with the watching, not with the run, would mislead. */
function watchedJson(view: ProgressView): JsonFields {
  const { elapsedMs: _watchedMs, thisStart: _seen, ...fields } = progressJson(view);
  return fields;
}

/** Each machine is steered by itself. */
function totalJson(view: ProgressView): JsonFields {
  const { state: _state, pausedBy: _pausedBy, ...fields } = watchedJson(view);
  return fields;
}

function processJson(writer: Writer): JsonFields {
  switch (writer.kind) {
    case "running": {
      const { pid, host, since, heartbeat } = writer;
      const heartbeatAt = heartbeat === undefined ? null : isoTime(heartbeat.at);
      return { kind: "running", pid, host, since: isoTime(since), heartbeatAt };
    }
    case "died":
      return { kind: "died", at: isoTime(writer.at), copy: writer.copy ?? null };
    case "ended": {
      const { at, ending } = writer;
      return { kind: "ended", at: isoTime(at), why: ending?.why ?? null, exitCode: ending?.exitCode ?? null };
    }
  }
}
