/** Gathers the report of one or several states. */
import { configKey, RUN_OPTION_NAMES } from "../config/run-options.ts";
import { measurePace } from "../progress/pace.ts";
import type { FleetView } from "../progress/progress.ts";
import type { FullReport, LongWorkItem, ReportedSetting, ReportedStart } from "../report/full-report.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import { MOST_SLOWEST, type OpenStates } from "./states.ts";
import { readFleet } from "./status.ts";

/** Steps of the picture: as many as an eye tells apart. */
const MOST_STEPS = 120;

/** What the report cannot know itself. */
export interface ReportRequest {
  /** Version of this tool. */
  readonly tool: string;
  /** The command that goes on with a state. */
  readonly resumeCommand: (stateDb: string) => string;
}

/**
 * Reads the states once.
 *
 * @throws ReuploadError `identity-mismatch` when they are not of one run, `state-corrupt`
 */
export async function gatherReport(
  states: OpenStates,
  surroundings: Surroundings,
  { tool, resumeCommand }: ReportRequest,
): Promise<FullReport> {
  await states.refuseMismatch();
  const fleet = withoutAutoMissing(await readFleet(states));
  const time = surroundings.wall();
  const pasts = await Promise.all(
    states.all.map(async ({ reader: { past } }) => ({
      starts: await past.starts(),
      history: await past.history(),
    })),
  );
  const { failures } = await states.details(fleet, MOST_SLOWEST);
  return {
    tool,
    time,
    fleet,
    settings: listSettings(fleet),
    starts: pasts
      .flatMap(({ starts }, index) => toReported(starts, fleet.machines[index]))
      .sort((a, b) => a.beganAt - b.beganAt),
    pace: measurePace(pasts, MOST_STEPS),
    longest: await findLongest(states, fleet, time),
    failures,
    nextCommands: fleet.machines
      .filter(({ writer, progress: { workItems, files } }) => {
        const isWanting = workItems.left > 0 || workItems.failed > 0 || files.failed > 0;
        return isWanting && writer.kind !== "running";
      })
      .map(({ stateDb }) => resumeCommand(stateDb)),
  };
}

/** A machine that takes partitions as they get free may have had any of them. */
function withoutAutoMissing(fleet: FleetView): FleetView {
  const isAuto = fleet.machines.some(({ run }) => run.identity.partition === "auto");
  return isAuto ? { ...fleet, missingPartitions: [] } : fleet;
}

function toReported(
  starts: readonly Omit<ReportedStart, "stateDb" | "end">[],
  machine: FleetView["machines"][number] | undefined,
): ReportedStart[] {
  if (machine === undefined) return [];
  return starts.map((start) => ({
    ...start,
    stateDb: machine.stateDb,
    end:
      start.endedAt !== undefined ? "ended" : start.number === machine.starts ? lastEnd(machine) : "killed",
  }));
}

/** Of the last start, which has not noted its end. */
function lastEnd({ writer }: FleetView["machines"][number]): ReportedStart["end"] {
  if (writer.kind === "running") return "running";
  return writer.kind === "ended" || writer.copy === "of-running" ? "copied" : "killed";
}

/** In the order of the help; only what was given is kept in a state. */
function listSettings({ machines }: FleetView): ReportedSetting[] {
  return RUN_OPTION_NAMES.flatMap((name) => {
    const given = machines.flatMap(({ stateDb, run }) => {
      const text = run.settings[name];
      return typeof text === "string" ? [{ stateDb, text }] : [];
    });
    const [first] = given;
    if (first === undefined) return [];
    const isSame = given.length === machines.length && given.every(({ text }) => text === first.text);
    const values = isSame ? [{ stateDb: undefined, text: first.text }] : given;
    return [{ option: configKey(name), values }];
  });
}

/** Finished ones, and those in progress that a process works on now. */
async function findLongest(states: OpenStates, fleet: FleetView, time: number): Promise<LongWorkItem[]> {
  const lists = states.all.map(async ({ stateDb, reader }, index): Promise<LongWorkItem[]> => {
    const finished = (await reader.past.longest(MOST_SLOWEST)).map(({ finishedAt, ...item }) => ({
      ...item,
      stateDb,
      tookMs: finishedAt - item.startedAt,
    }));
    if (fleet.machines[index]?.writer.kind !== "running") return finished;
    const open = (await reader.slowest(MOST_SLOWEST)).map(({ workItem, since, filesTotal }) => ({
      workItem,
      status: "in_progress" as const,
      startedAt: since,
      tookMs: Math.max(0, time - since),
      filesTotal,
      filesFailed: 0,
      stateDb,
    }));
    return [...finished, ...open];
  });
  return (await Promise.all(lists))
    .flat()
    .sort((a, b) => b.tookMs - a.tookMs)
    .slice(0, MOST_SLOWEST);
}
