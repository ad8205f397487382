import type { WorkItemRequest } from "../../core/control-request.ts";
import { isBumpable, MOST_NAMED_JOBS, rearrangedStatus } from "../ledger/rearrangement.ts";
import type { Rearranged } from "../work-queue.ts";
import { fromStatusColumn } from "./columns.ts";
import { allRows, toWorkItem } from "./statements.ts";
import { type PartitionRow, WorkItemMoves } from "./work-item-moves.ts";
import type { Writing } from "./writing.ts";

type FoundRow = PartitionRow & { readonly partition: number | null };

/**
 * As `RunPresence.rearrange`, without telling the holders.
 *
 * @param isHere whether a partition is in this state's queue
 * @returns also the row's id
 */
export function rearrange(
  writing: Writing,
  request: WorkItemRequest,
  isHere: (partition: number) => boolean,
): Rearranged & { readonly id?: number } {
  writing.commitNow();
  const { statements, holdings } = writing;
  const { kind, workItemId, jobId } = request;
  const rows = allRows<FoundRow>(statements.workItemsWithId, workItemId, jobId ?? null, MOST_NAMED_JOBS);
  const [row, second] = rows;
  if (row === undefined) return { kind: "unknown" };
  if (second !== undefined) return { kind: "ambiguous", jobIds: rows.map((one) => one.job_id) };
  const from = fromStatusColumn(row.status);
  const wanted = rearrangedStatus(kind, from, holdings.isHeld(row.id));
  const isAway = wanted === "pending" && !isHere(row.partition ?? writing.onlyPartition);
  const to = isAway && from !== "pending" ? "not_mine" : wanted;
  if (to !== from) {
    writing.change((counters) => {
      new WorkItemMoves(writing).move(row, to, counters);
      if (to === "skipped") statements.forgetBump.run(row.id);
    });
  } else if (kind === "bump" && isBumpable(from)) {
    writing.change(() => statements.bump.run(row.id));
  }
  return { kind: "found", workItem: toWorkItem(row), from, to, id: row.id };
}
