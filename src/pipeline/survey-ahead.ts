import type { Survey } from "../catalog/catalog.ts";
import type { Stages } from "./pipeline.ts";

interface SurveyedStages {
  readonly catalog: Pick<Stages["catalog"], "survey" | "recheck">;
  readonly state: Pick<Stages["state"], "surveys">;
}

interface Noticing {
  /** Told what the catalog counted, once the state has it. */
  readonly onCounted: (counted: readonly Survey[]) => void;
  /** Completed work items are pending again. */
  readonly onBroughtBack: () => void;
}

/**
 * Has the catalog count ahead, for the ETA and the order of claims, and then notice what has changed since.
 *
 * @throws what the catalog or the state throws; the signal's reason
 */
export async function surveyAhead(
  { catalog, state: { surveys } }: SurveyedStages,
  signal: AbortSignal,
  { onCounted, onBroughtBack }: Noticing,
): Promise<void> {
  for await (const counted of catalog.survey(surveys.toSurvey({ signal }), { signal })) {
    surveys.note(counted);
    onCounted(counted);
  }
  for await (const looked of catalog.recheck(surveys.toRecheck({ signal }), { signal })) {
    if (surveys.note(looked) > 0) onBroughtBack();
  }
}
