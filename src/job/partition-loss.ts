/** What a machine is told that no longer has its partition. */
import { ReuploadError } from "../core/errors.ts";
import { StopRequest } from "../core/stop-request.ts";
import { type LostTo, PartitionLost } from "../machines/machines.ts";

const ADVICE: Readonly<Record<LostTo, string>> = {
  machine:
    "Nothing is left to do here while that machine works. If it ends early, this state can continue: run --resume --take-over.",
  repartition: "This state is of no more use: start a new one with the new number of partitions.",
  nobody:
    "Somebody deleted what the machines know of each other. Stop the other machines, then start again with --resume, and with --create-missing if the coordination container is gone.",
};

const SHORT: Readonly<Record<LostTo, string>> = {
  machine: "the partition was lost to another machine",
  repartition: "the run was repartitioned",
  nobody: "what the machines know of each other was deleted",
};

/** Who lost what. */
export interface LostPart {
  readonly partition: number;
  readonly totalPartitions: number;
  /** Of the signal that told it. */
  readonly reason: unknown;
}

/** The request that ends the work. What was deleted is nobody's: the same state goes on with it. */
export function partitionLoss(lost: LostPart): StopRequest {
  const error = lossError(lost);
  const to = lostTo(lost);
  const kind = to === "nobody" ? "error" : "partition-lost";
  return new StopRequest(kind, SHORT[to], error.exitCode, error);
}

/** The same as an error. */
export function lossError(lost: LostPart): ReuploadError {
  const to = lostTo(lost);
  const why = lost.reason instanceof Error ? lost.reason.message : "its lease was lost";
  const share = lost.totalPartitions === 1 ? "the run" : `partition ${lost.partition}`;
  const message = {
    machine: `This machine lost ${share} to another one: ${why}.`,
    repartition: `There is no ${share} any more: ${why}.`,
    nobody: `What the machines know of ${share} was deleted in the target account: ${why}.`,
  }[to];
  return new ReuploadError("partition-lost", message, { advice: ADVICE[to] });
}

function lostTo({ reason }: LostPart): LostTo {
  return reason instanceof PartitionLost ? reason.to : "machine";
}

/** With free partitions: none of those that this machine knows is there any more. */
export function repartitioned(): ReuploadError {
  return new ReuploadError("partition-lost", "The run was partitioned anew, or its manifest was deleted.", {
    advice: "Start this machine again as the others were started.",
  });
}
