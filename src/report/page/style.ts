/** The look of the page: the system's fonts, few colours, light and dark by the reader's choice, ink on paper in print. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f5f6f8; --line: #d9dde3; --text: #1a1f26; --quiet: #545d69;
  --accent: #1c5fb8; --accent-soft: #d6e4f7; --good: #1a7440; --bad: #b42318; --warn: #8a5300; --idle: #e9ecf0;
  --there: #6f9ed8; --skip: #a0762b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #11151a; --panel: #191f26; --line: #303945; --text: #e7eaef; --quiet: #a3adb9;
    --accent: #82b1f5; --accent-soft: #223a5a; --good: #63c58a; --bad: #ff8f85; --warn: #e8b75a; --idle: #20272f;
    --there: #4d79b3; --skip: #c79a4b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  text-size-adjust: 100%;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px; }
h1 .quiet { font-size: 0.64em; font-weight: 400; letter-spacing: 0; }
h1 { font-size: 28px; line-height: 1.2; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 19px; line-height: 1.3; margin: 48px 0 4px; }
h3 { font-size: 15px; margin: 0; }
p { margin: 0 0 12px; }
code, .mono { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.9em; }
.quiet, .lead { color: var(--quiet); }
.lead { max-width: 72ch; margin-bottom: 16px; }
.eyebrow { color: var(--quiet); font-size: 13px; margin: 0 0 6px; }
header .facts { color: var(--quiet); margin: 10px 0 0; overflow-wrap: anywhere; }
.verdict { display: inline-block; margin: 18px 0 0; padding: 8px 14px; border-radius: 8px; border: 1px solid; font-weight: 600; }
.verdict.good { color: var(--good); } .verdict.bad { color: var(--bad); } .verdict.warn { color: var(--warn); }
.verdict.busy { color: var(--accent); }
.figures { display: grid; grid-template-columns: repeat(6, 1fr); gap: 1px; margin: 28px 0 0;
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.figures > div { padding: 14px 16px 12px; box-shadow: 0 0 0 1px var(--line); }
.figures dt { color: var(--quiet); font-size: 13px; }
.figures dd { margin: 2px 0 0; font-size: 24px; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures .note { margin-top: 4px; line-height: 1.4; font-size: 13px; font-weight: 400; color: var(--quiet); white-space: normal; }
.figures .bad dd { color: var(--bad); }
.share { display: block; width: 100%; height: 14px; margin: 20px 0 0; border-radius: 4px; }
.keys { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 8px 0 0; padding: 0; list-style: none; font-size: 13px; color: var(--quiet); }
.keys svg { width: 10px; height: 10px; margin-right: 6px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 12px 40px; }
.scroll { overflow-x: auto; margin: 8px 0 0; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
caption { text-align: left; color: var(--quiet); font-size: 13px; padding: 0 0 6px; }
th, td { text-align: left; vertical-align: top; padding: 7px 14px 7px 0; border-top: 1px solid var(--line); font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-top: 0; color: var(--quiet); font-size: 13px; white-space: nowrap; vertical-align: bottom; }
tbody tr:last-child > * { border-bottom: 1px solid var(--line); }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.number + :not(.number) { padding-left: 12px; }
.line, table .mono, p code { white-space: nowrap; }
.wide { overflow-wrap: anywhere; min-width: 14ch; }
tr.sum > * { font-weight: 600; }
.bad-text { color: var(--bad); font-weight: 600; }
.reason { border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px 12px; margin: 16px 0 0; }
.reason header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; }
.reason .count { font-weight: 600; font-variant-numeric: tabular-nums; color: var(--bad); }
.reason .count.skip { color: var(--warn); }
.reason p { margin: 4px 0 0; }
.reason .advice { margin: 8px 0 0; }
.reason details { margin: 8px 0 2px; }
figure { margin: 8px 0 0; }
figcaption { color: var(--quiet); font-size: 13px; }
.chart { display: block; width: 100%; height: auto; font-family: inherit; }
.chart text { fill: var(--quiet); font-size: 12px; font-variant-numeric: tabular-nums; }
.chart .name { fill: var(--text); font-weight: 600; }
.chart .grid { stroke: var(--line); } .chart .idle { fill: var(--idle); }
.chart .area { fill: var(--accent-soft); } .chart .curve { fill: none; stroke: var(--accent); stroke-width: 1.75; stroke-linejoin: round; }
.chart .fail { fill: var(--bad); }
.chart.narrow { display: none; }
details { margin: 10px 0 0; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
pre { margin: 8px 0 0; padding: 12px 14px; background: var(--panel); border-radius: 8px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
footer { margin: 56px 0 0; padding-top: 14px; border-top: 1px solid var(--line); color: var(--quiet); font-size: 13px; }
@media (max-width: 1020px) { .figures { grid-template-columns: repeat(3, 1fr); } }
@media (max-width: 640px) {
  main { padding: 24px 16px 48px; }
  h1 { font-size: 23px; } h2 { margin-top: 36px; }
  .figures { grid-template-columns: 1fr 1fr; } .figures dd { font-size: 19px; } .figures > div { padding: 11px 12px; }
  .chart.wide-screen { display: none; } .chart.narrow { display: block; }
}
@page { margin: 14mm 13mm; }
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --panel: #f5f6f8; --line: #c9ced6; --text: #000000; --quiet: #444c56;
    --accent: #1c5fb8; --accent-soft: #d6e4f7; --good: #1a7440; --bad: #b42318; --warn: #8a5300; --idle: #eceef1;
    --there: #6f9ed8; --skip: #a0762b;
  }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  table { font-size: 9pt; } th, td { padding: 4px 10px 4px 0; }
  h1 { font-size: 18pt; } h2 { font-size: 13pt; margin-top: 22pt; break-after: avoid; }
  .figures dd { font-size: 14pt; } .figures .note { font-size: 8.5pt; }
  .scroll { overflow: visible; }
  .figures { grid-template-columns: repeat(3, 1fr); }
  .columns { grid-template-columns: 1fr 1fr; gap: 0 28px; }
  tr.sum { break-before: avoid; }
  tr, figure, .figures, pre, .reason header, .reason p { break-inside: avoid; }
  .lead, .reason header, .reason p, summary, caption, thead { break-after: avoid; }
  .chart.wide-screen { display: block; } .chart.narrow { display: none; }
  thead { display: table-header-group; }
  details::details-content { content-visibility: visible; block-size: auto; }
  details > summary { list-style: none; color: var(--quiet); }
}
`;
