/**
 * The state as one would write it without a database: work items and files by number, every rule in one line. It
 * shares no code with the store.
 */
import { NO_WORK_ITEMS } from "../../progress/samples.ts";
import type { WorkItemStatus } from "../../../src/core/states.ts";
import type { StateSummary } from "../../../src/state/ledger.ts";

type ModelFile =
  | "untouched"
  | "requeued"
  | "uploaded"
  | "completed"
  | "failed"
  | "uploaded+failed"
  | "skipped";
type ModelStatus = keyof StateSummary["workItems"];

export interface ModelItem {
  status: ModelStatus;
  /** Opened in this start. */
  opened: boolean;
  lookedUp: boolean;
  total: number;
  /** What the last lookup listed; the files are 0, 1, ... up to it, without those that vanished. */
  listed: number;
  vanished: Set<number>;
  surveyed: number | undefined;
  files: ModelFile[];
  /** The code it failed with as a whole. */
  failedWith: string | undefined;
}

export interface Model {
  readonly items: ModelItem[];
  readonly drift: { workItems: number; filesAdded: number; filesVanished: number };
}

export const FILES = 4;

export function newModel(items: number): Model {
  const newItem = (): ModelItem => ({
    status: "pending",
    opened: false,
    lookedUp: false,
    total: 0,
    listed: 0,
    vanished: new Set(),
    surveyed: undefined,
    files: Array.from({ length: FILES }, () => "untouched"),
    failedWith: undefined,
  });
  return {
    items: Array.from({ length: items }, newItem),
    drift: { workItems: 0, filesAdded: 0, filesVanished: 0 },
  };
}

/** A lookup that lists all files, or all but one that is known. */
export function open({ drift }: Model, item: ModelItem, vanished: number | undefined): boolean {
  if (item.opened) return false;
  const listed = vanished === undefined ? FILES : FILES - 1;
  const goneAnew = vanished !== undefined && !item.vanished.has(vanished) ? 1 : 0;
  const cameBack = [...item.vanished].filter((file) => file !== vanished).length;
  const hasChanged = item.lookedUp && (item.listed !== listed || (vanished ?? -1) !== goneBefore(item));
  if (hasChanged) {
    drift.workItems++;
    drift.filesAdded += cameBack;
    drift.filesVanished += goneAnew - cameBack;
  }
  item.vanished = new Set(vanished === undefined ? [] : [vanished]);
  Object.assign(item, { opened: true, lookedUp: true, total: FILES, listed });
  return true;
}

function goneBefore(item: ModelItem): number {
  return [...item.vanished][0] ?? -1;
}

/** Gives whether it brought the work item back. */
export function survey(item: ModelItem, files: number): boolean {
  if (item.status === "pending" && !item.lookedUp) item.surveyed = files;
  if (item.status !== "completed" || files === item.listed) return false;
  Object.assign(item, { status: "pending", surveyed: files, opened: false });
  return true;
}

const FILE_RULES: Record<string, Partial<Record<ModelFile, ModelFile>>> = {
  upload: { untouched: "uploaded", requeued: "uploaded", failed: "uploaded" },
  complete: { uploaded: "completed" },
  fail: { untouched: "failed", requeued: "failed", uploaded: "uploaded+failed" },
  skip: { untouched: "skipped", requeued: "skipped" },
};

/** Applies it, or gives false when it is impossible. */
export function applyToFile(item: ModelItem, file: number, action: string): boolean {
  const to = FILE_RULES[action]?.[item.files[file] ?? "untouched"];
  if (!item.opened || to === undefined) return false;
  item.files[file] = to;
  return true;
}

const isAccounted = (file: ModelFile): boolean => file !== "untouched" && file !== "requeued";
const isFailed = (file: ModelFile): boolean => file === "failed" || file === "uploaded+failed";

export function finish(
  item: ModelItem,
  status: "completed" | "empty" | "failed",
  code: string | undefined,
): boolean {
  const accounted = item.files.filter(isAccounted).length;
  if (!(status === "failed" && code !== undefined)) {
    if (item.opened && accounted < item.total) return false;
    if (item.files.includes("uploaded")) return false;
    if ((status === "failed") !== item.files.some(isFailed)) return false;
    if (status === "empty" && accounted > 0) return false;
  }
  item.status = status;
  item.total = accounted;
  item.failedWith = code;
  return true;
}

export function claim(item: ModelItem): void {
  item.status = "in_progress";
  item.opened = false;
  item.failedWith = undefined;
}

/** A resume that tries all failures again, or none. */
export function resume({ items, drift }: Model, retry: boolean): void {
  const filesVanished = items.reduce((sum, { vanished }) => sum + vanished.size, 0);
  Object.assign(drift, { workItems: 0, filesAdded: 0, filesVanished });
  for (const item of items) {
    item.opened = false;
    const isTriedAgain = retry && (item.status === "failed" || item.status === "empty");
    if (item.status === "in_progress" || isTriedAgain) item.status = "pending";
    if (!retry) continue;
    item.files = item.files.map((file) =>
      file === "failed" ? "requeued" : file === "uploaded+failed" ? "uploaded" : file,
    );
  }
}

export function summaryOf({ items, drift }: Model): Omit<StateSummary, "bytes"> {
  const files = items.flatMap((item) => item.files);
  const count = (...statuses: ModelFile[]): number => files.filter((file) => statuses.includes(file)).length;
  const workItems: Record<WorkItemStatus, number> = { ...NO_WORK_ITEMS };
  for (const item of items) workItems[item.status]++;
  const notLookedUp = items.filter(
    (item) => !item.lookedUp && (item.status === "pending" || item.status === "in_progress"),
  );
  return {
    workItems,
    notLookedUp: notLookedUp.length,
    notSurveyed: notLookedUp.filter((item) => item.surveyed === undefined).length,
    files: {
      total: items.reduce((sum, item) => sum + item.total, 0),
      copied: count("completed"),
      alreadyThere: 0,
      elsewhere: 0,
      failed: count("failed", "uploaded+failed"),
      skipped: count("skipped"),
      uploaded: count("uploaded"),
      announced: count("completed"),
      duplicates: 0,
      leftOut: 0,
      shortened: 0,
      expected: notLookedUp.reduce((sum, item) => sum + (item.surveyed ?? 0), 0),
    },
    drift: { ...drift },
  };
}

/** What the views of the database, and its counters of drift, show of it: one text, to be compared. */
export function shown({ items, drift }: Model): string {
  const lines = items.flatMap((item, index) => [
    `item-${index} ${item.status} ${item.lookedUp ? item.total : 0}`,
    ...item.files.flatMap((file, number) =>
      file === "untouched" ? [] : [`item-${index} ${number} ${SHOWN[file]}`],
    ),
  ]);
  lines.push(`drift ${drift.workItems} ${drift.filesAdded} ${drift.filesVanished}`);
  return lines.sort().join("\n");
}

const SHOWN: Record<Exclude<ModelFile, "untouched">, string> = {
  requeued: "pending",
  uploaded: "uploaded",
  completed: "completed",
  failed: "failed",
  "uploaded+failed": "failed",
  skipped: "skipped",
};
