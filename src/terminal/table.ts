import { textWidth } from "./text-width.ts";
import { cut } from "./layout.ts";
import { type Paint, paint, type TextStyle } from "./style.ts";

export interface Cell {
  readonly text: string;
  readonly paint?: Paint | undefined;
}

export interface Column<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => Cell;
  /** The width it may be cut to where the table is too wide; not cut when it is not given. */
  readonly least?: number;
}

const GAP = 2;

/**
 * Rows in aligned columns under their titles, none wider than the style's width. Where that is too little, the columns
 * that may be cut are cut, the last one first; then columns are left out, in the order of `leftOut`.
 *
 * @param leftOut titles, the first to go first; the columns that are not named stay, cut as far as need be
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  leftOut: readonly string[],
  style: TextStyle,
): string[] {
  const widths = columns.map(({ title, cell }) =>
    Math.max(textWidth(title), ...rows.map((row) => textWidth(cell(row).text))),
  );
  const leasts = columns.map(({ least }) => least);
  for (let gone = 0; ; gone++) {
    const shown = columns.map(({ title }) => !leftOut.slice(0, gone).includes(title));
    const isLast = gone > leftOut.length;
    const fitted = fit(isLast ? columns.map(() => 1) : leasts, widths, shown, style.width);
    if (fitted === undefined && !isLast) continue;
    const line = (cells: readonly Cell[]) => rowText(columns, cells, fitted ?? widths, shown, style);
    return [
      line(columns.map(({ title }) => ({ text: title, paint: "bold" }))),
      ...rows.map((row) => line(columns.map(({ cell }) => cell(row)))),
    ];
  }
}

/** The widths with which the shown columns fit into `width`; undefined when they cannot. */
function fit(
  leasts: readonly (number | undefined)[],
  wanted: readonly number[],
  shown: readonly boolean[],
  width: number,
): number[] | undefined {
  const widths = [...wanted];
  const count = shown.filter(Boolean).length;
  let over =
    widths.reduce((sum, one, index) => sum + (shown[index] === true ? one : 0), 0) +
    (count - 1) * GAP -
    width;
  for (let index = leasts.length - 1; index >= 0 && over > 0; index--) {
    const least = leasts[index];
    if (least === undefined || shown[index] !== true) continue;
    const one = widths[index] ?? 0;
    const less = Math.min(over, Math.max(0, one - least));
    widths[index] = one - less;
    over -= less;
  }
  return over > 0 ? undefined : widths;
}

function rowText<Row>(
  columns: readonly Column<Row>[],
  cells: readonly Cell[],
  widths: readonly number[],
  shown: readonly boolean[],
  style: TextStyle,
): string {
  const parts = columns.flatMap(({ align }, index) => {
    if (shown[index] !== true) return [];
    const width = widths[index] ?? 0;
    const { text, paint: format } = cells[index] ?? { text: "" };
    const shownText = cut(text, { ...style, width });
    const padding = " ".repeat(Math.max(0, width - textWidth(shownText)));
    const painted = format === undefined ? shownText : paint(format, shownText, style);
    return [align === "left" ? painted + padding : padding + painted];
  });
  return parts.join(" ".repeat(GAP)).trimEnd();
}
