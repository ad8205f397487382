/**
 * What can be told of a run afterwards, from its CSV and from the states that know of it: what is not completed yet
 * (`remaining`). It only reads, through the state's doors.
 */
export { type RemainingOptions, type RemainingResult, writeRemaining } from "./remaining.ts";
