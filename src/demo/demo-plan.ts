import { DemoRandom } from "./demo-random.ts";

/** How much input the demo makes. */
export interface DemoScale {
  /** Work items in all, one of them without files; at least 6. */
  readonly workItems: number;
  /** Small files in all, 1 to 200 a work item. */
  readonly files: number;
  /** Sizes of the large files that the first work item also gets, MiB. */
  readonly large: readonly number[];
}

export const DEMO_SCALE: DemoScale = { workItems: 200, files: 5000, large: [20, 50, 80] };

export interface PlannedDemoFile {
  /** Name within the work item, may hold `/`. */
  readonly fileName: string;
  /** Name in the source container. */
  readonly sourceName: string;
  /** Bytes. */
  readonly length: number;
  /** Where in the record pool its content starts. */
  readonly contentStart: number;
  /** Whether its link in the listing carries a SAS. */
  readonly hasSas: boolean;
  /** Whether the listing states its length and MD5. */
  readonly isStated: boolean;
}

export interface PlannedDemoWorkItem {
  readonly jobId: string;
  readonly workItemId: string;
  /** As the listing names it; empty for some. */
  readonly workItemName: string;
  readonly files: readonly PlannedDemoFile[];
}

/** The input before anything is made: the same for the same seed and scale. */
export interface DemoPlan {
  readonly workItems: readonly PlannedDemoWorkItem[];
  /** Listed, but not in the source container. */
  readonly missing: { readonly workItem: PlannedDemoWorkItem; readonly file: PlannedDemoFile };
  /** The work item that the CSV names twice. */
  readonly repeated: PlannedDemoWorkItem;
}

const MAX_FILES = 200;
const MIN_BYTES = 1000;
const MAX_BYTES = 300_000;

/** The places of the special work items; the last one is the empty one. */
const WITH_LARGE = 0;
const SAME_ID = [1, 2] as const;
const WITH_MISSING = 3;
const REPEATED = 4;
const MIN_WORK_ITEMS = 6;

const JOBS = ["70431", "70432", "70518", "70519"] as const;
const PLAIN_NAMES = ["inspection", "line", "batch", "survey"] as const;
const ODD_NAMES = [
  "Strecke Süd (Nacht)",
  "50% sample",
  "A+B run #",
  "検査 東京",
  "naïve – copy",
  "O'Brien & co",
] as const;
const PLAIN_FILES = ["results", "metrics", "summary", "detections"] as const;
const ODD_FILES = [
  "Größe 90%",
  "a+b",
  "result #",
  "結果(最終)",
  "two  spaces",
  "100%25 done",
  "comma, semicolon;",
  'in "quotes"',
  "wind 💨 speed",
  "key=value&x?y",
] as const;
const FOLDERS = ["parts/01", "parts/02", "raw data/été", "out"] as const;

/**
 * Plans the demo's input.
 *
 * @throws RangeError when the scale is out of its bounds
 */
export function planDemo(seed: number, scale: DemoScale): DemoPlan {
  const withFiles = scale.workItems - 1;
  if (scale.workItems < MIN_WORK_ITEMS || scale.files < withFiles || scale.files > withFiles * MAX_FILES) {
    throw new RangeError(`no demo of ${scale.workItems} work items and ${scale.files} files`);
  }
  const random = new DemoRandom(seed);
  const counts = [...random.shuffled(skewedCounts(withFiles, scale.files)), 0];
  const ids = distinctIds(random, scale.workItems);
  const workItems = counts.map((count, place) => {
    const workItemId = ids[place === SAME_ID[1] ? SAME_ID[0] : place] ?? "";
    const jobId = place === SAME_ID[1] ? JOBS[1] : place === SAME_ID[0] ? JOBS[0] : random.pick(JOBS);
    const folder = `${jobId}/${workItemId}`;
    const large = place === WITH_LARGE ? scale.large : [];
    return {
      jobId,
      workItemId,
      workItemName: planName(random, place),
      files: [
        ...large.map((size) => planFile(random, folder, `mosaic_${size}.json`, size * 1024 * 1024)),
        ...Array.from({ length: count }, (_, index) =>
          planFile(random, folder, planFileName(random, index), smallSize(random)),
        ),
      ],
    };
  });
  return {
    workItems,
    missing: chooseMissing(workItems[WITH_MISSING]),
    repeated: required(workItems[REPEATED]),
  };
}

/** How many files each work item has: from 1 to 200, most of them few, `total` in all. */
function skewedCounts(workItems: number, total: number): number[] {
  const most = Math.min(MAX_FILES, Math.ceil(total / 4));
  const mean = total / workItems;
  // A straight rise of a quarter of the files plus a late steep one: over u = 0..1 the mean of u is 1/2, of u^k 1/(k+1).
  const rise = (mean - 1) / 2;
  const peak = Math.max(0, most - 1 - rise);
  const power = mean > 1 ? Math.max(1, peak / (0.75 * (mean - 1)) - 1) : 1;
  const counts = Array.from({ length: workItems }, (_, place) => {
    const u = place / (workItems - 1);
    return 1 + Math.round(rise * u + peak * u ** power);
  });
  let missing = total - counts.reduce((sum, count) => sum + count, 0);
  for (let place = workItems >> 1; missing !== 0; place = (place + 1) % workItems) {
    const wanted = (counts[place] ?? 0) + Math.sign(missing);
    if (wanted < 1 || wanted > most) continue;
    counts[place] = wanted;
    missing -= Math.sign(missing);
  }
  return counts;
}

function distinctIds(random: DemoRandom, count: number): string[] {
  const ids = new Set<string>();
  while (ids.size < count) ids.add(String(1_889_000_000 + random.below(30_000_000)));
  return [...ids];
}

/** Unique by its number; every ninth has signs that URLs, shells and CSVs treat specially, some have no name. */
function planName(random: DemoRandom, place: number): string {
  const number = String(place + 1).padStart(4, "0");
  if (place >= MIN_WORK_ITEMS && random.chance(0.05)) return "";
  return place % 9 === 1 ? `${random.pick(ODD_NAMES)} ${number}` : `${random.pick(PLAIN_NAMES)}-${number}`;
}

/** Unique by its number also without its folder, so that no two files of a work item collide in the target. */
function planFileName(random: DemoRandom, index: number): string {
  const number = String(index + 1).padStart(3, "0");
  const folder = random.chance(0.2) ? `${random.pick(FOLDERS)}/` : "";
  const name = random.chance(0.08)
    ? `${random.pick(ODD_FILES)} ${number}`
    : `${random.pick(PLAIN_FILES)}_${number}`;
  return `${folder}${name}.json`;
}

/** 1 KB to 300 KB, most of them small. */
function smallSize(random: DemoRandom): number {
  return Math.round(MIN_BYTES * (MAX_BYTES / MIN_BYTES) ** (random.next() ** 2));
}

function planFile(random: DemoRandom, folder: string, fileName: string, length: number): PlannedDemoFile {
  return {
    fileName,
    sourceName: `${folder}/${fileName}`,
    length,
    contentStart: random.below(2 ** 20),
    hasSas: random.chance(0.5),
    isStated: random.chance(0.5),
  };
}

function chooseMissing(workItem: PlannedDemoWorkItem | undefined): DemoPlan["missing"] {
  return { workItem: required(workItem), file: required(workItem?.files[0]) };
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the plan has no such place");
  return value;
}
