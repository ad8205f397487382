import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ReuploadError } from "../../src/core/errors.ts";
import { jsonText, runNoticeJson } from "../../src/report/report.ts";
import { reportOf } from "../terminal/examples.ts";

const DOCS = readFileSync(join(import.meta.dirname, "..", "..", "docs", "events.md"), "utf8");

const NOTICE = {
  id: "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
  time: Date.UTC(2026, 6, 1, 12, 12, 10),
  host: "machine-1",
  stateDb: "machine1_state.db",
  exitCode: 4,
  report: undefined,
  error: new ReuploadError("sign-in", "the sign-in has expired"),
};

describe("the message that a run has ended", () => {
  it("is as docs/events.md shows it", () => {
    const example = /# The message of `--notify`[^]+?```json\n([^]+?)\n```/.exec(DOCS)?.[1] ?? "";
    expect(JSON.parse(jsonText(runNoticeJson(NOTICE)))).toEqual(JSON.parse(example));
  });

  it("holds the summary, and no secret", () => {
    const error = new ReuploadError(
      "internal",
      "GET https://a.blob.core.windows.net/c/b?sv=1&sig=SECRET failed",
    );
    const text = jsonText(runNoticeJson({ ...NOTICE, error, report: reportOf(), exitCode: 1 }));
    expect(JSON.parse(text)).toMatchObject({
      exitCode: 1,
      summary: { runId: "r-7f3a", verdict: "with-failures" },
    });
    expect(text).not.toContain("SECRET");
  });
});
