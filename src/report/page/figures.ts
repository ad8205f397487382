/** The head of the page: what came of it, in one sentence, a few numbers and a bar. */
import { bytes, count, dateTime, duration, fileRate, percent, quantity } from "../../core/format.ts";
import {
  accountStates,
  type FullAccount,
  type FullReport,
  type FullVerdict,
  fullVerdict,
} from "../full-report.ts";
import { type Html, html } from "./html.ts";
import { shareText } from "./share-text.ts";

const VERDICTS: Readonly<Record<FullVerdict, { readonly tone: string; readonly text: string }>> = {
  completed: { tone: "good", text: "Completed: every file is in the target" },
  "with-failures": { tone: "bad", text: "Finished, but not everything is done" },
  "under-way": { tone: "busy", text: "Under way" },
  unfinished: { tone: "warn", text: "Not finished: work is left" },
};

/** What was run, how it ended, and the numbers that matter most. */
export function pageHead(report: FullReport): Html {
  const account = accountStates(report);
  const [first] = report.fleet.machines;
  const { target = "", queue = "none", catalog = "" } = first?.run.identity ?? {};
  const { tone, text } = VERDICTS[fullVerdict(report)];
  return html`<header>
      <p class="eyebrow">Re-upload report, ${dateTime(report.time)}</p>
      <h1>${heading(target)}</h1>
      <p class="facts">
        ${queue === "none" ? "Not announced" : html`Announced in <code>${queue}</code>`}, files from
        <code>${catalog}</code>
      </p>
      <p class="verdict ${tone}">${text}${missingText(report)}</p>
    </header>
    ${figures(report, account)} ${shareBar(account.files)}`;
}

/** The container first, then where it is. */
function heading(target: string): Html {
  const cut = target.lastIndexOf("/");
  return html`${target.slice(cut + 1)} <span class="quiet">${target.slice(0, cut)}</span>`;
}

function missingText({ fleet: { missingPartitions, machines } }: FullReport): string {
  if (missingPartitions.length === 0) return "";
  const total = machines[0]?.run.identity.totalPartitions ?? 0;
  return ` (of ${quantity(machines.length, "partition")}; the states of ${missingPartitions.length} of ${total} are not in this report)`;
}

function figures({ pace }: FullReport, { rows, files, announced, bytes: size }: FullAccount): Html {
  const done = files.copied + files.alreadyThere + files.elsewhere;
  const rejected = rows.rejected > 0 ? `, ${quantity(rows.rejected, "row")} rejected` : "";
  const figure = (name: string, value: string, note: string, isBad = false) =>
    html`<div class="${isBad ? "bad" : ""}">
      <dt>${name}</dt>
      <dd>
        ${value}
        <div class="note">${note}</div>
      </dd>
    </div>`;
  return html`<dl class="figures">
    ${figure("Files in the target", count(done), `${percent(done, files.total)} of ${count(files.total)}`)}
    ${figure("Files failed", count(files.failed), shareText(files.failed, files.total), files.failed > 0)}
    ${figure("Work items done", count(rows.completed + rows.empty), `${count(rows.failed)} failed, ${count(rows.left)} left${rejected}`)}
    ${figure("Announced", count(announced), "messages accepted by the queue")}
    ${figure("Copied", bytes(size), "put into the target by this run")}
    ${
      pace === undefined
        ? undefined
        : figure(
            "Time at work",
            duration(pace.activeMs),
            `${fileRate((pace.total.files / Math.max(1, pace.activeMs)) * 1_000)} on average`,
          )
    }
  </dl>`;
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
function shareBar(files: FullAccount["files"]): Html | undefined {
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
