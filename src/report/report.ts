/**
 * What is said: the reports of what commands did, the messages of a run (`messages.ts`), and the JSON form of each, which
 * is an interface (docs/events.md). How they look in a terminal is not known here.
 */
export type { AccountPicture } from "./account-json.ts";
export { accountJson } from "./account-json.ts";
export {
  type AnnounceReport,
  type AnnounceVerdict,
  announceVerdict,
  filesToAnnounce,
} from "./announce-report.ts";
export { type ControlReport, type ControlResult, controlJson } from "./control-report.ts";
export { distributionJson, type DistributionReport } from "./distribution-report.ts";
export { type DryRunReport, type DryRunVerdict, dryRunVerdict } from "./dry-run-report.ts";
export { type Check, doctorJson, type DoctorReport, type Findings } from "./doctor-report.ts";
export { type EstimateReport, estimateJson } from "./estimate-report.ts";
export { FILE_ROWS_CSV, FILE_ROWS_JSON, type RowFormat, type ToldFile } from "./file-rows.ts";
export { fleetJson } from "./fleet-json.ts";
export { type FolderState, type FolderStates, folderStatesJson } from "./folder-states.ts";
export {
  accountStates,
  type FullReport,
  type FullVerdict,
  fullVerdict,
  reportedFilter,
  reportedQueue,
} from "./full-report.ts";
export { doubtText, importJson, type ImportReport } from "./import-report.ts";
export { isoTime, type JsonFields, jsonText } from "./json-forms.ts";
export { errorMessage, type Message, SCHEMA_VERSION, toJsonLine, waitingMessages } from "./messages.ts";
export type { OtherPartition, OthersReport } from "./others-report.ts";
export { metricsText, type RunMetrics } from "./metrics-text.ts";
export type { PlanReport } from "./plan-report.ts";
export { runNoticeJson } from "./run-notice.ts";
export {
  sameFiles,
  type SampleReport,
  type VerifyFinding,
  type VerifyReport,
  type VerifyVerdict,
  verifyVerdict,
} from "./verify-report.ts";
export { type Account, type RunReport, type RunVerdict, balanceReport, judgeReport } from "./run-report.ts";
export { type Story, storyEvents, toldFiles, whyJson, type WhyReport } from "./why-report.ts";
