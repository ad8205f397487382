/** The results as a page to read. */
import type { Circumstances } from "./circumstances.ts";
import { type Cell, MIB, titleOf } from "./cells.ts";
import {
  cpuSecondsAThousand,
  failureOf,
  lateMs,
  type Measure,
  median,
  peakMiB,
  perSecond,
  perSecondUnderWay,
  ratio,
  refusedShare,
  requestsAFile,
  serviceCores,
} from "./figures.ts";
import { REUPLOAD } from "./contestants/reupload.ts";
import type { CellResult, Line } from "./run-cell.ts";
import type { Skewed } from "./skewed.ts";

export interface Results {
  readonly circumstances: Circumstances;
  readonly cells: readonly CellResult[];
  /** By the number of slots; empty when it was not run. */
  readonly skewed: readonly Skewed[];
}

/** @returns Markdown */
export function toMarkdown({ circumstances, cells, skewed }: Results): string {
  const repeated = cells.filter(({ cell }) => cell.isRepeated);
  const single = cells.filter(({ cell }) => !cell.isRepeated);
  const sections = [
    top(circumstances),
    ...(repeated.length === 0 ? [] : ["## Repeated runs", ...repeated.map(cellSection)]),
    ...skewedSection(skewed),
    ...(single.length === 0 ? [] : ["## Single runs", ...single.map(cellSection)]),
    ...notesSection(cells),
    notRun(circumstances, cells),
  ];
  return `${sections.join("\n\n")}\n`;
}

function top({ flags, participants, ...now }: Circumstances): string {
  const rows = [
    [
      "machine",
      `${now.cores} cores of ${now.processor}, ${now.memoryGiB} GiB; ${now.kernel}; Node ${now.node}`,
    ],
    ["begun", `${now.began}, with a load of ${now.load.toFixed(2)}`],
    ["commit", now.commit],
    ...[...Map.groupBy(participants, ({ version }) => version)].map(([version, those]) => [
      those.map(({ name }) => name).join("; "),
      version,
    ]),
  ];
  const command = ["npm run bench", ...(flags.length === 0 ? [] : ["--", ...flags])].join(" ");
  return `# What \`npm run bench\` has measured

Written by \`${command}\`; [README.md](README.md) tells more.

${table(["", ""], rows)}

- The service is the simulator, on the same cores as what it measures, over HTTPS. Contestants take turns inside a round
  and begin in another order each round; a figure is the median of the rounds, with the range in brackets.
- **files/s** is of the whole program, from its start to its end; **under way** only between its first and its last
  request: what a longer run comes to. Each has so many files that it takes some seconds, but
  for those whose title says how many: there the whole of a short program counts.
- **reupload ÷** says how many times the figure before it reupload's is: more is better for files/s, less for CPU.
- **CPU** is the client's alone, in seconds for 1,000 files, user and system, its start included. **Peak** is the resident
  memory of its largest process. **Late** is how much later than its latency the service answered on average, **service** how
  many cores it took for itself: where these are high, it was the machine that was measured.
- A line counts only when every blob was in the target afterwards, and every message in the queue.
- Where a contestant can be told how much to do at once, its line is the faster of its default and what stands behind its
  name, found by trials at 20 ms.`;
}

function cellSection({ cell, lines }: CellResult): string {
  const reupload = lines.find(({ contestant }) => contestant === REUPLOAD);
  const columns = columnsOf(cell, reupload);
  const good = lines.filter((line) => failureOf(line) === undefined);
  const failed = lines.filter((line) => failureOf(line) !== undefined);
  return [
    `### ${upperFirst(titleOf(cell))}`,
    table(
      ["", ...columns.map(([head]) => head)],
      good.map((line) => [nameIn(cell, line), ...columns.map(([, text]) => text(line))]),
    ),
    ...failed.map((line) => `${nameOf(line)} does not count: ${failureOf(line)}`),
  ].join("\n\n");
}

type Column = readonly [head: string, text: (line: Line) => string];

