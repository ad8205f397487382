/** The one place that formats numbers, sizes, rates, durations and dates for people. English, the same in every locale. */

/** From here on `toFixed` writes powers of ten. */
const HUGE = 1e21;

/** With commas: what `Intl.NumberFormat("en-US")` gives, whose first use alone takes 11 ms of a start. */
function withCommas(value: number, digits: 0 | 1): string {
  if (!(Math.abs(value) < HUGE)) return String(value);
  const [whole = "", fraction] = value.toFixed(digits).split(".");
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `12,345` */
export function count(value: number): string {
  return withCommas(value, 0);
}

function oneDecimal(value: number): string {
  return withCommas(value, 1);
}

/** `1 file`, `12,345 files`; `plural` when it is not singular + s. */
export function quantity(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** `8.3`, `1,234`: one decimal while it tells something. */
export function decimal(value: number): string {
  return value === 0 || value >= 99.95 ? count(value) : oneDecimal(value);
}

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** `512 B`, `1.5 MiB` */
export function bytes(value: number): string {
  if (Math.round(value) < 1024) return `${count(value)} B`;
  let scaled = value / 1024;
  let unit = 0;
  // 1,023.95 would be shown as 1,024.0 of the smaller unit.
  while (scaled >= 1023.95 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${oneDecimal(scaled)} ${UNITS[unit]}`;
}

/** Bytes a second: `1.5 MiB/s` */
export function byteRate(bytesPerSecond: number): string {
  return `${bytes(bytesPerSecond)}/s`;
}

/** Files a second: `1,234 files/s`, `85.3 files/s`; less than one by the minute: `8.3 files/min` */
export function fileRate(filesPerSecond: number): string {
  if (filesPerSecond === 0) return "0 files/s";
  if (filesPerSecond < 1) return `${oneDecimal(filesPerSecond * 60)} files/min`;
  return `${decimal(filesPerSecond)} files/s`;
}

/** Work items a minute: `1,234 work items/min`, `8.3 work items/min`; less than one by the hour. */
export function workItemRate(perMinute: number): string {
  if (perMinute === 0) return "0 work items/min";
  if (perMinute < 1) return `${oneDecimal(perMinute * 60)} work items/h`;
  return `${decimal(perMinute)} work items/min`;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** ms: `0 s`, `850 ms`, `38 s`, `5 min 09 s`, `2 h 05 min`, `3 d 04 h` */
export function duration(ms: number): string {
  const whole = Math.round(ms);
  if (whole === 0) return "0 s";
  if (whole < SECOND) return `${whole} ms`;
  const seconds = toNearest(whole, SECOND);
  if (seconds < MINUTE) return `${seconds / SECOND} s`;
  if (seconds < HOUR) return twoUnits(seconds, MINUTE, "min", SECOND, "s");
  const minutes = toNearest(whole, MINUTE);
  if (minutes < DAY) return twoUnits(minutes, HOUR, "h", MINUTE, "min");
  return twoUnits(toNearest(whole, HOUR), DAY, "d", HOUR, "h");
}

function toNearest(ms: number, unit: number): number {
  return Math.round(ms / unit) * unit;
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = String(Math.round((ms % large) / small)).padStart(2, "0");
  return `${count(Math.floor(ms / large))} ${largeName} ${rest} ${smallName}`;
}

/** ms, to the second: `38 s`, `38 s to 1 min 05 s` */
export function durationRange(lowMs: number, highMs: number): string {
  const low = duration(toNearest(lowMs, SECOND));
  const high = duration(toNearest(highMs, SECOND));
  return low === high ? low : `${low} to ${high}`;
}

/** `50.1%` of a whole; `100.0%` only when nothing is missing. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return "0.0%";
  const rounded = Math.round((part / whole) * 1_000) / 10;
  return `${(part < whole ? Math.min(rounded, 99.9) : rounded).toFixed(1)}%`;
}

/** ms since the epoch, for people: `2026-07-01 12:00:05 UTC` */
export function dateTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
