/** A part of a screen that may be cut or left out where there are too few rows. */
export interface Section {
  readonly name: string;
  readonly lines: readonly string[];
  /** Gives the section in so many rows, at least `least`; without it the section is shown whole or not at all. */
  readonly shorten?: { readonly least: number; readonly to: (rows: number) => readonly string[] };
  /** An empty row stands above it, where there is room for it. */
  readonly apart?: true;
}

/**
 * The sections, in their order, in at most `rows` rows. First the empty rows go, then one section after the other is
 * shortened or else left out, in the order of `leftOut`; what is not named there stays.
 */
export function fitSections(
  sections: readonly Section[],
  rows: number,
  leftOut: readonly string[],
): string[] {
  const shown = new Map(sections.filter(({ lines }) => lines.length > 0).map((one) => [one.name, one.lines]));
  const height = () => [...shown.values()].reduce((sum, lines) => sum + lines.length, 0);
  for (const name of leftOut) {
    const over = height() - rows;
    if (over <= 0) break;
    const lines = shown.get(name);
    const shorten = sections.find((section) => section.name === name)?.shorten;
    if (lines === undefined) continue;
    const room = lines.length - over;
    if (shorten !== undefined && room >= shorten.least) shown.set(name, shorten.to(room));
    else shown.delete(name);
  }
  const all = [...shown.values()].flat();
  const spaced = sections.flatMap(({ name, apart }) => {
    const lines = shown.get(name) ?? [];
    return apart === true && lines.length > 0 ? ["", ...lines] : lines;
  });
  return (spaced.length <= rows ? spaced : all).slice(0, rows);
}
