/** What happened to one work item or file, over starts and machines, as `reupload why` tells it. */
import type { FoundName, StartRecord } from "../state/past.ts";
import type { FileHistory, WorkItemHistory } from "../state/state-reader.ts";
import { isoTime, type JsonFields } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

/** What one state knows. */
export interface Story {
  readonly stateDb: string;
  /** undefined: the work item as a whole was asked for. */
  readonly fileName: string | undefined;
  readonly history: WorkItemHistory;
  /** The starts of this state, oldest first. */
  readonly starts: readonly StartRecord[];
}

export interface WhyReport {
  /** As it was asked for. */
  readonly name: string;
  /** What the name may mean, when that is more than one thing; nothing is told then. */
  readonly candidates: readonly (FoundName & { readonly stateDb: string })[];
  /** Of one work item or file, one a state that knows it. */
  readonly stories: readonly Story[];
}

/** Something that happened, in the order of time. */
export interface StoryEvent {
  /** ms since the epoch. */
  readonly at: number;
  /** The number of the start; undefined when it is not known. */
  readonly start: number | undefined;
  readonly kind:
    | "start"
    | "start-ended"
    | "claimed"
    | "repeated"
    | "second-request"
    | "new-link"
    | "waited"
    | "failed"
    | "skipped"
    | "file"
    | "ended";
  readonly fileName: string | undefined;
  /** In words. */
  readonly text: string;
}

/** The story in the order of time. */
export function storyEvents({ history, fileName, starts }: Story): StoryEvent[] {
  const files = toldFiles(history, fileName);
  const own: StoryEvent[] = [];
  if (history.startedAt !== undefined) {
    const count =
      history.filesTotal === undefined
        ? ""
        : `; the catalog lists ${history.filesTotal} files${leftOutText(history)}`;
    own.push({
      at: history.startedAt,
      start: undefined,
      kind: "claimed",
      fileName: undefined,
      text: `claimed${count}`,
    });
  }
  if (history.finishedAt !== undefined) {
    const why = history.failure === undefined ? "" : `: ${failureText(history.failure)}`;
    const text = `the work item is ${history.status}${why}`;
    own.push({ at: history.finishedAt, start: undefined, kind: "ended", fileName: undefined, text });
  }
  // Events of the same second keep the order in which they are listed: the end of the work item is the last.
  const [begin, ...rest] = own;
  const all = [...(begin === undefined ? [] : [begin]), ...files.flatMap(fileEvents), ...rest];
  const started = startEvents(starts, all);
  const isBegin = ({ kind }: StoryEvent): boolean => kind === "start";
  const told = [...started.filter(isBegin), ...all, ...started.filter((event) => !isBegin(event))];
  return told.toSorted((a, b) => Math.floor(a.at / 1000) - Math.floor(b.at / 1000));
}

function leftOutText({ filesLeftOut }: WorkItemHistory): string {
  return filesLeftOut === 0 ? "" : ` and ${filesLeftOut} more that the run's filter leaves out`;
}

