/**
 * What is said: the reports of what commands did, the messages of a run (`messages.ts`), and the JSON form of each, which
 * is an interface (docs/events.md). How they look in a terminal is not known here.
 */
export {
  type AnnounceReport,
  type AnnounceVerdict,
  announceVerdict,
  filesToAnnounce,
} from "./announce-report.ts";
export { type ControlReport, type ControlResult, controlJson } from "./control-report.ts";
export type { DistributionReport } from "./distribution-report.ts";
export { type DryRunReport, type DryRunVerdict, dryRunVerdict } from "./dry-run-report.ts";
export type { RowFormat, ToldFile } from "./file-rows.ts";
export type { FolderState, FolderStates } from "./folder-states.ts";
export { accountStates, type FullReport, type FullVerdict, fullVerdict } from "./full-report.ts";
export { doubtText, type ImportReport } from "./import-report.ts";
export type { Check, Findings } from "./doctor-report.ts";
export type { EstimateReport } from "./estimate-report.ts";
export { isoTime, jsonText } from "./json-forms.ts";
export { type Message, SCHEMA_VERSION, toJsonLine, waitingMessages } from "./messages.ts";
export { metricsText, type RunMetrics } from "./metrics-text.ts";
export type { PlanReport } from "./plan-report.ts";
export { runNoticeJson } from "./run-notice.ts";
export { type Account, type RunReport, type RunVerdict, balanceReport, judgeReport } from "./run-report.ts";
export { type Story, storyEvents, toldFiles, whyJson, type WhyReport } from "./why-report.ts";
