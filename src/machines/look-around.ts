/** What a start reads once it holds its part, and before its first file: runs of other CSVs, and the run's moment. */
import { Ahead } from "./ahead.ts";
import { checkOtherCsvs, type OverlapCheck } from "./csv-overlap.ts";
import { readRunMoment } from "./run-moment.ts";

export interface LookAround extends OverlapCheck {
  /** `--separate-run`: other CSVs are not looked at. */
  readonly separateRun: boolean;
  /** As `readRunMoment` takes it. */
  readonly ownBegin: number | undefined;
  /** As `readRunMoment` takes it. */
  readonly again: number | undefined;
}

/**
 * Both reads at once, unless the moment may be written: nothing is, for a start that another CSV forbids.
 *
 * @returns the run's moment, as `readRunMoment`
 * @throws as `checkOtherCsvs` and `readRunMoment`
 */
export async function lookAround(around: LookAround, signal: AbortSignal): Promise<number> {
  const { ownBegin, again, separateRun } = around;
  const readMoment = async (during: AbortSignal) => readRunMoment(around, { ownBegin, again }, during);
  using ahead = ownBegin === undefined ? new Ahead(signal, readMoment) : undefined;
  if (!separateRun) await checkOtherCsvs(around, signal);
  // Awaited here: what is not wanted any more when this returns is ended.
  return ahead === undefined ? readMoment(signal) : await ahead.answer;
}
