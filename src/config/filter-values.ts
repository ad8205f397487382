/** What the values of `--include`, `--newer-than`, `--larger-than` and their like may be. */
import type { Moment } from "../core/file-filter.ts";
import { byteCount, durationMs, type Parser } from "./values.ts";

/** The longest pattern, characters: no name that it could match is longer. */
const LONGEST_PATTERN = 1_024;

/**
 * Patterns for names, one a line: as a flag is given again for each pattern, an environment variable holds a line for
 * each. What can match no name, or not what it seems to, is refused.
 */
export const patterns: Parser<readonly string[]> = Object.assign(
  (given: string): readonly string[] => {
    const found = given.split(/\r?\n/).filter((line) => line !== "");
    if (found.length === 0) throw new RangeError("expected a pattern such as *.json");
    for (const pattern of found) checkPattern(pattern);
    return found;
  },
  { repeats: true },
);

function checkPattern(pattern: string): void {
  const problem = patternProblem(pattern);
  if (problem !== undefined) throw new RangeError(`expected a pattern such as *.json: ${problem}`);
}

function patternProblem(pattern: string): string | undefined {
  if (pattern.length > LONGEST_PATTERN) return `it has more than ${LONGEST_PATTERN} characters`;
  if (!pattern.isWellFormed()) return "it has a lone surrogate";
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(pattern)) return "it has a control character";
  if (pattern.endsWith("/")) return "it ends with a slash; add ** for all that is below a folder";
  const segments = pattern.replace(/^\//, "").split("/");
  if (segments.includes("")) return "it has an empty segment";
  if (segments.some((segment) => segment === "." || segment === "..")) return "it has the segment . or ..";
  if (pattern.startsWith("!"))
    return "! at its beginning means nothing here; use --exclude, or \\! for the character";
  return bracketProblem(pattern);
}

/** A bracket that is never closed would be a plain character, which nobody means. */
function bracketProblem(pattern: string): string | undefined {
  let braces = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "\\") {
      if (++at === pattern.length) return "it ends with a backslash; write \\\\ for the character";
    } else if (char === "[") {
      const end = classEnd(pattern, at);
      if (end === undefined) return "it has a [ without ]; write \\[ for the character";
      if (hasReversedRange(pattern.slice(at + 1, end)))
        return "it has a range whose end lies before its begin";
      at = end;
    } else if (char === "{") braces++;
    else if (char === "}" && --braces < 0) return "it has a } without {; write \\} for the character";
  }
  return braces > 0 ? "it has a { without }; write \\{ for the character" : undefined;
}

/** Where the class that begins here ends. A `]` at its beginning is one of its characters. */
function classEnd(pattern: string, start: number): number | undefined {
  let at = start + 1;
  if (pattern[at] === "!" || pattern[at] === "^") at++;
  if (pattern[at] === "]") at++;
  for (; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "/") return undefined;
    if (char === "\\") at++;
    else if (char === "[" && pattern[at + 1] === ":") at = pattern.indexOf(":]", at) + 1 || at;
    else if (char === "]") return at;
  }
  return undefined;
}

/** Such a range matches nothing. @param inside what stands between the brackets */
function hasReversedRange(inside: string): boolean {
  const plain = inside.replace(/^[!^]/, "").replaceAll(/\[:\w+:\]/g, "");
  return [...plain.matchAll(/\\?([^\\])-\\?([^\\])/gu)].some(([, from = "", to = ""]) => from > to);
}

/** Longer ago than this there was no file; a moment of which it is subtracted still has a year of four digits. */
const LONGEST_AGO_MS = 100 * 365 * 86_400_000;

const MOMENT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** `2026-11-01` (its first moment in UTC), `2026-11-01T08:00Z`, `2026-11-01T08:00+01:00`, or a time before the run began: `7d`. */
export const moment: Parser<Moment> = (given) => {
  const ms = durationMs(given);
  if (ms !== undefined && ms > 0 && ms <= LONGEST_AGO_MS) return { kind: "ago", ms };
  const at = MOMENT.test(given) ? Date.parse(given) : Number.NaN;
  // 30 February is read as 2 March.
  const isReal = !Number.isNaN(at) && isDay(given.slice(0, 10));
  if (isReal) return { kind: "at", at };
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(given)) {
    throw new RangeError(`expected a time with its zone, such as ${given}Z (UTC) or ${given}+01:00`);
  }
  throw new RangeError("expected a time such as 2026-11-01, 2026-11-01T08:00Z or 7d (before the run began)");
};

function isDay(text: string): boolean {
  return new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

/** A number of bytes such as `500B`, `10MB` or `1GiB`. */
export const byteSize: Parser<number> = (given) => {
  const bytes = given === "0" ? 0 : byteCount(given);
  if (bytes !== undefined && Number.isSafeInteger(bytes)) return bytes;
  throw new RangeError("expected a size such as 500B, 10MB or 1GiB");
};
