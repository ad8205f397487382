import type { Stages } from "./pipeline.ts";

/**
 * Has the catalog count ahead, for the ETA and the order of claims, and then notice what has changed since.
 *
 * @param onBroughtBack called when completed work items are pending again
 * @throws what the catalog or the state throws; the signal's reason
 */
export async function surveyAhead(
  { catalog, state: { surveys } }: Stages,
  signal: AbortSignal,
  onBroughtBack: () => void,
): Promise<void> {
  for await (const counted of catalog.survey(surveys.toSurvey({ signal }), { signal })) surveys.note(counted);
  for await (const looked of catalog.recheck(surveys.toRecheck({ signal }), { signal })) {
    if (surveys.note(looked) > 0) onBroughtBack();
  }
}
