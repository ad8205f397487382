/** A `ProgressView` as text: the live block for a terminal, one plain line for everything else. */
import type { ProgressView, RunParts, Waiting } from "../progress/progress.ts";
import {
  byteRate,
  bytes,
  count,
  dateTime,
  duration,
  durationRange,
  fileRate,
  percent,
  quantity,
  workItemRate,
} from "./format.ts";
import { cut, flow, joinPieces, type Piece } from "./layout.ts";
import { printable } from "./printable.ts";
import { paint, chooseSigns, type TextStyle } from "./style.ts";

/** How often the plain line is printed. */
export const PLAIN_INTERVAL_MS = 10_000;

/** Where the figures begin behind their labels. */
export const LABEL_COLUMN = 12;
const BAR_WIDTH = 30;

/**
 * The lines of the live block, none wider than the style's width (but a few columns at least).
 *
 * @param keys which keys there are; undefined when none are taken
 */
export function progressBlock(view: ProgressView, style: TextStyle, keys?: string): string[] {
  const row = (label: string, pieces: readonly Piece[]) => flow(label, pieces, LABEL_COLUMN, style);
  return [
    barLine(view, style),
    ...steeredPieces(view).flatMap((piece) => row("State", [piece])),
    ...row("Work items", workItemPieces(view)),
    ...row("Files", filePieces(view)),
    ...row("Speed", [...speedPieces(view, "not known yet"), { text: `${bytes(view.bytes)} in total` }]),
    ...row("Time", [{ text: `${duration(view.elapsedMs)} so far` }, timeLeft(view)]),
    ...(view.parts === undefined ? [] : row("Partitions", partPieces(view.parts, ""))),
    ...row("Slots", slotPieces(view, "")),
    ...row("Retries", [{ text: count(view.live.retries) }, throttledPiece(view)]),
    ...view.live.waiting.flatMap((waiting) => row("Waiting", waitingPieces(waiting))),
    ...(keys === undefined ? [] : row("Keys", [{ text: keys, paint: "dim" }])),
  ];
}

/** One line without colour or movement, for logs and pipes. */
export function progressLine(view: ProgressView): string {
  const { workItems, files, live } = view;
  const pieces: Piece[] = [
    { text: `${percentDone(view)} after ${duration(view.elapsedMs)}`, end: ":" },
    { text: `${count(workItems.done)} of ${quantity(workItems.total, "work item")} done` },
    { text: `${totalFiles(view, " files")} done` },
    { text: `${quantity(workItems.failed, "work item")} and ${quantity(files.failed, "file")} failed` },
    ...speedPieces(view, "speed not known yet"),
    timeLeft(view),
    ...(view.parts === undefined ? [] : partPieces(view.parts, " partitions")),
    ...slotPieces(view, " slots"),
    { text: quantity(live.retries, "retry", "retries") },
    throttledPiece(view),
    ...steeredPieces(view),
    ...live.waiting.map((waiting) => ({ text: waitingText(waiting) })),
  ];
  return joinPieces(pieces);
}

/** How the run is steered, when it does not simply go on. */
export function steeredPieces({ live: { state, pausedBy = [] } }: Pick<ProgressView, "live">): Piece[] {
  if (state === "paused") {
    const by = pausedBy.map((one) => printable(one)).join(" and ");
    return [{ text: `paused by ${by}: nothing new begins`, paint: "yellow" }];
  }
  if (state === "draining") return [{ text: "draining: files in flight finish", paint: "yellow" }];
  return state === "stopping" ? [{ text: "stopping", paint: "yellow" }] : [];
}

/** `waiting for target account.blob.core.windows.net since 2026-07-01 12:00:05 UTC: run az login` */
export function waitingText(waiting: Waiting): string {
  return `waiting ${joinPieces(waitingPieces(waiting))}`;
}

/** What is waited for, since when (local time), and what the operator can do. */
export function waitingPieces(waiting: Waiting): Piece[] {
  const pieces: Piece[] = [
    { text: `for ${printable(waiting.what)}`, paint: "yellow", end: "" },
    { text: `since ${dateTime(waiting.since)}`, end: ":" },
  ];
  return waiting.advice === "" ? pieces : [...pieces, { text: printable(waiting.advice), paint: "yellow" }];
}

