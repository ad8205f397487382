/** The picture of speed and failures over time: one SVG for wide screens and paper, one for small screens. */
import { count, dateTime, fileRate } from "../../core/format.ts";
import type { Pace, PaceStep } from "../../progress/progress.ts";
import { type Html, html } from "./html.ts";

interface Frame {
  /** Goes into the ids and the class. */
  readonly name: "wide-screen" | "narrow";
  readonly width: number;
  readonly left: number;
  readonly right: number;
  /** Of the panel with the speed, and of the one with the failures. */
  readonly speedHeight: number;
  readonly failedHeight: number;
  /** Labels of the time axis. */
  readonly times: number;
}

const WIDE: Frame = {
  name: "wide-screen",
  width: 1_032,
  left: 52,
  right: 8,
  speedHeight: 190,
  failedHeight: 64,
  times: 8,
};
const NARROW: Frame = {
  name: "narrow",
  width: 358,
  left: 44,
  right: 4,
  speedHeight: 150,
  failedHeight: 56,
  times: 4,
};

const TITLE_HEIGHT = 28;
const GAP = 12;
const AXIS_HEIGHT = 22;
/** A step in which nobody was at work for most of the time belongs to a pause. */
const LEAST_ACTIVE = 0.5;

/** Both of them; CSS shows the one that fits. */
export function paceCharts(pace: Pace): Html {
  return html`${chart(pace, WIDE)}${chart(pace, NARROW)}`;
}

/** In words, for those who do not see it. */
function describePace({ steps, stepMs, total }: Pace): string {
  const rates = steps.map(({ files }) => (files / stepMs) * 1_000);
  const peak = rates.indexOf(Math.max(...rates));
  const from = steps[0]?.at ?? 0;
  const to = (steps.at(-1)?.at ?? from) + stepMs;
  return `From ${dateTime(from)} to ${dateTime(to)}. The fastest time was at ${dateTime(
    steps[peak]?.at ?? from,
  )} with ${fileRate(rates[peak] ?? 0)}. ${count(total.failed)} of ${count(total.files)} files failed. The table after the picture has the numbers.`;
}

function chart(pace: Pace, frame: Frame): Html {
  const { steps, stepMs } = pace;
  const perSecond = ({ files }: PaceStep) => (files / stepMs) * 1_000;
  const speed = niceScale(Math.max(...steps.map(perSecond)), 3);
  const failed = niceScale(Math.max(1, ...steps.map((step) => step.failed)), 1);
  const plotWidth = frame.width - frame.left - frame.right;
  const stepWidth = plotWidth / steps.length;
  const x = (index: number) => frame.left + index * stepWidth;
  const speedBottom = TITLE_HEIGHT + frame.speedHeight;
  const failedTop = speedBottom + GAP + TITLE_HEIGHT;
  const failedBottom = failedTop + frame.failedHeight;
  const ySpeed = (value: number) => speedBottom - (value / speed.top) * frame.speedHeight;
  const yFailed = (value: number) => failedBottom - (value / failed.top) * frame.failedHeight;
  const height = failedBottom + AXIS_HEIGHT;
  const [title, desc] = [`pace-title-${frame.name}`, `pace-desc-${frame.name}`];
  return html`<svg
    class="chart ${frame.name}"
    viewBox="0 0 ${frame.width} ${height}"
    role="img"
    aria-labelledby="${title} ${desc}"
  >
    <title id="${title}">Files a second and failures over time</title>
    <desc id="${desc}">${describePace(pace)}</desc>
    <text class="name" x="0" y="12">Files a second</text>
    <text class="name" x="0" y="${failedTop - 16}">Failed files per ${stepText(stepMs)}</text>
    ${pauses(steps, x, [
      [TITLE_HEIGHT, frame.speedHeight],
      [failedTop, frame.failedHeight],
    ])}
    ${gridLines(speed, ySpeed, frame)}${gridLines(failed, yFailed, frame)}
    ${curves(steps, (step, index) => [x(index + 0.5), ySpeed(perSecond(step))], speedBottom)}
    ${steps.map((step, index) => failureBar(step, x(index), yFailed, stepWidth))}
    ${timeLabels(pace, x, height - 5, frame)}
  </svg>`;
}

function failureBar(
  { failed }: PaceStep,
  left: number,
  y: (value: number) => number,
  width: number,
): Html | undefined {
  if (failed < 0.5) return undefined;
  // One failure is still to be seen.
  const tall = Math.max(1.5, y(0) - y(failed));
  const bar = Math.max(1, width - 1);
  return html`<rect
    class="fail"
    x="${fixed(left)}"
    y="${fixed(y(0) - tall)}"
    width="${fixed(bar)}"
    height="${fixed(tall)}"
  />`;
}

interface Scale {
  readonly top: number;
  readonly ticks: readonly number[];
}

