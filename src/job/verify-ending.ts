/** How a verification ended: the report that is told, and the exit code. */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { StopRequest } from "../core/stop-request.ts";
import type { PartitionProof } from "../proof/proof.ts";
import { type VerifyReport, verifyVerdict } from "../report/verify-report.ts";
import type { Verification } from "./verification.ts";
import type { OpenedVerify, VerifyRequest } from "./verify.ts";

type Ended = Pick<VerifyRequest, "catalog" | "commands" | "sample" | "states"> & {
  readonly stop: StopRequest | undefined;
};

/** What is told of it. */
export function verifyReport(
  request: Ended,
  { target, rows, known, catalog, options }: OpenedVerify,
  verification: Verification,
  found: Pick<VerifyReport, "extra" | "sample">,
): VerifyReport {
  const { workItems, duplicates, rejected } = rows;
  const report: VerifyReport = {
    scope: "all",
    target,
    catalog: request.catalog.identity,
    depth: options.depth,
    rows: { rows: rows.rows, workItems, duplicates, rejected },
    catalogRejected: catalog.rejectedRows().count,
    record: known && toldProof(known.proof),
    ...verification.figures,
    ...found,
    stoppedBy: request.stop?.why,
    nextCommands: [],
  };
  return { ...report, nextCommands: nextCommands(report, request, known?.proof.toResume ?? []) };
}

function toldProof({ toResume: _toResume, ...told }: PartitionProof): VerifyReport["record"] {
  return told;
}

function nextCommands(
  report: VerifyReport,
  { commands, sample, states }: Ended,
  toResume: readonly string[],
): readonly string[] {
  const { again, repair, resume } = commands;
  if (report.stoppedBy !== undefined) return [again];
  const { missing, different, notAnnounced } = report.files;
  const resumed = notAnnounced > 0 ? (states?.all.map(({ stateDb }) => stateDb) ?? []) : toResume;
  return [
    ...resumed.map((stateDb) => resume(stateDb)),
    ...(missing + different > 0 && sample === undefined ? [repair] : []),
  ];
}

/** @param stop why it was stopped; undefined when it came to its end */
export function verifyExitCode(report: VerifyReport, stop: StopRequest | undefined): ExitCode {
  if (stop !== undefined) return stop.exitCode;
  return verifyVerdict(report) === "proven" ? EXIT.done : EXIT.finishedWithFailures;
}
