import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ReuploadError } from "../../src/core/errors.ts";
import {
  errorMessage,
  type Message,
  MESSAGE_TYPES,
  toJsonLine,
  waitingMessages,
} from "../../src/report/messages.ts";
import { GONE } from "../progress/samples.ts";
import { MESSAGES } from "../terminal/examples.ts";
import { toText } from "../../src/terminal/message-text.ts";

const TIME = Date.UTC(2026, 6, 1, 12, 12, 10);
const SECRET = "https://a.blob.core.windows.net/c/b?sv=2026&sig=TopSecret%3D";

const json = (message: Message): unknown => JSON.parse(toJsonLine(message, TIME));

/** The sections of docs/events.md by the type in their heading. */
const SECTIONS = new Map(
  readFileSync(join(import.meta.dirname, "..", "..", "docs", "events.md"), "utf8")
    // What is sent by --notify is no event (see run-notice.test.ts).
    .replace(/^# The message of `--notify`[^]*/m, "")
    .split(/^## /m)
    .slice(1)
    .map((section) => [/^`([^`]+)`/.exec(section)?.[1] ?? section, section]),
);

describe("docs/events.md", () => {
  it("describes exactly the types that exist", () => {
    expect(new Set(SECTIONS.keys())).toEqual(new Set(MESSAGE_TYPES));
    expect(new Set(Object.keys(MESSAGES))).toEqual(new Set(MESSAGE_TYPES));
  });

  it.each(MESSAGE_TYPES)("shows %s as it is printed", (type) => {
    const example = /```json\n([^]+?)\n```/.exec(SECTIONS.get(type) ?? "")?.[1] ?? "";
    expect(JSON.parse(example)).toEqual(json(MESSAGES[type]));
  });

  it.each(MESSAGE_TYPES)("describes every field of %s, and no other", (type) => {
    const common = ["schemaVersion", "type", "time"];
    const fields = Object.keys(json(MESSAGES[type]) as object).filter((field) => !common.includes(field));
    const rows = [...(SECTIONS.get(type) ?? "").matchAll(/^\| (`[^|]+`) \|/gm)];
    const described = rows.flatMap((row) => [...(row[1] ?? "").matchAll(/`(\w+)`/g)].map((name) => name[1]));
    expect(new Set(described)).toEqual(new Set(fields));
  });

  it.each(MESSAGE_TYPES)("names every key inside the fields of %s", (type) => {
    const section = SECTIONS.get(type) ?? "";
    expect(keysIn(json(MESSAGES[type])).filter((key) => !section.includes(`\`${key}\``))).toEqual([]);
  });
});

/** The keys of the objects within an object, at any depth, but not its own. */
function keysIn(value: unknown): string[] {
  const inner: unknown[] = typeof value === "object" && value !== null ? Object.values(value) : [];
  return inner.flatMap((part) => [
    ...(typeof part === "object" && part !== null && !Array.isArray(part) ? Object.keys(part) : []),
    ...keysIn(part),
  ]);
}

describe("a line of JSON", () => {
  it.each(MESSAGE_TYPES)("has the version, type and time of %s on one line", (type) => {
    const line = toJsonLine(MESSAGES[type], TIME);
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toMatchObject({ schemaVersion: 1, type, time: "2026-07-01T12:12:10.000Z" });
  });

  it("keeps no secret, and stays JSON when a secret is taken out", () => {
    const line = toJsonLine(
      { type: "notice", level: "info", message: `see "AccountKey=abc\\" and ${SECRET}` },
      TIME,
    );
    expect(line).not.toMatch(/TopSecret|abc/);
    expect(JSON.parse(line)).toMatchObject({ type: "notice" });
  });
});

describe("the text of a message", () => {
  it("says for a start what goes where", () => {
    expect(toText({ ...MESSAGES["run-started"], starts: 3, queue: undefined })).toEqual([
      "run r-7f3a, partition 0 of 2, start 3: 10 work items of 30 rows",
      "files from listing:files.csv to https://account.blob.core.windows.net/results, announced in no queue, state in machine1_state.db",
    ]);
  });

  it("says what is waited for, since when and what to do", () => {
    expect(toText(MESSAGES.waiting)).toEqual([
      "waiting for target account.blob.core.windows.net since 2026-07-01 12:00:05 UTC: run `az login`",
    ]);
    expect(toText(MESSAGES.resumed)).toEqual([
      "target account.blob.core.windows.net answers again after 1 min 33 s",
    ]);
  });

  it("has the word of a warning, not just the colour", () => {
    expect(toText(MESSAGES.notice)).toEqual([
      "warning: 3 rows are rejected, see failed_workitems.rejected.csv",
    ]);
    expect(toText({ type: "notice", level: "info", message: "the catalog has changed" })).toEqual([
      "the catalog has changed",
    ]);
  });

  it("is one line for a file", () => {
    expect(toText(MESSAGES.file)).toEqual([
      "failed job-1/1889211721 results/a.json -> wi-1-a.json at attempt 2: source-not-found: the source answered 404 (BlobNotFound) (request id 5f0c2a4e-001e-0071)",
    ]);
    const copied = {
      ...MESSAGES.file,
      outcome: "copied",
      bytes: 1_536,
      attempts: 1,
      failure: undefined,
    } as const;
    expect(toText(copied)).toEqual(["copied job-1/1889211721 results/a.json -> wi-1-a.json (1.5 KiB)"]);
  });

  it("does not let a name move the cursor or break a line", () => {
    const [line, ...others] = toText({ ...MESSAGES.file, fileName: "a\u001b[2J\nb" });
    expect(line).toContain("a\\u{1b}[2J\\u{a}b");
    expect(others).toEqual([]);
  });

  it("keeps no secret", () => {
    expect(toText({ type: "notice", level: "info", message: SECRET }).join("")).not.toContain("TopSecret");
  });

  it("is what progress and summary make of it", () => {
    expect(toText(MESSAGES.progress)).toHaveLength(1);
    expect(toText(MESSAGES.summary)[0]).toBe("Finished, but not everything is done.");
  });
});

describe("an error", () => {
  const error = new ReuploadError("disk-full", "the state cannot be written", {
    cause: new Error("SQLITE_FULL", { cause: "no space" }),
  });

  it("is one line that says what is wrong and one that says what to do", () => {
    expect(toText(errorMessage(error, false))).toEqual([
      "error: the state cannot be written",
      "Free some space, then run the command again, with --resume if there is a state.",
    ]);
  });

  it("tells its causes when asked", () => {
    expect(toText(errorMessage(error, true)).slice(2)).toEqual([
      "  caused by: SQLITE_FULL",
      "  caused by: no space",
    ]);
  });
});

describe("the services waited for", () => {
  const other = { ...GONE, what: "queue resultsqueue" };

  it("are reported when they go and when they answer again", () => {
    expect(waitingMessages([], [GONE], TIME)).toEqual([{ type: "waiting", waiting: GONE }]);
    expect(waitingMessages([GONE], [GONE], TIME)).toEqual([]);
    expect(waitingMessages([GONE], [other], GONE.since + 5_000)).toEqual([
      { type: "resumed", what: GONE.what, waitedMs: 5_000 },
      { type: "waiting", waiting: other },
    ]);
  });

  it("are not reported when they only ask to slow down", () => {
    const slow = { ...GONE, throttled: true };
    expect(waitingMessages([], [slow], TIME)).toEqual([]);
    expect(waitingMessages([slow], [], TIME)).toEqual([]);
    expect(waitingMessages([slow], [GONE], TIME)).toEqual([{ type: "waiting", waiting: GONE }]);
  });
});
