/** A rate that the operator allows, by the time of day; undefined is no limit. */
export interface Timetable {
  /** Units a second at this moment of local time, ms since the epoch. */
  at(time: number): number | undefined;
  /** The lowest of its rates; undefined when it never limits. */
  readonly lowest: number | undefined;
}

interface Entry {
  readonly minute: number;
  readonly rate: number | undefined;
}

/**
 * Parses one rate for all day (`10MB/s`), or a timetable of local times (`08:00,10MB/s 20:00,off`) in which each rate
 * holds from its time on, over midnight, until the next one.
 *
 * @param parseRate gives units a second; throws a RangeError that says what is expected
 * @throws RangeError
 */
export function parseTimetable(text: string, parseRate: (text: string) => number): Timetable {
  const parseStep = (word: string) => (word === "off" ? undefined : parseRate(word));
  if (!text.includes(",")) {
    const rate = parseStep(text);
    return { at: () => rate, lowest: rate };
  }
  const entries = text
    .trim()
    .split(/\s+/)
    .map((part): Entry => {
      const [, hour = "", minute = "", rate = ""] = /^([01]?\d|2[0-3]):([0-5]\d),(.+)$/.exec(part) ?? [];
      if (rate === "") throw new RangeError(`expected TIME,RATE such as 08:00,10MB/s, but "${part}" is not`);
      return { minute: Number(hour) * 60 + Number(minute), rate: parseStep(rate) };
    })
    .toSorted((a, b) => a.minute - b.minute);
  const repeated = entries.find(({ minute }, at) => entries[at + 1]?.minute === minute);
  if (repeated !== undefined) throw new RangeError("expected each time of day only once");
  const rates = entries.flatMap(({ rate }) => rate ?? []);
  return {
    lowest: rates.length === 0 ? undefined : Math.min(...rates),
    at(time) {
      const now = new Date(time);
      const minute = now.getHours() * 60 + now.getMinutes();
      return (entries.findLast((entry) => entry.minute <= minute) ?? entries.at(-1))?.rate;
    },
  };
}