/** From 0 to a round number that is not under the largest value. */
function niceScale(largest: number, parts: number): Scale {
  const rough = Math.max(largest, 1e-3) / parts;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * magnitude).find((one) => one >= rough * 0.999) ?? rough;
  const needed = Math.max(1, Math.ceil((largest / step) * 0.999));
  return { top: step * needed, ticks: Array.from({ length: needed + 1 }, (_, index) => index * step) };
}

function gridLines({ ticks }: Scale, y: (value: number) => number, { left, width, right }: Frame): Html {
  return html`${ticks.map(
    (tick) =>
      html`<line
          class="grid"
          x1="${left}"
          x2="${width - right}"
          y1="${fixed(y(tick))}"
          y2="${fixed(y(tick))}"
        /><text x="${left - 8}" y="${fixed(y(tick) + 4)}" text-anchor="end">${tickText(tick)}</text>`,
  )}`;
}

function tickText(value: number): string {
  return Number.isInteger(value) || value >= 100 ? count(value) : String(Number(value.toPrecision(2)));
}

/** The curve, broken where nobody was at work. */
function curves(
  steps: readonly PaceStep[],
  place: (step: PaceStep, index: number) => readonly [number, number],
  bottom: number,
): Html {
  const parts: (readonly [number, number])[][] = [[]];
  for (const [index, step] of steps.entries()) {
    if (isPause(step)) {
      if (parts.at(-1)?.length !== 0) parts.push([]);
    } else parts.at(-1)?.push(place(step, index));
  }
  return html`${parts
    .filter((part) => part.length > 0)
    .map((part) => {
      const line = part.map(([atX, atY]) => `${fixed(atX)} ${fixed(atY)}`).join("L");
      const [first, last] = [part[0]?.[0] ?? 0, part.at(-1)?.[0] ?? 0];
      return html`<path
          class="area"
          d="M${fixed(first)} ${fixed(bottom)}L${line}L${fixed(last)} ${fixed(bottom)}Z"
        /><path class="curve" d="M${line}" />`;
    })}`;
}

function isPause({ active, files, failed }: PaceStep): boolean {
  return active < LEAST_ACTIVE && files + failed < 0.5;
}

/** A ground for each time in which nobody was at work. */
function pauses(
  steps: readonly PaceStep[],
  x: (index: number) => number,
  panels: readonly (readonly [top: number, height: number])[],
): Html {
  const found: { from: number; to: number }[] = [];
  for (const [index, step] of steps.entries()) {
    if (!isPause(step)) continue;
    const last = found.at(-1);
    if (last?.to === index) last.to = index + 1;
    else found.push({ from: index, to: index + 1 });
  }
  return html`${found.flatMap(({ from, to }) =>
    panels.map(
      ([top, height]) =>
        html`<rect
          class="idle"
          x="${fixed(x(from))}"
          y="${top}"
          width="${fixed(x(to) - x(from))}"
          height="${height}"
        />`,
    ),
  )}`;
}

const MINUTE = 60_000;
/** About as wide as a digit is. */
const LETTER = 7;
/** Between two labels of the time axis. */
const TIME_STEPS = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  180,
  360,
  720,
  1_440,
  2_880,
  7 * 1_440,
  14 * 1_440,
  28 * 1_440,
].map((minutes) => minutes * MINUTE);

function timeLabels({ steps, stepMs }: Pace, x: (index: number) => number, y: number, frame: Frame): Html {
  const from = steps[0]?.at ?? 0;
  const to = from + steps.length * stepMs;
  const step = TIME_STEPS.find((one) => (to - from) / one <= frame.times) ?? (to - from) / frame.times;
  const labels: Html[] = [];
  let day = "";
  let end = frame.left;
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const atX = x((at - from) / stepMs);
    const [date = "", time = ""] = dateTime(at).split(" ");
    const isDay = step >= 1_440 * MINUTE;
    const shown =
      date === day ? time.slice(0, 5) : isDay ? date.slice(5) : `${date.slice(5)} ${time.slice(0, 5)}`;
    const left = Math.max(frame.left, atX - (shown.length * LETTER) / 2);
    // Cut off at the edge, or over the label before it.
    if (left < end || left + shown.length * LETTER > frame.width) continue;
    day = date;
    end = left + (shown.length + 1) * LETTER;
    labels.push(
      html`<line class="grid" x1="${fixed(atX)}" x2="${fixed(atX)}" y1="${y - 17}" y2="${y - 12}" /><text
          x="${fixed(left)}"
          y="${y}"
        >
          ${shown}
        </text>`,
    );
  }
  return html`${labels}`;
}

/** `5 min`, `30 s` */
function stepText(stepMs: number): string {
  if (stepMs < MINUTE) return `${Math.round(stepMs / 1_000)} s`;
  if (stepMs < 60 * MINUTE) return `${Number((stepMs / MINUTE).toFixed(1))} min`;
  return `${Number((stepMs / 60 / MINUTE).toFixed(1))} h`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
