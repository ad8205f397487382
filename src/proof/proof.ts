/**
 * What can be told of a run afterwards, from its CSV, its catalog, its target and the states that know of it: what is not
 * completed yet (`remaining`), and whether the target holds what it should (`verify.ts`). It only reads, through the
 * doors of the other rooms.
 */
export { proveByCheckpoints, recordsOfCheckpoints } from "./checkpoint-records.ts";
export { type UnexpectedBlob, UnexpectedBlobs } from "./extra-blobs.ts";
export { type RemainingOptions, type RemainingResult, writeRemaining } from "./remaining.ts";
export { type PartitionProof, proveByStates, recordsOfStates } from "./state-records.ts";
export { Turns } from "./turns.ts";
export {
  addTallies,
  type Damage,
  EMPTY_TALLY,
  type Finding,
  FINDING_KINDS,
  nothingSeen,
  type RunRecords,
  type Seen,
  type VerifyDoors,
  type VerifyOptions,
  type VerifyTally,
  type WorkItemVerdict,
} from "./verify.ts";
export { distinctWorkItems, skipFirst, type SurveyedRows, surveyRows } from "./verify-rows.ts";
export { type SampleSize, verifySample } from "./verify-sample.ts";
export { verifyWorkItems } from "./verify-work-items.ts";