/** A bar and the percentage behind it. @param widest columns of the bar alone */
export function barLine(view: ProgressView, style: TextStyle, widest = BAR_WIDTH): string {
  const { done, whole } = doneShare(view);
  const text = percentDone(view);
  const width = Math.min(widest, style.width - text.length - 1);
  if (width < 4) return cut(text, style);
  const signs = chooseSigns(style);
  const filled = whole === 0 ? 0 : Math.floor((Math.min(done, whole) / whole) * width);
  const bar = signs.barDone.repeat(filled) + paint("dim", signs.barLeft.repeat(width - filled), style);
  return `${bar} ${text}`;
}

/** By files; by work items while no file is known, and when there is none. */
function doneShare({ files, workItems }: ProgressView): { done: number; whole: number } {
  if (files.total === undefined || files.total === 0) {
    return { done: workItems.total - workItems.left, whole: workItems.total };
  }
  return { done: files.done + files.failed + files.skipped, whole: files.total };
}

/** The share that is done, such as `41 %`: of the files when their number is known, else of the work items. */
export function percentDone(view: ProgressView): string {
  const { done, whole } = doneShare(view);
  return percent(done, whole);
}

/** The counts of work items; empty ones only when there are some. */
export function workItemPieces({ workItems }: ProgressView): Piece[] {
  return [
    { text: `${count(workItems.done)} of ${count(workItems.total)} done` },
    ...ifAny(workItems.empty, "empty"),
    failed(workItems.failed),
    { text: `${count(workItems.left)} left` },
  ];
}

/** The counts of files; skipped ones only when there are some. */
export function filePieces(view: ProgressView): Piece[] {
  const { files } = view;
  const left = files.left === undefined ? "an unknown number" : `${about(view)}${count(files.left)}`;
  return [
    { text: `${totalFiles(view, "")} done` },
    failed(files.failed),
    ...ifAny(files.skipped, "skipped"),
    { text: `${left} left` },
  ];
}

/** `2,610 of about 5,015 files` */
function totalFiles(view: ProgressView, noun: string): string {
  const { done, total } = view.files;
  return total === undefined
    ? `${count(done)}${noun}`
    : `${count(done)} of ${about(view)}${count(total)}${noun}`;
}

function about({ files }: ProgressView): string {
  return files.totalIsKnown ? "" : "about ";
}

function failed(value: number): Piece {
  return { text: `${count(value)} failed`, paint: value > 0 ? "red" : undefined };
}

function ifAny(value: number, word: string): Piece[] {
  return value === 0 ? [] : [{ text: `${count(value)} ${word}` }];
}

/**
 * Files a second, work items a minute, bytes a second, as far as they are known.
 *
 * @param unknown what is said while there is no rate yet
 */
export function speedPieces(view: ProgressView, unknown: string): Piece[] {
  const { filesPerSecond, workItemsPerMinute, bytesPerSecond } = view;
  if (filesPerSecond === undefined) return [{ text: unknown }];
  // Announcing opens no work items.
  const isIdle = workItemsPerMinute === 0 && view.live.openWorkItems === 0;
  return [
    { text: fileRate(filesPerSecond) },
    ...(workItemsPerMinute === undefined || isIdle ? [] : [{ text: workItemRate(workItemsPerMinute) }]),
    ...(bytesPerSecond === undefined ? [] : [{ text: byteRate(bytesPerSecond) }]),
  ];
}

function timeLeft({ eta, live }: ProgressView): Piece {
  if (live.state === "paused") return { text: "time left unknown while paused" };
  if (eta !== undefined) return { text: `${durationRange(eta.lowMs, eta.highMs)} left` };
  const isWaiting = live.waiting.some((waiting) => !waiting.throttled);
  return { text: isWaiting ? "time left unknown while waiting" : "time left not known yet" };
}

/** `120 of 256 done, 2 here, 5 on 3 other machines, 129 free` */
function partPieces({ total, done, here, elsewhere, others, free }: RunParts, noun: string): Piece[] {
  const held = `${count(elsewhere)} on ${quantity(others, "other machine")}`;
  return [
    { text: `${count(done)} of ${count(total)}${noun} done` },
    { text: `${count(here)} here` },
    ...(elsewhere === 0 ? [] : [{ text: held }]),
    { text: `${count(free)} free` },
  ];
}

function slotPieces({ live }: ProgressView, noun: string): Piece[] {
  return [
    { text: `${count(live.slotsInUse)} of ${count(live.slots)}${noun} in use` },
    { text: `${quantity(live.openWorkItems, "work item")} open` },
    ...(live.limitedBy === undefined ? [] : [{ text: `limited by ${printable(live.limitedBy)}` }]),
  ];
}

/** How often a service asked to slow down in this start. */
export function throttledPiece({ live }: ProgressView): Piece {
  return { text: `throttled ${quantity(live.throttles, "time")}` };
}
