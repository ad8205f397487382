/** The report of a run as text: the short form of the page. */
import { FAILURES } from "../core/failure.ts";
import { redact } from "../core/secret.ts";
import {
  accountStates,
  type FullReport,
  type FullVerdict,
  fullVerdict,
  reportedFilter,
  reportedQueue,
} from "../report/report.ts";
import { bytes, count, dateTime, duration, fileRate, quantity } from "./format.ts";
import { printable } from "./printable.ts";
import { chooseSigns, PLAIN, type TextStyle } from "./style.ts";
import { block, leftOutLines } from "./summary-text.ts";
import { type Column, table } from "./table.ts";

const VERDICTS: Readonly<Record<FullVerdict, string>> = {
  completed: "Completed.",
  "with-failures": "Finished, but not everything is done.",
  "under-way": "Under way.",
  unfinished: "Not finished: work is left.",
};

/** Starts, and work items, that are told; the page tells more. */
const MOST_ROWS = 5;

/** Lines without colours. */
export function reportText(report: FullReport, style: Pick<TextStyle, "width" | "unicode">): string[] {
  const plain = { ...PLAIN, ...style };
  return [
    ...headLines(report),
    "",
    ...countLines(report),
    ...paceLines(report, plain),
    ...failureLines(report),
    ...longestLines(report, plain),
    ...startLines(report, plain),
    ...(report.nextCommands.length === 0
      ? []
      : ["", "For what failed or is left:", ...report.nextCommands.map((command) => `  ${command}`)]),
  ].map((line) => printable(redact(line)));
}

function headLines(report: FullReport): string[] {
  const { machines, missingPartitions } = report.fleet;
  const target = machines[0]?.run.identity.target ?? "";
  const queue = reportedQueue(report);
  const missing =
    missingPartitions.length === 0
      ? []
      : [
          `No state is given of ${quantity(missingPartitions.length, "partition")}: ${missingPartitions.slice(0, 10).join(", ")}`,
        ];
  return [
    `${VERDICTS[fullVerdict(report)]} ${target}, ${queue === undefined ? "not announced" : `announced in ${queue}`}`,
    ...missing,
  ];
}

function countLines(report: FullReport): string[] {
  const { rows, files, leftOut, announced, bytes: size } = accountStates(report);
  return [
    ...block({ label: "Rows", value: rows.total }, PLAIN, [
      { label: "completed", value: rows.completed },
      { label: "empty", value: rows.empty },
      { label: "failed", value: rows.failed },
      { label: "skipped", value: rows.skipped },
      { label: "rejected", value: rows.rejected },
      { label: "duplicates", value: rows.duplicates },
      { label: "other partitions", value: rows.elsewhere },
      { label: "left", value: rows.left },
    ]),
    ...block({ label: "Files", value: files.total }, PLAIN, [
      { label: "copied", value: files.copied },
      { label: "already there", value: files.alreadyThere },
      { label: "elsewhere", value: files.elsewhere, note: "done by other machines" },
      { label: "failed", value: files.failed },
      { label: "skipped", value: files.skipped },
      { label: "left", value: files.left },
    ]),
    `Announced ${quantity(announced, "file")}. ${bytes(size)} put into the target.`,
    ...leftOutLines({ leftOut, total: files.total }, reportedFilter(report)),
  ];
}

const SPARKS = 60;

function paceLines({ pace }: FullReport, style: TextStyle): string[] {
  if (pace === undefined) return [];
  const { activeMs, total, steps, stepMs } = pace;
  const rate = fileRate((total.files / Math.max(1, activeMs)) * 1_000);
  const width = Math.ceil(steps.length / SPARKS);
  const groups = Array.from({ length: Math.ceil(steps.length / width) }, (_, index) =>
    steps.slice(index * width, (index + 1) * width),
  );
  const sums = groups.map((group) => group.reduce((all, { files }) => all + files, 0));
  const most = Math.max(1, ...sums);
  const signs = chooseSigns(style).sparks;
  const sparks = sums.map((one, index) => {
    // Nobody was at work.
    if (groups[index]?.every(({ active }) => active < 0.01) === true) return " ";
    return signs[Math.min(signs.length - 1, Math.floor((one / most) * signs.length))] ?? "";
  });
  return [
    "",
    `Speed: ${count(total.files)} files in ${duration(activeMs)} at work, ${rate}`,
    `  ${sparks.join("")}  ${duration(stepMs * width)} each, from ${dateTime(steps[0]?.at ?? 0)}`,
  ];
}

function failureLines({ failures }: FullReport): string[] {
  return failures.flatMap(({ code, outcome, files, workItems, samples }) => {
    const counts = [
      ...(files > 0 ? [quantity(files, "file")] : []),
      ...(workItems > 0 ? [quantity(workItems, "work item")] : []),
    ];
    const [sample] = samples;
    const request = sample?.requestId === undefined ? "" : ` (request id ${sample.requestId})`;
    return [
      "",
      `${counts.join(", ")} ${outcome}: ${code}, ${FAILURES[code].meaning}`,
      ...(sample === undefined
        ? []
        : [
            `  such as ${[`${sample.jobId}/${sample.workItemId}`, ...(sample.fileName === undefined ? [] : [sample.fileName])].join(" ")}: ${sample.message}${request}`,
          ]),
      `  ${FAILURES[code].advice}`,
    ];
  });
}

function longestLines({ longest }: FullReport, style: TextStyle): string[] {
  if (longest.length === 0) return [];
  const columns: Column<FullReport["longest"][number]>[] = [
    { title: "Longest work items", align: "left", cell: ({ workItem }) => ({ text: workItem.workItemId }) },
    { title: "Took", align: "right", cell: ({ tookMs }) => ({ text: duration(tookMs) }) },
    { title: "Files", align: "right", cell: ({ filesTotal }) => ({ text: count(filesTotal) }) },
    { title: "Status", align: "left", cell: ({ status }) => ({ text: status }) },
  ];
  return ["", ...table(columns, longest.slice(0, MOST_ROWS), [], style)];
}

function startLines({ starts }: FullReport, style: TextStyle): string[] {
  if (starts.length === 0) return [];
  const columns: Column<FullReport["starts"][number]>[] = [
    { title: "Starts", align: "left", cell: ({ beganAt }) => ({ text: dateTime(beganAt) }) },
    {
      title: "Took",
      align: "right",
      cell: ({ beganAt, endedAt, lastAt }) => ({ text: duration((endedAt ?? lastAt) - beganAt) }),
    },
    { title: "Files", align: "right", cell: ({ files }) => ({ text: count(files) }) },
    { title: "Failed", align: "right", cell: ({ failed }) => ({ text: count(failed) }) },
    { title: "Ended", align: "left", least: 10, cell: (start) => ({ text: endedText(start) }) },
    { title: "Machine", align: "left", least: 8, cell: ({ host }) => ({ text: printable(host) }) },
  ];
  return ["", ...table(columns, starts.slice(-MOST_ROWS), ["Machine"], style)];
}

function endedText({ end, why, exitCode }: FullReport["starts"][number]): string {
  if (end !== "ended") return end === "copied" ? "copied while it ran" : end;
  return exitCode === undefined ? "ended" : printable(`${why ?? "ended"} (exit code ${exitCode})`);
}
