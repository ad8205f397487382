/** What `reupload announce` did, as text. */
import {
  type AnnounceReport,
  type AnnounceVerdict,
  announceVerdict,
  filesToAnnounce,
} from "../report/report.ts";
import { count, duration, fileRate, quantity } from "./format.ts";
import { printable } from "./printable.ts";
import { type Paint, paint, type TextStyle } from "./style.ts";
import { block } from "./summary-text.ts";

const VERDICTS: Record<AnnounceVerdict, { text: string; format: Paint }> = {
  completed: { text: "Completed.", format: "green" },
  "with-failures": { text: "Finished, but the queue did not accept everything.", format: "yellow" },
  stopped: { text: "Stopped", format: "yellow" },
  planned: { text: "Dry run: nothing was sent.", format: "bold" },
};

/** The lines of the report; its width is not used. */
export function announceText(report: AnnounceReport, style: TextStyle): string[] {
  const { text, format } = VERDICTS[announceVerdict(report)];
  const headline = report.stoppedBy === undefined ? text : `${text}: ${report.stoppedBy}.`;
  return [
    paint(format, headline, style),
    "",
    ...fileLines(report, style),
    "",
    ...otherLines(report),
    ...failureLines(report, style),
    ...commandLines(report, style),
  ];
}

function fileLines({ counts, all, sent, failed, isDryRun }: AnnounceReport, style: TextStyle): string[] {
  const total = filesToAnnounce(counts, all);
  const left = total - sent - failed;
  return block({ label: "To announce", value: total }, style, [
    { label: "announced", value: sent, format: "green" },
    { label: "failed", value: failed, format: "red" },
    { label: "left", value: isDryRun ? 0 : left, format: "yellow" },
  ]);
}

function otherLines(report: AnnounceReport): string[] {
  const { counts, all, queue, sent, elapsedMs, retries, throttles, resumeCommand } = report;
  const { owedExisting, announced, again, leftToRun } = counts;
  const lines = [`Queue: ${printable(queue)}.`];
  if (report.wouldCreateQueue) lines.push("It does not exist yet: it would be created.");
  if (owedExisting > 0) {
    lines.push(`${quantity(owedExisting, "file")} of them in the target before the run.`);
  }
  if (all && again > 0) {
    const before = `${quantity(again, "file")} of them announced before: consumers recognise a blob by its name.`;
    const done = announced - again;
    lines.push(done === 0 ? before : `${before} An earlier --all already sent ${count(done)} more again.`);
  } else if (announced > 0) {
    lines.push(`${quantity(announced, "file")} announced before; --all sends them again.`);
  }
  if (leftToRun > 0) {
    const what = `${quantity(leftToRun, "file")} in the target not completed by the run`;
    lines.push(`${what}. The run announces them itself: ${resumeCommand}`);
  }
  if (sent > 0) {
    const rate = elapsedMs > 0 ? [fileRate(sent / (elapsedMs / 1_000))] : [];
    const figures = [duration(elapsedMs), ...rate, quantity(retries, "retry", "retries")];
    lines.push(`${[...figures, `throttled ${quantity(throttles, "time")}`].join(", ")}.`);
  }
  return lines;
}

function failureLines({ failed, samples }: AnnounceReport, style: TextStyle): string[] {
  if (failed === 0) return [];
  const more = failed - samples.length;
  return [
    "",
    paint("bold", "Failed", style),
    ...samples.map(({ jobId, workItemId, fileName, message, requestId }) => {
      const request = requestId === undefined ? "" : ` (request id ${requestId})`;
      return printable(`  job ${jobId}, work item ${workItemId}, ${fileName}: ${message}${request}`);
    }),
    ...(more > 0 ? [`  and ${count(more)} more`] : []),
  ];
}

function commandLines({ nextCommand }: AnnounceReport, style: TextStyle): string[] {
  return nextCommand === undefined ? [] : ["", "To do the rest:", `  ${paint("bold", nextCommand, style)}`];
}
