import { count } from "./format.ts";

/** `3, 5-9, 12`; of more than `most` pieces the rest is counted: `3, 5-9 and 40 more`. @param numbers ascending */
export function numberRanges(numbers: readonly number[], most: number): string {
  const ranges: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && number === last.to + 1) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  const shown = ranges.slice(0, most);
  const more = ranges.slice(most).reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const text = shown
    .map(({ from, to }) => (from === to ? `${from}` : `${from}${to === from + 1 ? ", " : "-"}${to}`))
    .join(", ");
  return more === 0 ? text : `${text} and ${count(more)} more`;
}
