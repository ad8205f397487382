/** Finds out what happened to one work item or file, in one or several states. */
import { workItemKey } from "../core/work-item.ts";
import type { Story, WhyReport } from "../report/report.ts";
import type { FoundName } from "../state/past.ts";
import { OpenStates, type Place } from "./states.ts";

/** So many candidates are named, for each state. */
const MOST_CANDIDATES = 20;

/**
 * @param jobId of these work items alone
 * @throws ReuploadError those of `StateKind.read`
 */
export async function findOutWhy(
  name: string,
  jobId: string | undefined,
  paths: readonly string[],
  place: Place,
): Promise<WhyReport> {
  using states = await OpenStates.open(paths, place);
  const found = await Promise.all(
    states.all.map(async ({ stateDb, reader }) => {
      const names = await reader.past.find(name, MOST_CANDIDATES);
      return names
        .filter(({ workItem }) => jobId === undefined || workItem.jobId === jobId)
        .map((one) => ({ ...one, stateDb, reader }));
    }),
  );
  const all = found.flat();
  const distinct = new Set(all.map((one) => nameKey(one)));
  if (distinct.size !== 1) {
    return { name, stories: [], candidates: all.map(({ reader: _reader, ...one }) => one) };
  }
  const stories = await Promise.all(
    all.map(async ({ stateDb, reader, workItem, fileName }): Promise<Story[]> => {
      const history = await reader.history(workItem, fileName);
      if (history === undefined) return [];
      return [{ stateDb, fileName, history, starts: await reader.past.starts() }];
    }),
  );
  return { name, candidates: [], stories: stories.flat() };
}

function nameKey({ workItem, fileName }: FoundName): string {
  return JSON.stringify([workItemKey(workItem), fileName]);
}