/** The starts in which something happened, and those between them. */
function startEvents(starts: readonly StartRecord[], events: readonly StoryEvent[]): StoryEvent[] {
  const times = events.map(({ at }) => at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  return starts
    .filter(({ beganAt, endedAt, lastAt }) => beganAt <= last + 1000 && (endedAt ?? lastAt) >= first - 1000)
    .flatMap(({ number: start, host, beganAt, lastAt, endedAt, exitCode, why }): StoryEvent[] => {
      const own = { start, fileName: undefined };
      const began: StoryEvent = { ...own, at: beganAt, kind: "start", text: `began on ${host}` };
      if (endedAt === undefined) {
        if (start === starts.at(-1)?.number) return [began];
        return [began, { ...own, at: lastAt, kind: "start-ended", text: "last sign of life: it was killed" }];
      }
      const text = `ended: ${why ?? "it did not say how"}${exitCode === undefined ? "" : ` (exit code ${exitCode})`}`;
      return [began, { ...own, at: endedAt, kind: "start-ended", text }];
    });
}

/** The files that are told: the one that was asked for, or all that did not succeed at the first try. */
export function toldFiles({ files }: WorkItemHistory, fileName: string | undefined): readonly FileHistory[] {
  return fileName === undefined ? files : files.filter((file) => file.fileName === fileName);
}

function fileEvents(file: FileHistory): StoryEvent[] {
  const { fileName, tries, incidents, at } = file;
  return [
    ...incidents.map((one): StoryEvent => ({
      at: one.at,
      start: one.start,
      kind: one.kind,
      fileName,
      text: incidentText(one),
    })),
    ...tries.map((one): StoryEvent => {
      const text = `${one.outcome}: ${failureText(one)}`;
      return { at: one.at, start: one.start, kind: one.outcome, fileName, text };
    }),
    ...(file.status === "failed" || file.status === "skipped"
      ? []
      : [{ at, start: undefined, kind: "file", fileName, text: fileText(file) } as const]),
  ];
}

function incidentText(incident: FileHistory["incidents"][number]): string {
  const { kind, what, status, code, requestId, waitedMs = 0 } = incident;
  const seconds = `${(waitedMs / 1000).toFixed(1)} s`;
  const request = requestId === undefined ? "" : ` (request id ${requestId})`;
  switch (kind) {
    case "repeated":
      return `${what}: ${[status, code].filter((part) => part !== undefined).join(" ") || "no answer"}${request}; again after ${seconds}`;
    case "second-request":
      return `${what} took long: a second request was made beside it`;
    case "new-link":
      return `its link was refused (${code ?? "source-forbidden"})${request}; the catalog gave a new one`;
    case "waited":
      return `waited ${seconds} for ${what}`;
  }
}

function failureText({
  code,
  message,
  attempts,
  requestId,
}: NonNullable<WorkItemHistory["failure"]>): string {
  const request = requestId === undefined ? "" : `, request id ${requestId}`;
  return `${code}: ${message} (${attempts === 1 ? "1 attempt" : `${attempts} attempts`}${request})`;
}

function fileText({ status, alreadyThere, announced, elsewhere, blobName }: FileHistory): string {
  if (elsewhere) return "completed by another machine";
  if (status === "pending") return "to be tried again";
  const put = alreadyThere ? "it was in the target already" : "it is in the target";
  const name = blobName === undefined ? "" : ` as ${blobName}`;
  if (status === "uploaded") return `${put}${name}; its announcement is owed`;
  return `${put}${name}${announced ? ", and announced" : "; no announcement was wanted"}`;
}

/** As `--output json` prints it; docs/control.md describes it. */
export function whyJson(report: WhyReport): JsonFields {
  return {
    schemaVersion: SCHEMA_VERSION,
    type: "why",
    name: report.name,
    candidates: report.candidates.map(({ stateDb, workItem, fileName }) => ({
      stateDb,
      ...workItem,
      fileName: fileName ?? null,
    })),
    stories: report.stories.map((story) => storyJson(story)),
  };
}

function storyJson(story: Story): JsonFields {
  const { stateDb, history, fileName } = story;
  return {
    stateDb,
    ...history.workItem,
    fileName: fileName ?? null,
    status: history.status,
    partition: history.partition,
    partitionClaims: history.partitionEpoch,
    filesTotal: history.filesTotal ?? null,
    filesLeftOut: history.filesLeftOut,
    filesKnown: history.filesKnown,
    events: storyEvents(story).map((event) => ({
      at: isoTime(event.at),
      start: event.start ?? null,
      kind: event.kind,
      fileName: event.fileName ?? null,
      text: event.text,
    })),
    files: toldFiles(history, fileName).map((file) => fileJson(file)),
  };
}

function fileJson({ tries, incidents, bytes, blobName, at, ...file }: FileHistory): JsonFields {
  return {
    ...file,
    at: isoTime(at),
    bytes: bytes ?? null,
    blobName: blobName ?? null,
    tries: tries.map(({ requestId, ...one }) => ({
      ...one,
      at: isoTime(one.at),
      requestId: requestId ?? null,
    })),
    incidents: incidents.map(({ status, code, requestId, waitedMs, ...one }) => ({
      ...one,
      at: isoTime(one.at),
      status: status ?? null,
      code: code ?? null,
      requestId: requestId ?? null,
      waitedMs: waitedMs ?? null,
    })),
  };
}
