/** Parts that the heads of pages are made of. */
import { dateTime } from "../../core/format.ts";
import { type Html, html } from "./html.ts";

export interface Head {
  /** ms since the epoch. */
  readonly when: number;
  /** The container's address. */
  readonly target: string;
  readonly facts: Html;
  readonly tone: "good" | "bad" | "warn" | "busy";
  readonly verdict: string;
}

/** The container first, then where it is, and how it stands. */
export function headOf({ when, target, facts, tone, verdict }: Head): Html {
  const cut = target.lastIndexOf("/");
  return html`<header>
    <p class="eyebrow">Re-upload report, ${dateTime(when)}</p>
    <h1>${target.slice(cut + 1)} <span class="quiet">${target.slice(0, cut)}</span></h1>
    <p class="facts">${facts}</p>
    <p class="verdict ${tone}">${verdict}</p>
  </header>`;
}

/** A number that matters, and what it means. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly isBad?: boolean;
}

/** Up to six of them in a row. */
export function figureList(figures: readonly Figure[]): Html {
  return html`<dl class="figures">
    ${figures.map(
      ({ name, value, note, isBad = false }) =>
        html`<div class="${isBad ? "bad" : ""}">
          <dt>${name}</dt>
          <dd>
            ${value}
            <div class="note">${note}</div>
          </dd>
        </div>`,
    )}
  </dl>`;
}
