/** Tables of the page. */
import { type Html, html, type HtmlValue } from "./html.ts";

export interface PageColumn<Row> {
  readonly title: string;
  /** `number`: to the right, digits of one width. `line`: never broken. `wide`: may be broken anywhere. */
  readonly kind?: "number" | "line" | "wide";
  readonly cell: (row: Row) => HtmlValue;
}

/**
 * A table with a caption; its first column names the row. What is too wide for a small screen is scrolled in its own
 * region, by keyboard too.
 *
 * @param hasSum the last row adds up the others
 */
export function pageTable<Row>(
  caption: string,
  columns: readonly PageColumn<Row>[],
  rows: readonly Row[],
  { hasSum = false }: { readonly hasSum?: boolean } = {},
): Html {
  const head = columns.map(({ title, kind }) => html`<th scope="col" class="${kind ?? ""}">${title}</th>`);
  const body = rows.map(
    (row, place) =>
      html`<tr class="${hasSum && place === rows.length - 1 ? "sum" : ""}">
        ${columns.map(({ cell, kind = "" }, index) =>
          index === 0
            ? html`<th scope="row" class="${kind}">${cell(row)}</th>`
            : html`<td class="${kind}">${cell(row)}</td>`,
        )}
      </tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}
