/** The table of an estimate. */
import type { EstimateReport } from "../../report/report.ts";
import { count, duration, durationRange, fileRate, quantity } from "../format.ts";
import type { TextStyle } from "../style.ts";
import { type Column, table } from "../table.ts";

type Row = EstimateReport["rows"][number];

/** @returns the lines, the table no wider than the style */
export function estimateText(report: EstimateReport, style: TextStyle): string[] {
  const { rows, olderFilesPerSecond } = report;
  const columns: Column<Row>[] = [
    { title: "", align: "left", cell: ({ isRecommended }) => ({ text: isRecommended ? "->" : "" }) },
    { title: "Machines", align: "right", cell: ({ machines }) => ({ text: count(machines) }) },
    { title: "Approach", align: "left", cell: (row) => ({ text: APPROACH[row.partitions] }) },
    { title: "Slots each", align: "right", cell: () => ({ text: slotsText(report) }) },
    { title: "Time", align: "left", cell: ({ lowMs, highMs }) => ({ text: timeText(lowMs, highMs) }) },
    { title: "Speed-up", align: "right", cell: ({ speedUp }) => ({ text: `${speedUp.toFixed(1)}x` }) },
    { title: "Bound by", align: "left", cell: ({ boundBy }) => ({ text: boundBy }) },
    { title: "Effort", align: "left", cell: (row) => ({ text: effortText(row) }) },
  ];
  return [
    ...assumptionsText(report),
    "",
    ...table(columns, rows, ["Effort", "Bound by", "Slots each"], style),
    "",
    ...recommendationText(report),
    ...limitText(rows),
    ...(olderFilesPerSecond === undefined ? [] : [olderText(report, olderFilesPerSecond)]),
  ];
}

const APPROACH: Readonly<Record<Row["partitions"], string>> = {
  whole: "the whole CSV",
  fixed: "a fixed partition each",
  auto: "--partition auto",
};

function assumptionsText(report: EstimateReport): string[] {
  const { workItems, filesPerWorkItem, isFilesAssumed, filesPerSecond, rateFrom } = report;
  const files = quantity(Math.round(workItems * filesPerWorkItem), "file");
  const each = `${count(Math.round(filesPerWorkItem))} a work item${isFilesAssumed ? ", assumed: say it with --files-per-work-item" : ""}`;
  const perMinute = (filesPerSecond / filesPerWorkItem) * 60;
  const minute = perMinute < 10 ? perMinute.toFixed(1) : count(perMinute);
  return [
    `${quantity(workItems, "work item")}, about ${files} (${each})`,
    `One machine: ${fileRate(filesPerSecond)}, ${minute} work items/min (${rateFrom})`,
  ];
}

function slotsText({ slots }: EstimateReport): string {
  return slots === undefined ? "as measured" : count(slots);
}

/** Whole minutes above an hour. */
function timeText(lowMs: number, highMs: number): string {
  return lowMs > 3_600_000 ? `${duration(lowMs)} to ${duration(highMs)}` : durationRange(lowMs, highMs);
}

function effortText({ machines, partitions }: Row): string {
  if (machines === 1) return "one command";
  return partitions === "auto" ? "the same command on each" : "another command on each";
}

function recommendationText({ rows, withinMs }: EstimateReport): string[] {
  const best = rows.find(({ isRecommended }) => isRecommended);
  if (best === undefined) return [];
  const how = best.machines === 1 ? "" : `, ${APPROACH[best.partitions]}`;
  const time = `${duration(withinMs)} (--within)`;
  const why =
    best.highMs <= withinMs
      ? `No fewer end within ${time}.`
      : `None ends within ${time}; this is the fastest.`;
  return [`Recommended: ${quantity(best.machines, "machine")}${how}. ${why}`];
}

/** From where on another machine does not help. */
function limitText(rows: readonly Row[]): string[] {
  const bound = rows.find(({ boundBy }) => boundBy !== "machines");
  if (bound === undefined) return [];
  const what =
    bound.boundBy === "queue"
      ? "the queue takes no more (2,000 messages/s); several queues take more (--queue a,b)"
      : "the account takes no more (20,000 requests/s)";
  return [`From ${quantity(bound.machines, "machine")} on, ${what}.`];
}

function olderText({ rows, workItems, filesPerWorkItem }: EstimateReport, rate: number): string {
  const older = ((workItems * filesPerWorkItem) / rate) * 1000;
  const best = rows.find(({ isRecommended }) => isRecommended) ?? rows[0];
  const factor = best === undefined ? 0 : older / ((best.lowMs + best.highMs) / 2);
  return `At ${fileRate(rate)}, the older tool's rate as you gave it, it would take ${duration(older)}: ${factor.toFixed(1)} times as long.`;
}
