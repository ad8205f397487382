/** What failed or was skipped, by reason: how many, what it means, what to do, and examples to look into. */
import { FAILURES, isFailureCode } from "../../core/failure.ts";
import { quantity } from "../../core/format.ts";
import type { FleetFailures } from "../../progress/progress.ts";
import type { FullReport } from "../full-report.ts";
import { Html, html } from "./html.ts";
import { type PageColumn, pageTable } from "./table.ts";

/** A block a reason, most frequent first; nothing when there is none. */
export function failuresSection({ failures }: FullReport): Html | undefined {
  if (failures.length === 0) return undefined;
  return html`<section aria-labelledby="failures">
    <h2 id="failures">What failed, and why</h2>
    <p class="lead">
      Most frequent first, with a few examples each. The command
      <code>reupload files --status failed</code> lists all of them.
    </p>
    ${failures.map((group, place) => reason(group, place === 0))}
  </section>`;
}

type Sample = FleetFailures["samples"][number];

function reason({ code, outcome, files, workItems, samples }: FleetFailures, isOpen: boolean): Html {
  const counts = [
    ...(files > 0 ? [quantity(files, "file")] : []),
    ...(workItems > 0 ? [`${quantity(workItems, "work item")} as a whole`] : []),
  ].join(", ");
  const shown = samples.length === 0 ? undefined : examples(`${code}, ${outcome}`, samples, isOpen);
  return reasonBlock(code, `${counts} ${outcome}`, outcome, shown);
}

/**
 * One reason with its meaning and advice.
 *
 * @param code one that is not known, of a newer version, is told without them
 */
export function reasonBlock(
  code: string,
  counts: string,
  outcome: FleetFailures["outcome"],
  more: Html | undefined,
): Html {
  const known = isFailureCode(code) ? FAILURES[code] : undefined;
  return html`<article class="reason">
    <header>
      <h3><code>${code}</code></h3>
      <span class="count ${outcome === "skipped" ? "skip" : ""}">${counts}</span>
    </header>
    ${known && html`<p>${known.meaning[0]?.toUpperCase()}${known.meaning.slice(1)}.</p>`}
    ${known && html`<p class="advice"><strong>What to do:</strong> ${known.advice}</p>`} ${more}
  </article>`;
}

/** A message that is the same for all of them is told once. */
function examples(what: string, samples: readonly Sample[], isOpen: boolean): Html {
  const [first] = samples;
  const isSame = samples.every(({ message }) => message === first?.message);
  const message: PageColumn<Sample> = {
    title: "Message",
    kind: "wide",
    cell: (sample) => sample.message,
  };
  const columns: PageColumn<Sample>[] = [
    {
      title: "Work item",
      cell: ({ jobId, workItemId }) => html`${workItemId}<br /><span class="quiet mono">${jobId}</span>`,
    },
    { title: "File", kind: "wide", cell: ({ fileName }) => fileName ?? "the work item as a whole" },
    ...(isSame ? [] : [message]),
    {
      title: "Request id",
      cell: ({ requestId }) => (requestId === undefined ? "-" : html`<span class="mono">${requestId}</span>`),
    },
  ];
  return html`${isSame && html`<p class="advice"><strong>Message:</strong> ${first?.message}</p>`}
    <details ${isOpen && new Html("open")}>
      <summary>${quantity(samples.length, "example")}</summary>
      ${pageTable(`Examples: ${what}`, columns, samples)}
    </details>`;
}

/** The commands that go on; nothing when there is nothing to do. */
export function nextSection({ nextCommands }: FullReport): Html | undefined {
  if (nextCommands.length === 0) return undefined;
  return html`<section aria-labelledby="next">
    <h2 id="next">To do the rest</h2>
    <p class="lead">
      What failed is tried again, and what is left is done. Nothing that is done is done again.
    </p>
    <pre><code>${nextCommands.map((command, place) => [place > 0 && new Html("\n"), command])}</code></pre>
  </section>`;
}
