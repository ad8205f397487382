/** A whole run as its account knows it, as one page: what all machines did together, and what nobody works on. */
import { partitionName } from "../../core/sub-partition.ts";
import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import { bytes, count, dateTime, duration, fileRate, percent, quantity } from "../../core/format.ts";
import type { MachineRow, RunPart, RunPicture } from "../../progress/progress.ts";
import type { AccountPicture } from "../account-json.ts";
import { reasonBlock } from "./failures.ts";
import { framePage } from "./frame.ts";
import { figureList, type Head, headOf } from "./head.ts";
import { type Html, html } from "./html.ts";
import { shareText } from "./share-text.ts";
import { type PageColumn, pageTable } from "./table.ts";

/** Partitions that are listed one by one. */
const MOST_PARTS = 256;

/** The whole page as text. @param tool version of this tool */
export function accountPage({ time, picture }: AccountPicture, tool: string): string {
  const { run } = picture;
  const { tone, text } = VERDICTS[picture.exitCode] ?? UNFINISHED;
  const facts = html`${run.csv.fileName}, ${quantity(run.csv.rows, "row")}, run <code>${run.runId}</code>${
      run.queues.length === 0 ? undefined : html`, announced in <code>${run.queues.join(", ")}</code>`
    }`;
  return framePage({
    title: `Re-upload report: ${run.target}`,
    body: [
      headOf({ when: time, target: run.target, facts, tone, verdict: text }),
      figures(picture),
      failuresOf(picture),
      machinesOf(picture),
      partitionsOf(picture),
      html`<section aria-labelledby="more">
        <h2 id="more">What the account does not know</h2>
        <p class="lead">
          Single files, messages, request ids, starts and the speed over time are in the states of the
          machines:
          <code>reupload report --state-db FILE</code> tells them.
        </p>
      </section>`,
    ],
    footer: `Made by reupload ${tool} from what the machines of the run keep in its account.`,
  });
}

type Verdict = Pick<Head, "tone"> & { readonly text: string };

const VERDICTS: Partial<Readonly<Record<ExitCode, Verdict>>> = {
  [EXIT.done]: { tone: "good", text: "Completed: every file is in the target" },
  [EXIT.finishedWithFailures]: { tone: "bad", text: "Finished, but not everything is done" },
  [EXIT.running]: { tone: "busy", text: "Under way" },
};
const UNFINISHED: Verdict = { tone: "warn", text: "Not finished: nobody works on a part that is left" };

function figures({ total, run, counts, partitions }: RunPicture): Html {
  const { files, workItems } = total;
  const all = files.total;
  const about = files.totalIsKnown ? "" : "about ";
  return figureList([
    {
      name: "Files in the target",
      value: count(files.done),
      note:
        all === undefined
          ? "their number is not known yet"
          : `${percent(files.done, all)} of ${about}${count(all)}`,
    },
    {
      name: "Files failed",
      value: count(files.failed),
      note: shareText(files.failed, all ?? files.failed),
      isBad: files.failed > 0,
    },
    {
      name: "Work items done",
      value: count(workItems.done + workItems.empty),
      note: `${count(workItems.failed)} failed, ${count(workItems.left)} left${run.csv.rejected > 0 ? `, ${quantity(run.csv.rejected, "row")} rejected` : ""}`,
    },
    ...(files.leftOut === 0
      ? []
      : [{ name: "Files left out", value: count(files.leftOut), note: "by the filter of the run" }]),
    { name: "Partitions done", value: count(counts.done), note: `of ${count(partitions)}` },
    { name: "Copied", value: bytes(total.bytes), note: "put into the target by this run" },
    ...(total.filesPerSecond === undefined
      ? []
      : [{ name: "Speed", value: fileRate(total.filesPerSecond), note: "all machines together, now" }]),
  ]);
}

function failuresOf({ failures }: RunPicture): Html | undefined {
  if (failures.length === 0) return undefined;
  return html`<section aria-labelledby="failures">
    <h2 id="failures">What failed, and why</h2>
    <p class="lead">Files, and work items as a whole, by reason; most frequent first.</p>
    ${failures.map((one) => reasonBlock(one.code, `${count(one.count)} failed`, "failed", undefined))}
  </section>`;
}

const LIVES: Readonly<Record<RunPart["life"], string>> = {
  alive: "at work",
  dead: "stopped without a word",
  left: "given back unfinished",
  done: "done",
  "not-started": "nobody has begun it",
};

function machinesOf({ machines }: RunPicture): Html | undefined {
  if (machines.length === 0) return undefined;
  const columns: PageColumn<MachineRow>[] = [
    { title: "Machine", kind: "wide", cell: ({ host, pid }) => `${host} (pid ${pid})` },
    { title: "Status", kind: "line", cell: ({ life }) => LIVES[life] },
    { title: "Partitions held", kind: "number", cell: ({ held }) => count(held) },
    { title: "Done", kind: "number", cell: ({ done }) => count(done) },
    {
      title: "Work items",
      kind: "number",
      cell: ({ workItems }) => `${count(workItems.ended)} of ${count(workItems.total)}`,
    },
    { title: "Files", kind: "number", cell: ({ files }) => count(files.finished) },
    {
      title: "Speed",
      kind: "number",
      cell: ({ life, filesPerSecond }) => (life === "alive" ? fileRate(filesPerSecond) : "-"),
    },
    { title: "Last word", kind: "line", cell: ({ toldAt }) => dateTime(toldAt) },
  ];
  return html`<section aria-labelledby="machines">
    <h2 id="machines">Machines</h2>
    ${pageTable("Those that need somebody first", columns, machines)}
  </section>`;
}

/** Of very many those that are not done. */
function partitionsOf({ run: { parts, date } }: RunPicture): Html {
  const isShort = parts.length <= MOST_PARTS;
  const shown = (isShort ? parts : parts.filter(({ life }) => life !== "done")).slice(0, MOST_PARTS);
  const columns: PageColumn<RunPart>[] = [
    { title: "Partition", kind: "number", cell: ({ partition }) => partitionName(partition) },
    { title: "Status", kind: "line", cell: (part) => LIVES[part.life] + deadFor(part, date) },
    { title: "Machine", kind: "wide", cell: ({ facts }) => facts?.host ?? "-" },
    {
      title: "Work items",
      kind: "number",
      cell: ({ facts }) =>
        facts === undefined
          ? "-"
          : `${count(facts.workItems.done + facts.workItems.empty + facts.workItems.failed + facts.workItems.skipped)} of ${count(facts.workItems.total)}`,
    },
    {
      title: "Files",
      kind: "number",
      cell: ({ facts }) => (facts === undefined ? "-" : count(facts.files.done)),
    },
    {
      title: "Failed",
      kind: "number",
      cell: ({ facts }) => (facts === undefined ? "-" : count(facts.files.failed)),
    },
  ];
  const caption = isShort
    ? "All partitions of the CSV"
    : `${count(shown.length)} of ${count(parts.length)}: those that are not done`;
  return html`<section aria-labelledby="partitions">
    <h2 id="partitions">Partitions</h2>
    ${shown.length === 0 ? html`<p class="lead">All ${count(parts.length)} are done.</p>` : pageTable(caption, columns, shown)}
  </section>`;
}

function deadFor({ life, toldAt }: RunPart, date: number): string {
  if (life !== "dead" || toldAt === undefined) return "";
  return ` ${duration(Math.max(0, date - toldAt))} ago`;
}
