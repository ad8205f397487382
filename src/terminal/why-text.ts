/** The story of one work item or file, as lines for people. */
import { partitionName } from "../core/sub-partition.ts";
import { type Story, storyEvents, toldFiles, type WhyReport } from "../report/report.ts";
import { count, dateTime, quantity } from "./format.ts";

/** So many events are told; the JSON has them all. */
const MOST_EVENTS = 60;

/** All stories, the candidates, or that nothing has this name. */
export function whyText({ name, candidates, stories }: WhyReport): string[] {
  if (candidates.length > 0) {
    return [
      `${name} may be one of these; give the id of the work item, --job-id, or a longer name:`,
      ...candidates.map(({ stateDb, workItem, fileName }) => {
        const file = fileName === undefined ? "" : `, file ${fileName}`;
        return `  ${stateDb}: job ${workItem.jobId}, work item ${workItem.workItemId}${file}`;
      }),
    ];
  }
  if (stories.length === 0) return [`no work item or file that was touched is called ${name}`];
  return stories.flatMap((story, index) => [...(index === 0 ? [] : [""]), ...storyLines(story)]);
}

function storyLines(story: Story): string[] {
  const { stateDb, history, fileName } = story;
  const { workItem, status, partition, partitionEpoch } = history;
  const events = storyEvents(story);
  const subject = fileName === undefined ? "" : `file ${fileName} of `;
  const name = workItem.workItemName === "" ? "" : ` (${workItem.workItemName})`;
  const shown = events.length <= MOST_EVENTS ? events : events.slice(-MOST_EVENTS);
  const claims =
    partitionEpoch > 1
      ? [
          `Its partition ${partitionName(partition)} was claimed ${count(partitionEpoch)} times, by this machine or others.`,
        ]
      : [];
  return [
    `${subject}work item ${workItem.workItemId}${name} of job ${workItem.jobId} in ${stateDb}: ${status}`,
    ...claims,
    ...(shown.length < events.length
      ? [`  ${count(events.length - shown.length)} earlier events are in --output json`]
      : []),
    ...shown.map(({ at, start, fileName: file, text }) => {
      const of = file === undefined || fileName !== undefined ? "" : `${file}: `;
      return `  ${dateTime(at)}  ${start === undefined ? "" : `start ${start}: `}${of}${text}`;
    }),
    ...restLines(story),
  ];
}

/** What is not told, because nothing is kept of it. */
function restLines({ history, fileName }: Story): string[] {
  const told = toldFiles(history, fileName);
  if (fileName !== undefined) {
    const isPlain = told.every(
      ({ tries, incidents, attempts }) => tries.length + incidents.length === 0 && attempts === 1,
    );
    return isPlain ? ["It succeeded at the first try: nothing more is kept of it."] : [];
  }
  if (history.status === "elsewhere") return ["Another machine did it: ask with the state of that machine."];
  const untold = history.filesKnown - told.length;
  const lines =
    untold > 0
      ? [`${quantity(untold, "file")} succeeded at the first try: nothing more is kept of them.`]
      : [];
  const untouched = (history.filesTotal ?? 0) - history.filesKnown;
  return untouched > 0 ? [...lines, `${quantity(untouched, "file")} not touched yet.`] : lines;
}
