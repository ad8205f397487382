/**
 * The state as one would write it without a database: work items and files by number, every rule in one line. It
 * shares no code with the store.
 */
import type { StateSummary } from "../../../src/state/state-store.ts";

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
  files: ModelFile[];
  /** The code it failed with as a whole. */
  failedWith: string | undefined;
}

export type Model = ModelItem[];

export const FILES = 4;

export function newModel(items: number): Model {
  return Array.from({ length: items }, () => ({
    status: "pending",
    opened: false,
    lookedUp: false,
    total: 0,
    files: Array.from({ length: FILES }, (): ModelFile => "untouched"),
    failedWith: undefined,
  }));
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
export function resume(model: Model, retry: boolean): void {
  for (const item of model) {
    item.opened = false;
    const isTriedAgain = retry && (item.status === "failed" || item.status === "empty");
    if (item.status === "in_progress" || isTriedAgain) item.status = "pending";
    if (!retry) continue;
    item.files = item.files.map((file) =>
      file === "failed" ? "requeued" : file === "uploaded+failed" ? "uploaded" : file,
    );
  }
}

export function summaryOf(model: Model): Pick<StateSummary, "workItems" | "notLookedUp"> & { files: object } {
  const files = model.flatMap((item) => item.files);
  const count = (...statuses: ModelFile[]): number => files.filter((file) => statuses.includes(file)).length;
  const workItems = { pending: 0, in_progress: 0, completed: 0, empty: 0, failed: 0 };
  for (const item of model) workItems[item.status]++;
  const unfinished = model.filter((item) => item.status === "pending" || item.status === "in_progress");
  return {
    workItems,
    notLookedUp: unfinished.filter((item) => !item.lookedUp).length,
    files: {
      total: model.reduce((sum, item) => sum + item.total, 0),
      copied: count("completed"),
      alreadyThere: 0,
      failed: count("failed", "uploaded+failed"),
      skipped: count("skipped"),
      uploaded: count("uploaded"),
      announced: count("completed"),
      duplicates: 0,
      shortened: 0,
    },
  };
}

/** What the views of the database show of it: one text, to be compared. */
export function shown(model: Model): string {
  const lines = model.flatMap((item, index) => [
    `item-${index} ${item.status} ${item.lookedUp ? item.total : 0}`,
    ...item.files.flatMap((file, number) =>
      file === "untouched" ? [] : [`item-${index} ${number} ${SHOWN[file]}`],
    ),
  ]);
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
