/** Verifies a random part of all files, and says what that proves of the others. */
import { upperBound } from "../core/binomial.ts";
import type { WorkItem } from "../core/work-item.ts";
import { type SampleSize, type VerifyDoors, type VerifyOptions, verifySample } from "../proof/proof.ts";
import type { SampleReport } from "../report/verify-report.ts";
import type { JobContext } from "./context.ts";
import type { Verification } from "./verification.ts";

/** With which a share of all files is bounded. */
const CONFIDENCE = 0.95;

interface SampledPart {
  readonly sample: SampleReport;
  /** False: a stop ended it. */
  readonly isComplete: boolean;
}

interface PartWork {
  readonly doors: VerifyDoors;
  readonly workItems: AsyncIterable<readonly WorkItem[]>;
  readonly options: VerifyOptions;
}

/**
 * Looks at the files that are drawn. A stop ends it: nothing is proven of the rest then.
 *
 * @throws as `verifySample`, but for the stop
 */
export async function verifyPart(
  { control, surroundings }: JobContext,
  verification: Verification,
  { doors, workItems, options }: PartWork,
  size: SampleSize,
): Promise<SampledPart> {
  let [population, isComplete] = [0, false];
  try {
    const sampled = await verifySample(doors, workItems, size, {
      ...options,
      random: () => surroundings.random(),
    });
    ({ population } = sampled);
    verification.take(sampled);
    isComplete = true;
  } catch (thrown) {
    if (control.stopRequest === undefined || thrown !== control.stopRequest) throw thrown;
  }
  const { files: drawn, missing, different, unreadable } = verification.tally;
  if (drawn === 0) return { sample: { drawn, population, missingAtMost: 1, wrongAtMost: 1 }, isComplete };
  // All of them were drawn: nothing is left to doubt.
  const bound = (hits: number): number =>
    drawn >= population ? hits / drawn : upperBound(hits, drawn, CONFIDENCE);
  const missingAtMost = bound(missing);
  const wrongAtMost = bound(missing + different + unreadable);
  return { sample: { drawn, population, missingAtMost, wrongAtMost }, isComplete };
}
