/** Line charts as SVG: panels above each other over one x axis, on white, every measured point marked with its value. */
import { type EChartsOption, init } from "echarts";

const WIDTH = 720;
const LEFT = 64;
const RIGHT = 40;
const TITLE_HEIGHT = 36;
const LEGEND_HEIGHT = 24;
const BOTTOM = 104;
/** Above each panel; its name stands in it. */
const GAP = 40;
/** Three dashes, for the legend. */
const DASHES = "path://M0 0h8v2h-8z M12 0h8v2h-8z M24 0h8v2h-8z";
/** Points closer than this, as the binary logarithm of the ratio of their x, would write over each other's value. */
const NEAR = 0.6;
const FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
const INK = "#1f2328";
const PALE = "#e4e7eb";
const GREY = "#57606a";

export type Mark = readonly [x: number, y: number];

export interface Line {
  /** In the legend; a line without a name is not there. */
  readonly name?: string;
  readonly color: string;
  /** Not measured but computed: without points and values. */
  readonly dashed?: boolean;
  readonly marks: readonly Mark[];
}

export interface Panel {
  /** What is on the y axis, with its unit. */
  readonly name: string;
  readonly log?: boolean;
  /** Of the y axis; needed where it is logarithmic. */
  readonly ticks?: readonly number[];
  /** Of the values beside the points. */
  readonly decimals?: number;
  /** Of the height, against the other panels; 1 unless given. */
  readonly share?: number;
  readonly lines: readonly Line[];
}

export interface Figure {
  readonly title: string;
  /** Stands small below the x axis. */
  readonly caption: string;
  /** Of the whole, px. */
  readonly height: number;
  readonly x: { readonly name: string; readonly log: boolean; readonly ticks: readonly number[] };
  readonly panels: readonly Panel[];
}

/** @returns the SVG document, 720 px wide, its text as text */
export function figureToSvg(figure: Figure): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: figure.height });
  chart.setOption(optionOf(figure));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

/** Such as 12,345.6 */
function formatNumber(value: number, decimals = 0): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function optionOf(figure: Figure): EChartsOption {
  const { panels } = figure;
  const last = panels.length - 1;
  return {
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT, color: INK },
    title: [
      {
        text: figure.title,
        left: 16,
        top: 12,
        padding: 0,
        textStyle: { fontSize: 16, fontWeight: "bold", color: INK },
      },
      {
        text: figure.caption,
        left: 16,
        bottom: 12,
        padding: 0,
        textStyle: { fontSize: 11, fontWeight: "normal", color: GREY, lineHeight: 15 },
      },
    ],
    legend: {
      left: 16,
      top: TITLE_HEIGHT + 6,
      padding: 0,
      // Wide: how much room a text takes is only guessed here.
      itemGap: 36,
      itemWidth: 30,
      selectedMode: false,
      textStyle: { fontSize: 12, color: INK },
      data: legendOf(panels),
    },
    grid: gridsOf(figure),
    xAxis: panels.map((_, index) => xAxisOf(figure, index, index === last)),
    yAxis: panels.map(yAxisOf),
    series: panels.flatMap((panel, index) => panel.lines.map((line) => seriesOf(panel, line, index))),
  };
}

/** One entry for lines of the same name in several panels. */
function legendOf(panels: readonly Panel[]) {
  const entries = new Map<string, { name: string; icon?: string }>();
  for (const { name, dashed, marks } of panels.flatMap(({ lines }) => lines)) {
    if (name === undefined) continue;
    const icon = dashed === true ? DASHES : marks.length === 1 ? "circle" : undefined;
    entries.set(name, { name, ...(icon === undefined ? {} : { icon }) });
  }
  return [...entries.values()];
}

function gridsOf({ panels, height }: Figure) {
  const first = TITLE_HEIGHT + (legendOf(panels).length > 0 ? LEGEND_HEIGHT : 0);
  const shares = panels.map(({ share = 1 }) => share);
  const unit =
    (height - first - BOTTOM - GAP * panels.length) / shares.reduce((total, share) => total + share, 0);
  let top = first;
  return shares.map((share) => {
    top += GAP;
    const grid = { left: LEFT, right: RIGHT, top, height: unit * share };
    top += unit * share;
    return grid;
  });
}

function xAxisOf({ x }: Figure, gridIndex: number, isLast: boolean) {
  const ticks = [...x.ticks];
  return {
    type: x.log ? ("log" as const) : ("value" as const),
    gridIndex,
    // Some room beside the first and the last point.
    min: x.log ? Math.min(...ticks) / 1.15 : 0,
    max: Math.max(...ticks) * (x.log ? 1.15 : 1.05),
    name: isLast ? x.name : "",
    nameLocation: "middle" as const,
    nameGap: 30,
    nameTextStyle: { fontSize: 12, color: INK },
    axisLine: { lineStyle: { color: GREY }, onZero: false },
    axisTick: { show: isLast, customValues: ticks },
    axisLabel: {
      show: isLast,
      customValues: ticks,
      color: INK,
      fontSize: 12,
      formatter: (value: number) => formatNumber(value),
    },
    splitLine: { show: false },
  };
}

function yAxisOf({ name, log = false, ticks, decimals = 0, lines }: Panel, gridIndex: number) {
  const custom = ticks === undefined ? {} : { customValues: [...ticks] };
  const values = lines.flatMap(({ marks }) => marks.map(([, y]) => y));
  return {
    type: log ? ("log" as const) : ("value" as const),
    gridIndex,
    ...(log ? { min: Math.min(...values) / 2, max: Math.max(...values) * 1.1 } : { min: 0 }),
    name,
    nameLocation: "end" as const,
    nameGap: 14,
    nameTextStyle: { fontSize: 12, color: INK, align: "left" as const, padding: [0, 0, 0, 16 - LEFT] },
    splitNumber: 4,
    axisLabel: {
      ...custom,
      color: INK,
      fontSize: 12,
      formatter: (value: number) => formatNumber(value, Number.isInteger(value) ? 0 : decimals),
    },
    axisTick: { ...custom, show: false },
    axisLine: { show: false },
    splitLine: { lineStyle: { color: PALE } },
  };
}

function seriesOf(panel: Panel, { name, color, dashed = false, marks }: Line, index: number) {
  const { decimals = 0 } = panel;
  return {
    type: "line" as const,
    ...(name === undefined ? {} : { name }),
    xAxisIndex: index,
    yAxisIndex: index,
    data: marks.map((mark) => ({ value: [...mark], label: { position: sideOf(mark, panel) } })),
    silent: true,
    color,
    lineStyle: { color, width: dashed ? 1.5 : 2, type: dashed ? ("dashed" as const) : ("solid" as const) },
    symbol: dashed ? "none" : "circle",
    symbolSize: 8,
    label: {
      show: !dashed,
      distance: 6,
      fontSize: 11,
      color,
      textBorderColor: "#ffffff",
      textBorderWidth: 3,
      formatter: ({ value }: { readonly value: unknown }) =>
        formatNumber((value as [number, number])[1], decimals),
    },
  };
}

/** Where a point's value stands: below, but above where another measured point is close by and lower. */
function sideOf(mark: Mark, { lines }: Panel): "top" | "bottom" {
  const others = lines.flatMap(({ dashed, marks }) => (dashed === true ? [] : marks));
  const isLower = ([x, y]: Mark): boolean => Math.abs(Math.log2(x / mark[0])) < NEAR && y < mark[1];
  return others.some(isLower) ? "top" : "bottom";
}
