import { describe, expect, it } from "vitest";
import { upperBound } from "../../src/core/binomial.ts";
import type { VerifyReport } from "../../src/report/verify-report.ts";
import { PLAIN } from "../../src/terminal/style.ts";
import { verifyText } from "../../src/terminal/verify-text.ts";
import { VERIFIED } from "./examples.ts";

const NONE = { missing: 0, different: 0, refused: 0, notAnnounced: 0, sameByLength: 0 };
const sound: VerifyReport = {
  ...VERIFIED,
  workItems: { ...VERIFIED.workItems, listed: 21_000, notListedToEnd: 0 },
  files: { ...VERIFIED.files, ...NONE, sameByMd5: 1_680_000 },
  extra: { blobs: 0, notJudged: 0 },
  record: { by: "states", totalPartitions: 2, workItemsDone: 21_000, workItems: 21_000, open: [] },
  examples: [],
  nextCommands: [],
};

const linesOf = (report: VerifyReport) => verifyText(report, PLAIN);

function sampleOf(drawn: number, missing: number, different = 0): VerifyReport {
  const files = { ...sound.files, total: drawn, sameByMd5: drawn - missing - different, missing, different };
  const population = 1_680_000;
  const missingAtMost = upperBound(missing, drawn, 0.95);
  const wrongAtMost = upperBound(missing + different, drawn, 0.95);
  return { ...sound, files, record: undefined, sample: { drawn, population, missingAtMost, wrongAtMost } };
}

describe("the text of a verification", () => {
  it("says of a whole CSV what is proven, by what, and what it cost", () => {
    expect(linesOf(sound)).toEqual([
      "Proven.",
      "",
      "Files                  1,680,000",
      "  as they should be    1,680,000",
      "",
      "21,000 of 21,000 work items verified; 12 without files, 3 repeated rows.",
      "Proven 1,680,000 by length and MD5.",
      "By the states: every row of the CSV belongs to exactly one of 2 finished partitions (21,000 work items).",
      "Cost: 20,999 list requests for 21,000 work items, 80 requests for single blobs; 1 min 33 s, 18,065 files/s.",
    ]);
  });

  it("names what is wrong, and the commands that mend it", () => {
    const text = linesOf(VERIFIED).join("\n");
    expect(text).toContain("Files are missing or different.");
    expect(text).toMatch(/^ {2}missing +2 {2}the target has no such blob$/m);
    expect(text).toContain("1 extra blob under the names of the run that no row explains.");
    expect(text).toContain("  partition 1 (machine2_state.db): 1 failed");
    expect(text).toContain(
      "  missing job-1/1889211721 results/a.json -> wi-1-a.json: the target has no blob of this name",
    );
    expect(text).toContain("  and 10 more: --verbose or --output json names all");
    expect(text).toContain("--state-db machine2_state.db --repair");
  });

  it.each([
    [1_000, 0, "0 of 1,000 missing: at most 0.3 % missing with 95 % confidence."],
    [100, 0, "0 of 100 missing: at most 3.0 % missing with 95 % confidence."],
    [10, 0, "0 of 10 missing: at most 26 % missing with 95 % confidence."],
    [100_000, 0, "0 of 100,000 missing: at most 0.0030 % missing with 95 % confidence."],
    [1_000, 2, "2 of 1,000 missing: at most 0.7 % missing with 95 % confidence."],
  ])("says of a sample of %i with %i missing what that proves", (drawn, missing, sentence) => {
    expect(linesOf(sampleOf(drawn, missing))).toContain(
      `Sample of ${drawn.toLocaleString("en-US")} of 1,680,000 files: ${sentence}`,
    );
  });

  it("says of a sample with other damage what that proves, too", () => {
    expect(linesOf(sampleOf(1_000, 0, 3))).toContain(
      "3 of 1,000 missing, different or not compared: at most 0.8 % of all files with 95 % confidence.",
    );
  });

  it("says when only names are proven", () => {
    const files = { ...sound.files, sameByMd5: 0, sameByName: 1_680_000 };
    expect(linesOf({ ...sound, files })).toContain(
      "The catalog, or the blob, has no MD5 for them, and the catalog no length; --deep compares the bytes.",
    );
  });
});