function columnsOf(cell: Cell, reupload: Line | undefined): Column[] {
  const figure =
    (measure: Measure): Column[1] =>
    ({ runs }) =>
      spread(runs.map(measure));
  const plain =
    (measure: Measure, digits: number): Column[1] =>
    ({ runs }) =>
      median(runs.map(measure)).toFixed(digits);
  const times =
    (measure: Measure): Column[1] =>
    (line) => {
      const value = line === reupload ? undefined : ratio(reupload, line, measure);
      return value === undefined ? "" : value.toFixed(2);
    };
  const isLarge = cell.bytes >= MIB && cell.way !== "server";
  const megabytes: Measure = (run) => (perSecond(run) * cell.bytes) / 1e6;
  const limited =
    (measure: Measure): Column[1] =>
    (line) =>
      `${plain((run) => 100 * measure(run), 1)(line)} %`;
  // What it got answered of what the account takes.
  const used: Measure = (run) => (run.requests - run.refused) / run.underWaySeconds / (cell.accountRate ?? 1);
  return [
    ["files", ({ form }) => form.files.toLocaleString("en-US")],
    ["files/s", figure(perSecond)],
    ["reupload ÷", times(perSecond)],
    ...(isLarge ? [["MB/s", figure(megabytes)] as const] : []),
    ["under way files/s", figure(perSecondUnderWay)],
    ["reupload ÷", times(perSecondUnderWay)],
    ...(cell.accountRate === undefined
      ? []
      : [["of the limit", limited(used)] as const, ["refused", limited(refusedShare)] as const]),
    ["CPU s/1,000", figure(cpuSecondsAThousand)],
    ["reupload ÷", times(cpuSecondsAThousand)],
    ["requests a file", plain(requestsAFile, 2)],
    ["peak MiB", plain(peakMiB, 0)],
    ["late ms", plain(lateMs, 1)],
    ["service cores", plain(serviceCores, 2)],
  ];
}

function skewedSection(all: readonly Skewed[]): string[] {
  const [first] = all;
  if (first === undefined) return [];
  const { files, workItems, largest, latencyMs } = first;
  const text = `${files.toLocaleString("en-US")} files of 16 KiB in ${workItems} work items by Zipf's law (the largest has ${largest.toLocaleString("en-US")}, and comes last),
server copy and announcement, ${latencyMs} ms for each request, \`--concurrency\` as many slots. The bound is the service times
of all requests divided among the slots.`;
  const heads = [
    "slots",
    "bound s",
    "whole run s",
    "÷ bound",
    "under way s",
    "÷ bound",
    "CPU s for 1,000 files",
    "late ms",
  ];
  return [`## Work items of very different sizes\n\n${text}\n\n${table(heads, all.map(skewedRow))}`];
}

function skewedRow({ slots, boundSeconds, runs }: Skewed): string[] {
  const failure = failureOf({ runs });
  const begin = [String(slots), boundSeconds.toFixed(1)];
  if (failure !== undefined) return [...begin, `does not count: ${failure}`, "", "", "", "", ""];
  return [
    ...begin,
    spread(runs.map(({ seconds }) => seconds)),
    spread(runs.map(({ seconds }) => seconds / boundSeconds)),
    spread(runs.map(({ underWaySeconds }) => underWaySeconds)),
    spread(runs.map(({ underWaySeconds }) => underWaySeconds / boundSeconds)),
    spread(runs.map(cpuSecondsAThousand)),
    median(runs.map(lateMs)).toFixed(1),
  ];
}

function notesSection(cells: readonly CellResult[]): string[] {
  const contestants = new Set(cells.flatMap(({ lines }) => lines.map(({ contestant }) => contestant)));
  const notes = [...contestants].flatMap(({ name, note }) =>
    note === undefined ? [] : [`- ${name}: ${note}.`],
  );
  return notes.length === 0 ? [] : [`## How to read the others\n\n${notes.join("\n")}`];
}

function notRun({ absent }: Circumstances, cells: readonly CellResult[]): string {
  const failed = cells.flatMap(({ cell, lines }) =>
    lines
      .filter((line) => failureOf(line) !== undefined)
      .map((line) => `- ${nameOf(line)} in ${titleOf(cell)}: failed, see there.`),
  );
  const missing = absent.map(({ name, why }) => `- ${name}: ${why}.`);
  const all = [...missing, ...failed];
  return `## Not run, or not counted\n\n${all.length === 0 ? "Nothing: all contestants were there." : all.join("\n")}`;
}

export function nameOf({ contestant, form }: Pick<Line, "contestant" | "form">): string {
  return [contestant.name, form.setting.name].filter(Boolean).join(", ");
}

/** What only copies has less to do: that stands with its name. */
function nameIn({ way }: Cell, line: Line): string {
  return way === "local" || line.contestant.announces ? nameOf(line) : `${nameOf(line)} (copies only)`;
}

/** Such as `2,510 (2,480 to 2,530)`. */
function spread(values: readonly number[]): string {
  const middle = number(median(values));
  if (values.length < 2) return middle;
  return `${middle} (${number(Math.min(...values))} to ${number(Math.max(...values))})`;
}

/** In three digits at least. */
function number(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), `|${heads.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
