import { describe, expect, it } from "vitest";
import { jsonText, type Story, storyEvents, whyJson } from "../../src/report/report.ts";
import { whyText } from "../../src/terminal/why-text.ts";

const AT = Date.UTC(2026, 6, 1, 12);

/** Throttled in the first start, which was killed; failed in the second; done by the third after a new link and a hedge. */
const STORY: Story = {
  stateDb: "machine1_state.db",
  fileName: undefined,
  starts: [1, 2, 3].map((number) => ({
    number,
    host: "machine-1",
    beganAt: AT + number * 100_000,
    lastAt: AT + number * 100_000 + 50_000,
    endedAt: number === 1 ? undefined : AT + number * 100_000 + 50_000,
    exitCode: number === 1 ? undefined : 1,
    why: number === 1 ? undefined : "finished",
    files: 1,
    failed: 0,
    bytes: 1,
  })),
  history: {
    workItem: { jobId: "j", workItemId: "w", workItemName: "nightly" },
    status: "completed",
    startedAt: AT + 300_000,
    finishedAt: AT + 340_000,
    filesTotal: 5,
    filesLeftOut: 0,
    filesKnown: 5,
    failure: undefined,
    partition: 1,
    partitionEpoch: 3,
    recorded: [],
    files: [
      {
        fileName: "a.json",
        status: "completed",
        at: AT + 330_000,
        bytes: 12,
        inTarget: true,
        alreadyThere: false,
        announced: true,
        elsewhere: false,
        attempts: 8,
        blobName: undefined,
        tries: [
          {
            outcome: "failed",
            code: "throttled",
            message: "503",
            attempts: 8,
            requestId: "r8",
            at: AT + 220_000,
            start: 2,
          },
        ],
        incidents: [
          {
            at: AT + 110_000,
            start: 1,
            kind: "repeated",
            what: "put blob",
            status: 503,
            code: "ServerBusy",
            requestId: "r1",
            waitedMs: 1_234,
          },
          {
            at: AT + 310_000,
            start: 3,
            kind: "new-link",
            what: "source link",
            code: "source-forbidden",
            requestId: "r9",
          },
          { at: AT + 320_000, start: 3, kind: "second-request", what: "put blob" },
          { at: AT + 325_000, start: 3, kind: "waited", what: "queue q", waitedMs: 61_000 },
        ],
      },
    ],
  },
};

describe("the story of a work item", () => {
  it("is told in the order of time, over its starts", () => {
    expect(storyEvents(STORY).map(({ start, kind, text }) => `${start ?? "-"} ${kind} ${text}`)).toEqual([
      "1 start began on machine-1",
      "1 repeated put blob: 503 ServerBusy (request id r1); again after 1.2 s",
      "1 start-ended last sign of life: it was killed",
      "2 start began on machine-1",
      "2 failed failed: throttled: 503 (8 attempts, request id r8)",
      "2 start-ended ended: finished (exit code 1)",
      "3 start began on machine-1",
      "- claimed claimed; the catalog lists 5 files",
      "3 new-link its link was refused (source-forbidden) (request id r9); the catalog gave a new one",
      "3 second-request put blob took long: a second request was made beside it",
      "3 waited waited 61.0 s for queue q",
      "- file it is in the target, and announced",
      "- ended the work item is completed",
      "3 start-ended ended: finished (exit code 1)",
    ]);
  });

  it("says of whom nothing more is kept, and how often its partition was claimed", () => {
    const lines = whyText({ name: "w", candidates: [], stories: [STORY] });
    expect(lines[0]).toBe("work item w (nightly) of job j in machine1_state.db: completed");
    expect(lines[1]).toBe("Its partition 1 was claimed 3 times, by this machine or others.");
    expect(lines.at(-1)).toBe("4 files succeeded at the first try: nothing more is kept of them.");
    expect(lines).toContain("  2026-07-01 12:05:30 UTC  a.json: it is in the target, and announced");
  });

  it("lists what a name may mean, and says when it means nothing", () => {
    const candidate = { stateDb: "s.db", workItem: STORY.history.workItem, fileName: "a.json" };
    expect(whyText({ name: "a.json", candidates: [candidate, candidate], stories: [] })[1]).toBe(
      "  s.db: job j, work item w, file a.json",
    );
    expect(whyText({ name: "x", candidates: [], stories: [] })).toEqual([
      "no work item or file that was touched is called x",
    ]);
  });

  it("is the same as JSON", () => {
    const json = JSON.parse(jsonText(whyJson({ name: "w", candidates: [], stories: [STORY] }))) as object;
    expect(json).toMatchObject({
      type: "why",
      stories: [{ workItemId: "w", partitionClaims: 3, files: [{ tries: [{ code: "throttled" }] }] }],
    });
  });
});
