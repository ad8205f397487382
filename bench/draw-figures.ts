/**
 * Draws `docs/figures/*.svg` from what `scaling.ts` measured (`bench/scaling.json`); a curve that was not measured keeps
 * its figure.
 *
 * `npx node bench/draw-figures.ts`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Figure, figureToSvg, type Mark } from "./support/figure.ts";
import { type Curve, type Point, readResults } from "./support/scaling-results.ts";

const FOLDER = join(import.meta.dirname, "..", "docs", "figures");
const BLUE = "#1f5fbf";
const ORANGE = "#c2571a";
const GREY = "#6e7781";
const MB_A_MIB = 1_048_576 / 1_000_000;

const { concurrency, machines, files } = readResults();
mkdirSync(FOLDER, { recursive: true });
if (concurrency !== undefined) draw("scaling-concurrency", overConcurrency(concurrency));
if (machines !== undefined) draw("scaling-machines", overMachines(machines));
if (files !== undefined) draw("scaling-files", overFiles(files));

function overConcurrency(curve: Curve): Figure {
  const fixed = numbered(curve);
  const auto = curve.points["auto"];
  const bound = (slots: number): number => (slots * 1_000) / (2 * curve.latencyMs);
  const lines = (read: (point: Point) => number) => [
    {
      name: "--concurrency N",
      color: BLUE,
      marks: fixed.map(([slots, point]) => [slots, read(point)] as const),
    },
    ...(auto === undefined
      ? []
      : [
          {
            name: `auto, after its search: ${auto.slots} slots`,
            color: ORANGE,
            marks: [[auto.slots, read(auto)] as const],
          },
        ]),
  ];
  return {
    title: "Files a second over file slots",
    caption: captionOf(curve, `${curve.latencyMs} ms a request`),
    height: 600,
    x: { name: "file slots (--concurrency)", ticks: fixed.map(([slots]) => slots), log: true },
    panels: [
      {
        name: "files/s",
        ticks: [100, 300, 1_000, 3_000, 10_000],
        log: true,
        share: 2,
        lines: [
          ...lines((point) => point.filesPerSecond),
          {
            name: `bound by latency: N / (2 x ${curve.latencyMs} ms)`,
            color: GREY,
            dashed: true,
            marks: fixed.map(([slots]) => [slots, bound(slots)] as const),
          },
        ],
      },
      {
        name: "CPU ms a file, start and end of the process left out",
        share: 1,
        decimals: 2,
        lines: lines(
          ({ cpuSeconds, startCpuSeconds = 0, files: count }) =>
            (1_000 * (cpuSeconds - startCpuSeconds)) / count,
        ),
      },
    ],
  };
}

function overMachines(curve: Curve): Figure {
  const points = numbered(curve);
  const one = points.find(([count]) => count === 1)?.[1].filesPerSecond;
  const slots = points[0]?.[1].slots ?? 0;
  return {
    title: "Files a second over machines that share a CSV",
    caption: captionOf(
      curve,
      `${curve.latencyMs} ms a request, ${slots} slots a machine, all on one computer`,
    ),
    height: 420,
    x: { name: "machines (--total-partitions)", ticks: points.map(([count]) => count), log: false },
    panels: [
      {
        name: "files/s, all machines together",
        lines: [
          {
            name: "sum of the machines",
            color: BLUE,
            marks: points.map(([count, point]) => [count, point.filesPerSecond]),
          },
          ...(one === undefined
            ? []
            : [
                {
                  name: "one machine, times so many",
                  color: GREY,
                  dashed: true,
                  marks: points.map(([count]) => [count, count * one] as const),
                },
              ]),
        ],
      },
    ],
  };
}

function overFiles(curve: Curve): Figure {
  const points = numbered(curve);
  const line = (read: (point: Point) => number) => [
    { color: BLUE, marks: points.map(([count, point]): Mark => [count, read(point)]) },
  ];
  return {
    title: "A run over its number of files",
    caption: captionOf(curve, `${curve.latencyMs} ms a request, ${points[0]?.[1].slots} slots`),
    height: 640,
    x: { name: "files of the run", ticks: points.map(([count]) => count), log: true },
    panels: [
      {
        name: "files/s, from the start of the process to its end",
        lines: line((point) => point.files / point.seconds),
      },
      { name: "peak RSS, MB", lines: line((point) => point.peakMiB * MB_A_MIB) },
      { name: "state at the end, bytes a file", lines: line((point) => point.stateBytesPerFile) },
    ],
  };
}

/** The points whose key is a number, in its order. */
function numbered(curve: Curve): (readonly [number, Point])[] {
  return Object.entries(curve.points)
    .map(([key, point]) => [Number(key), point] as const)
    .filter(([key]) => !Number.isNaN(key))
    .sort(([a], [b]) => a - b);
}

/** Two lines: how and where it was measured, and when. */
function captionOf(curve: Curve, conditions: string): string {
  const days = Object.values(curve.points)
    .map(({ measured }) => measured)
    .sort();
  const when = [...new Set([days[0], days.at(-1)])].join(" to ");
  return `Server copy and announcement over TLS, ${conditions}.\n${when}, ${curve.machine}, shared with the storage simulator.`;
}

function draw(name: string, figure: Figure): void {
  const path = join(FOLDER, `${name}.svg`);
  writeFileSync(path, figureToSvg(figure));
  process.stdout.write(`${path}\n`);
}
