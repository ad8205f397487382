/** The messages of `report/` as lines for people. */
import { redact } from "../core/secret.ts";
import type { Message } from "../report/report.ts";
import { announceText } from "./announce-text.ts";
import { dryRunText } from "./dry-run-text.ts";
import { bytes, count, duration, quantity } from "./format.ts";
import { othersText } from "./others-text.ts";
import { printable, printableLine } from "./printable.ts";
import { progressLine, waitingText } from "./progress-text.ts";
import { paint, PLAIN, type TextStyle } from "./style.ts";
import { summaryText } from "./summary-text.ts";
import { findingLine, verifyText } from "./verify-text.ts";

type MessageOf<Type extends Message["type"]> = Extract<Message, { readonly type: Type }>;

/** The message as lines for people. */
export function toText(message: Message, style: TextStyle = PLAIN): string[] {
  return textLines(message, style).map((line) => printableLine(redact(line), style));
}

function textLines(message: Message, style: TextStyle): string[] {
  switch (message.type) {
    case "run-started":
      return startedLines(message);
    case "progress":
      return [progressLine(message.view)];
    case "waiting":
      return [paint("yellow", waitingText(message.waiting), style)];
    case "resumed":
      return [`${printable(message.what)} answers again after ${duration(message.waitedMs)}`];
    case "notice":
      return [
        message.level === "warning"
          ? `${paint("yellow", "warning:", style)} ${printable(message.message)}`
          : printable(message.message),
      ];
    case "control": {
      const { request, by, taken, text } = message;
      const line = printable(`${request} (asked by ${by}): ${text}`);
      return [taken ? line : `${paint("yellow", "not done:", style)} ${line}`];
    }
    case "file":
      return [fileLine(message, style)];
    case "concurrency": {
      const { what, unit, from, to, why } = message;
      const amount = (value: number | undefined) =>
        value === undefined ? "no limit" : count(Math.round(value));
      return [`${printable(what)}: ${amount(from)} -> ${amount(to)} ${unit} (${printable(why)})`];
    }
    case "thread-ended":
      return [`${paint("yellow", "warning:", style)} a thread ended: ${endedThread(message)}`];
    case "summary":
      return summaryText(message.report, style);
    case "dry-run":
      return dryRunText(message.report, style);
    case "announce-summary":
      return announceText(message.report, style);
    case "finding":
      return [findingLine(message.finding)];
    case "verify-summary":
      return verifyText(message.report, style);
    case "other-machines":
      return othersText(message.report);
    case "error":
      return [
        `${paint("red", "error:", style)} ${printable(message.message)}`,
        printable(message.hint),
        ...message.causes.map((cause) => `  caused by: ${printable(cause)}`),
      ];
  }
}

/** Why it ended, and what becomes of its work. */
function endedThread({ why, underWay, isReplaced, isStopping }: MessageOf<"thread-ended">): string {
  const had = (becomes: string) =>
    underWay === 0 ? "" : `; what it had under way (${count(underWay)}) is ${becomes}`;
  if (isStopping) return `${printable(why)}${had("given up, because the run stops")}`;
  const next = isReplaced ? "another one is started" : "the run goes on with the others";
  return `${printable(why)}${had("done again")}, ${next}`;
}

function startedLines(start: MessageOf<"run-started">): string[] {
  const { partition, totalPartitions } = start;
  const one = partition === "auto" ? "free partitions" : `partition ${partition}`;
  const share = totalPartitions === 1 ? "" : `, ${one} of ${totalPartitions}`;
  const again = start.starts === 1 ? "" : `, start ${start.starts}`;
  return [
    `run ${start.runId}${share}${again}: ${quantity(start.workItems, "work item")} of ${quantity(start.rows, "row")}`,
    printable(
      `files from ${start.catalog} to ${start.target}, announced in ${start.queue ?? "no queue"}, state in ${start.stateDb}`,
    ),
  ];
}

function fileLine(file: MessageOf<"file">, style: TextStyle): string {
  const { outcome, jobId, workItemId, fileName, blobName, failure, attempts } = file;
  const word = outcome === "failed" ? paint("red", outcome, style) : outcome;
  const size = file.bytes === undefined ? "" : ` (${bytes(file.bytes)})`;
  const tries = attempts > 1 ? ` at attempt ${attempts}` : "";
  const request = failure?.requestId === undefined ? "" : ` (request id ${failure.requestId})`;
  const why = failure === undefined ? "" : `: ${failure.code}: ${failure.message}${request}`;
  return `${word} ${printable(`${jobId}/${workItemId} ${fileName} -> ${blobName}${size}${tries}${why}`)}`;
}
