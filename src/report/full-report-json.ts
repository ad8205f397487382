/** `reupload report --json`; docs/report.md lists the fields. */
import { failureJson, isoTime, type JsonFields } from "./json-forms.ts";
import { machineJson } from "./fleet-json.ts";
import { accountStates, type FullReport, fullVerdict, type ReportedStart } from "./full-report.ts";
import { SCHEMA_VERSION } from "./messages.ts";

/** The report as fields for programs. */
export function fullReportJson(report: FullReport): JsonFields {
  const { tool, time, fleet, settings, starts, longest, failures, nextCommands } = report;
  const account = accountStates(report);
  return {
    schemaVersion: SCHEMA_VERSION,
    type: "report",
    tool,
    time: isoTime(time),
    verdict: fullVerdict(report),
    exitCode: fleet.exitCode,
    missingPartitions: [...fleet.missingPartitions],
    rows: { ...account.rows },
    files: { ...account.files },
    announced: account.announced,
    uploadedNotAnnounced: account.uploaded,
    leftOut: account.leftOut,
    bytes: account.bytes,
    states: fleet.machines.map((machine) => ({
      ...machineJson(machine),
      queue: machine.run.identity.queue,
      catalog: machine.run.identity.catalog,
      nameTemplate: machine.run.identity.nameTemplate,
      filter: machine.run.identity.filter ?? null,
      csvDigest: machine.run.identity.csvDigest,
      createdAt: isoTime(machine.run.createdAt),
    })),
    settings: settings.map(({ option, values }) => ({
      option,
      values: values.map(({ stateDb, text }) => ({ stateDb: stateDb ?? null, text })),
    })),
    starts: starts.map((start) => startJson(start)),
    pace: paceJson(report),
    longest: longest.map(({ workItem, stateDb, status, startedAt, tookMs, filesTotal, filesFailed }) => ({
      ...workItem,
      stateDb,
      status,
      startedAt: isoTime(startedAt),
      tookMs,
      filesTotal,
      filesFailed,
    })),
    failures: failures.map((group) => failureJson(group)),
    nextCommands: [...nextCommands],
  };
}

function startJson(start: ReportedStart): JsonFields {
  const { stateDb, number, host, beganAt, lastAt, endedAt, end } = start;
  return {
    stateDb,
    number,
    host,
    beganAt: isoTime(beganAt),
    lastAt: isoTime(lastAt),
    endedAt: endedAt === undefined ? null : isoTime(endedAt),
    end,
    exitCode: start.exitCode ?? null,
    why: start.why ?? null,
    files: start.files,
    failed: start.failed,
    bytes: start.bytes,
  };
}

function paceJson({ pace }: FullReport): JsonFields | null {
  if (pace === undefined) return null;
  const { stepMs, steps, activeMs } = pace;
  const perSecond = (value: number) => Math.round((value / stepMs) * 100_000) / 100;
  return {
    activeMs,
    stepMs,
    steps: steps.map(({ at, files, failed, bytes, active }) => ({
      at: isoTime(at),
      filesPerSecond: perSecond(files),
      failedPerSecond: perSecond(failed),
      bytesPerSecond: Math.round((bytes / stepMs) * 1_000),
      active: Math.round(active * 100) / 100,
    })),
  };
}
