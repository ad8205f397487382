/** How far ahead a link's beginning may lie to be waited for, ms: clocks differ, and links are made for at once. */
const LONGEST_WAIT_MS = 5 * 60_000;

/**
 * Why a link with a SAS is refused by its times, in words: `SAS ended at ...`; undefined when they do not tell.
 *
 * @param now by the clock of who refused it, ms since the epoch
 */
export function sasTrouble(uri: string, now: number): string | undefined {
  const startsAt = timeIn(uri, "st");
  if (startsAt !== undefined && startsAt > now) {
    return `SAS becomes valid at ${isoTime(startsAt)} (st), in ${spanText(startsAt - now)}`;
  }
  const endsAt = timeIn(uri, "se");
  if (endsAt === undefined || endsAt > now) return undefined;
  return `SAS expired at ${isoTime(endsAt)} (se), ${spanText(now - endsAt)} ago`;
}

/** How long to wait until a link begins, ms; undefined when it has begun, or begins too late to be waited for. */
export function untilLinkBegins(uri: string, now: number): number | undefined {
  const startsAt = timeIn(uri, "st");
  if (startsAt === undefined || startsAt <= now || startsAt - now > LONGEST_WAIT_MS) return undefined;
  return startsAt - now;
}

function timeIn(uri: string, parameter: "st" | "se"): number | undefined {
  const query = uri.indexOf("?");
  if (query === -1) return undefined;
  const time = Date.parse(new URLSearchParams(uri.slice(query + 1)).get(parameter) ?? "");
  return Number.isNaN(time) ? undefined : time;
}

function isoTime(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

function spanText(ms: number): string {
  if (ms < 120_000) return `${Math.ceil(ms / 1000)} s`;
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 2 * 86_400_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}
