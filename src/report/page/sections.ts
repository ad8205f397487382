/** The other sections of the page: counts, speed, work items, starts, settings. */
import { byteRate, bytes, count, dateTime, duration, fileRate, quantity } from "../../core/format.ts";
import type { MachineView, Pace, PaceStep } from "../../progress/progress.ts";
import {
  accountStates,
  reportedFilter,
  type FullReport,
  type LongWorkItem,
  type ReportedSetting,
  type ReportedStart,
} from "../full-report.ts";
import { paceCharts } from "./chart.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { shareText } from "./share-text.ts";
import { type PageColumn, pageTable } from "./table.ts";

/** Rows of the table that stands for the picture. */
const MOST_TABLE_STEPS = 24;
/** Starts that are listed. */
const MOST_STARTS = 30;

type Counted = readonly [label: string, value: number, note?: string];

/** Every row and every file in its class. */
export function accountSection(report: FullReport): Html {
  const { rows, files, uploaded, leftOut } = accountStates(report);
  const filter = reportedFilter(report);
  return html`<section aria-labelledby="account">
    <h2 id="account">What was done</h2>
    <p class="lead">Each row of the CSV and each file that the catalog lists is in exactly one line.</p>
    ${filter === undefined ? undefined : html`<p class="lead">${quantity(leftOut, "file")} left out by <code>${filter}</code>, in no line.</p>`}
    <div class="columns">
      ${countTable("Rows of the CSV", rows.total, [
        ["completed", rows.completed],
        ["empty", rows.empty, "the catalog lists no file"],
        ["failed", rows.failed, "a file or the lookup failed"],
        ["skipped", rows.skipped],
        ["rejected", rows.rejected, "no work item in the row"],
        ["duplicates", rows.duplicates, "processed once"],
        ["other partitions", rows.elsewhere, "their state is not in this report"],
        ["left", rows.left],
      ])}
      ${countTable("Files", files.total, [
        ["copied", files.copied],
        ["already there", files.alreadyThere, "with the same content"],
        ["done by other machines", files.elsewhere],
        ["failed", files.failed],
        ["skipped", files.skipped],
        ["left", files.left, uploaded > 0 ? `${count(uploaded)} of them only to be announced` : undefined],
      ])}
    </div>
  </section>`;
}

function countTable(
  caption: string,
  total: number,
  lines: readonly (Counted | readonly [string, number, string | undefined])[],
): Html {
  const shown = lines.filter(([, value]) => value > 0);
  return pageTable(
    caption,
    [
      {
        title: "Class",
        cell: ([label, , note]) =>
          note === undefined ? label : html`${label} <span class="quiet">(${note})</span>`,
      },
      { title: "Number", kind: "number", cell: ([, value]) => count(value) },
      { title: "Share", kind: "number", cell: ([, value]) => shareText(value, total) },
    ],
    [...shown, ["all", total, undefined] as const],
    { hasSum: true },
  );
}

/** How fast it was, as a picture and as a table. */
export function paceSection({ pace }: FullReport): Html {
  const heading = html`<h2 id="pace">How fast</h2>`;
  if (pace === undefined) {
    return html`<section aria-labelledby="pace">
      ${heading}
      <p class="lead">
        These states have no history: they are of an earlier version, or no start took any time.
      </p>
    </section>`;
  }
  const { activeMs, total } = pace;
  const perSecond = 1_000 / Math.max(1, activeMs);
  return html`<section aria-labelledby="pace">
    ${heading}
    <p class="lead">
      ${count(total.files)} files in ${duration(activeMs)} at work: ${fileRate(total.files * perSecond)},
      ${byteRate(total.bytes * perSecond)}. Times are UTC; grey is time without a process.
    </p>
    <figure>${paceCharts(pace)}</figure>
    ${paceTable(pace)}
  </section>`;
}

function paceTable({ steps, stepMs }: Pace): Html {
  const width = Math.ceil(steps.length / MOST_TABLE_STEPS);
  const groups = Array.from({ length: Math.ceil(steps.length / width) }, (_, index) =>
    steps.slice(index * width, (index + 1) * width),
  );
  const sum = (group: readonly PaceStep[], pick: (step: PaceStep) => number) =>
    group.reduce((all, step) => all + pick(step), 0);
  const columns: PageColumn<readonly PaceStep[]>[] = [
    { title: "From", kind: "line", cell: ([first]) => dateTime(first?.at ?? 0) },
    { title: "Files", kind: "number", cell: (group) => count(sum(group, ({ files }) => files)) },
    {
      title: "Speed",
      kind: "number",
      cell: (group) => {
        const activeMs = sum(group, ({ active }) => active) * stepMs;
        return activeMs < 1 ? "-" : fileRate((sum(group, ({ files }) => files) / activeMs) * 1_000);
      },
    },
    { title: "Data", kind: "number", cell: (group) => bytes(sum(group, (step) => step.bytes)) },
    { title: "Failed", kind: "number", cell: (group) => count(sum(group, ({ failed }) => failed)) },
  ];
  return html`<details>
    <summary>The picture as a table</summary>
    ${pageTable("Speed and failures over time", columns, groups)}
  </details>`;
}

