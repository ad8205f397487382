/** The head of the page: what came of it, in one sentence, a few numbers and a bar. */
import { bytes, count, duration, fileRate, percent, quantity } from "../../core/format.ts";
import {
  accountStates,
  reportedQueue,
  type FullAccount,
  type FullReport,
  type FullVerdict,
  fullVerdict,
} from "../full-report.ts";
import { type Html, html } from "./html.ts";
import { figureList, type Head, headOf } from "./head.ts";
import { shareText } from "./share-text.ts";

const VERDICTS: Readonly<Record<FullVerdict, Pick<Head, "tone"> & { readonly text: string }>> = {
  completed: { tone: "good", text: "Completed: every file is in the target" },
  "with-failures": { tone: "bad", text: "Finished, but not everything is done" },
  "under-way": { tone: "busy", text: "Under way" },
  unfinished: { tone: "warn", text: "Not finished: work is left" },
};

/** What was run, how it ended, and the numbers that matter most. */
export function pageHead(report: FullReport): Html {
  const account = accountStates(report);
  const [first] = report.fleet.machines;
  const { target = "", catalog = "" } = first?.run.identity ?? {};
  const { tone, text } = VERDICTS[fullVerdict(report)];
  const queue = reportedQueue(report);
  const announcing = queue === undefined ? "Not announced" : html`Announced in <code>${queue}</code>`;
  return html`${headOf({
    when: report.time,
    target,
    facts: html`${announcing}, files from <code>${catalog}</code>`,
    tone,
    verdict: text + missingText(report),
  })}
  ${figures(report, account)} ${shareBar(account.files)}`;
}

function missingText({ fleet: { missingPartitions, machines } }: FullReport): string {
  if (missingPartitions.length === 0) return "";
  const total = machines[0]?.run.identity.totalPartitions ?? 0;
  return ` (of ${quantity(machines.length, "partition")}; the states of ${missingPartitions.length} of ${total} are not in this report)`;
}

function figures({ pace }: FullReport, { rows, files, announced, bytes: size }: FullAccount): Html {
  const done = files.copied + files.alreadyThere + files.elsewhere;
  const rejected = rows.rejected > 0 ? `, ${quantity(rows.rejected, "row")} rejected` : "";
  return figureList([
    {
      name: "Files in the target",
      value: count(done),
      note: `${percent(done, files.total)} of ${count(files.total)}`,
    },
    {
      name: "Files failed",
      value: count(files.failed),
      note: shareText(files.failed, files.total),
      isBad: files.failed > 0,
    },
    {
      name: "Work items done",
      value: count(rows.completed + rows.empty),
      note: `${count(rows.failed)} failed, ${count(rows.left)} left${rejected}`,
    },
    { name: "Announced", value: count(announced), note: "messages accepted by the queue" },
    { name: "Copied", value: bytes(size), note: "put into the target by this run" },
    ...(pace === undefined
      ? []
      : [
          {
            name: "Time at work",
            value: duration(pace.activeMs),
            note: `${fileRate((pace.total.files / Math.max(1, pace.activeMs)) * 1_000)} on average`,
          },
        ]),
  ]);
}

const SHARES = [
  { key: "copied", label: "copied", color: "var(--accent)" },
  { key: "alreadyThere", label: "already there", color: "var(--there)" },
  { key: "elsewhere", label: "done by other machines", color: "var(--good)" },
  { key: "failed", label: "failed", color: "var(--bad)" },
  { key: "skipped", label: "skipped", color: "var(--skip)" },
  { key: "left", label: "left", color: "var(--line)" },
] as const;

/** All files as one bar; a class that has any is to be seen. */
export function shareBar(files: FullAccount["files"]): Html | undefined {
  if (files.total === 0) return undefined;
  const shares = SHARES.map((share) => ({ ...share, value: files[share.key] })).filter(
    ({ value }) => value > 0,
  );
  const wide = shares.map(({ value }) => Math.max(4, (value / files.total) * 1_000));
  const scale = 1_000 / wide.reduce((all, one) => all + one, 0);
  let x = 0;
  const bars = shares.map(({ color }, index) => {
    const width = (wide[index] ?? 0) * scale;
    const bar = html`<rect
      x="${x.toFixed(1)}"
      width="${Math.max(0, width - 1.5).toFixed(1)}"
      height="14"
      fill="${color}"
    />`;
    x += width;
    return bar;
  });
  const words = shares.map(({ label, value }) => `${count(value)} ${label}`).join(", ");
  return html`<svg
      class="share"
      viewBox="0 0 1000 14"
      preserveAspectRatio="none"
      role="img"
      aria-label="Files: ${words}"
    >
      ${bars}
    </svg>
    <ul class="keys">
      ${shares.map(
        ({ label, value, color }) =>
          html`<li>
            <svg viewBox="0 0 10 10" aria-hidden="true">
              <rect width="10" height="10" rx="2" fill="${color}" /></svg
            >${count(value)} ${label}
          </li>`,
      )}
    </ul>`;
}
