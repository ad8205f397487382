import { median } from "../compare/figures.ts";

/** A figure's name, and how it is read off a run. */
export type TurnFigure<Run> = readonly [name: string, read: (run: Run) => number];

/**
 * The table of contestants that took turns: medians over the rounds, and the median of the rounds' ratios to the first one.
 *
 * @param turns with a run of each round; the first is what the others are divided by
 * @param ofFirst how the heading calls a ratio
 * @returns a Markdown table
 */
export function turnsTable<Run>(
  turns: readonly { readonly name: string; readonly runs: readonly Run[] }[],
  figures: readonly TurnFigure<Run>[],
  ofFirst: string,
): string {
  const first = turns[0]?.runs ?? [];
  const rows = turns.map(({ name, runs }) => {
    const cells = figures.map(([, read]) => {
      const ratio = median(runs.map((run, round) => read(run) / read(first[round] ?? run)));
      return `${median(runs.map(read)).toPrecision(4)} | ${ratio.toFixed(3)}`;
    });
    return `| ${name} | ${cells.join(" | ")} |\n`;
  });
  const heads = figures.map(([name]) => `${name} | ${ofFirst}`);
  return `| | ${heads.join(" | ")} |\n|---|${"---|---|".repeat(figures.length)}\n${rows.join("")}`;
}
