import { percent } from "../../core/format.ts";

/** A part of a whole: what is there is never shown as nothing. */
export function shareText(part: number, whole: number): string {
  const text = percent(part, whole);
  return part > 0 && text === "0.0%" ? "under 0.1%" : text;
}