/** Where the time went. */
export function longestSection({ longest, fleet }: FullReport): Html | undefined {
  if (longest.length === 0) return undefined;
  const columns: PageColumn<LongWorkItem>[] = [
    {
      title: "Work item",
      cell: ({ workItem }) =>
        html`${workItem.workItemName === "" ? workItem.workItemId : workItem.workItemName}<br /><span
            class="quiet mono"
            >${workItem.workItemId}</span
          >`,
    },
    { title: "Took", kind: "number", cell: ({ tookMs }) => duration(tookMs) },
    { title: "Files", kind: "number", cell: ({ filesTotal }) => count(filesTotal) },
    { title: "Failed", kind: "number", cell: ({ filesFailed }) => count(filesFailed) },
    { title: "Status", cell: ({ status }) => status.replace("_", " ") },
    { title: "Opened", kind: "line", cell: ({ startedAt }) => dateTime(startedAt) },
    ...stateColumn<LongWorkItem>(fleet.machines.length),
  ];
  return html`<section aria-labelledby="longest">
    <h2 id="longest">Work items that took longest</h2>
    ${pageTable("From opening a work item to its end, in its last start", columns, longest)}
  </section>`;
}

function stateColumn<Row extends { readonly stateDb: string }>(states: number): PageColumn<Row>[] {
  return states > 1 ? [{ title: "State", kind: "wide", cell: ({ stateDb }) => stateDb }] : [];
}

/** The states, when there are several. */
export function machinesSection({ fleet: { machines } }: FullReport): Html | undefined {
  if (machines.length < 2) return undefined;
  const columns: PageColumn<MachineView>[] = [
    { title: "State", kind: "wide", cell: ({ stateDb }) => stateDb },
    {
      title: "Partition",
      cell: ({ run: { identity } }) => `${identity.partition} of ${identity.totalPartitions}`,
    },
    { title: "Work items", kind: "number", cell: ({ progress }) => count(progress.workItems.total) },
    { title: "Left", kind: "number", cell: ({ progress }) => count(progress.workItems.left) },
    { title: "Files done", kind: "number", cell: ({ progress }) => count(progress.files.done) },
    { title: "Failed", kind: "number", cell: ({ progress }) => count(progress.files.failed) },
    { title: "Exit code", kind: "number", cell: ({ exitCode }) => exitCode },
  ];
  return html`<section aria-labelledby="machines">
    <h2 id="machines">Machines</h2>
    ${pageTable("One state a machine", columns, machines)}
  </section>`;
}

/** When it ran. */
export function startsSection({ starts, fleet }: FullReport): Html | undefined {
  if (starts.length === 0) return undefined;
  const shown = starts.slice(-MOST_STARTS);
  const tookMs = ({ beganAt, endedAt, lastAt }: ReportedStart) => (endedAt ?? lastAt) - beganAt;
  const columns: PageColumn<ReportedStart>[] = [
    { title: "Start", cell: ({ number }) => `${number}` },
    { title: "Began", kind: "line", cell: ({ beganAt }) => dateTime(beganAt) },
    { title: "Took", kind: "number", cell: (start) => duration(tookMs(start)) },
    { title: "Files", kind: "number", cell: ({ files }) => count(files) },
    {
      title: "Speed",
      kind: "number",
      cell: (start) => fileRate((start.files / Math.max(1, tookMs(start))) * 1_000),
    },
    { title: "Failed", kind: "number", cell: ({ failed }) => count(failed) },
    { title: "Ended", kind: "line", cell: endedCell },
    { title: "Machine", kind: "wide", cell: ({ host }) => host },
    ...stateColumn<ReportedStart>(fleet.machines.length),
  ];
  const older = starts.length - shown.length;
  const caption =
    older === 0 ? "Oldest first" : `The newest ${shown.length}, oldest first; ${count(older)} before them`;
  return html`<section aria-labelledby="starts">
    <h2 id="starts">Starts</h2>
    ${pageTable(caption, columns, shown)}
  </section>`;
}

function endedCell({ end, why, exitCode }: ReportedStart): HtmlValue {
  if (end === "killed") return html`<span class="bad-text">killed</span>`;
  if (end !== "ended") return end === "copied" ? "copied while it ran" : end;
  return exitCode === undefined ? "ended" : `${why ?? "ended"} (exit code ${exitCode})`;
}

/** What was asked for. */
export function settingsSection({ settings, fleet: { machines } }: FullReport): Html {
  const [first] = machines;
  const identity = first?.run.identity;
  const facts: ReportedSetting[] = [
    ["Run", first?.run.runId],
    ["CSV (digest of its rows)", identity?.csvDigest],
    ["Names in the target", identity?.nameTemplate],
    ["Partitions", identity === undefined ? undefined : String(identity.totalPartitions)],
  ].flatMap(([option, text]) =>
    option === undefined || text === undefined ? [] : [{ option, values: [{ stateDb: undefined, text }] }],
  );
  const columns: PageColumn<ReportedSetting>[] = [
    {
      title: "Setting",
      cell: (row) => (facts.includes(row) ? row.option : html`<code>${row.option}</code>`),
    },
    {
      title: "Value",
      kind: "wide",
      cell: ({ values }) =>
        values.map(({ stateDb, text }, index) => [
          index > 0 && html`<br />`,
          stateDb === undefined ? text : html`${text} <span class="quiet">(${stateDb})</span>`,
        ]),
    },
  ];
  return html`<section aria-labelledby="settings">
    <h2 id="settings">What was asked</h2>
    ${pageTable("The run, and the options that were given by flag, environment or file; all others had their defaults", columns, [...facts, ...settings])}
  </section>`;
}
