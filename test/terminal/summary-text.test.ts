import { describe, expect, it } from "vitest";
import type { RunReport } from "../../src/report/run-report.ts";
import { PLAIN } from "../../src/terminal/style.ts";
import { summaryText } from "../../src/terminal/summary-text.ts";
import { reportOf } from "./examples.ts";

const text = (report: RunReport) => summaryText(report, PLAIN).join("\n");

/** Everything of this partition done, in one partition, nothing to report. */
const CLEAN: RunReport = {
  ...reportOf({
    workItems: { completed: 10, empty: 0, failed: 0 },
    files: { total: 90, copied: 90, alreadyThere: 0, failed: 0, skipped: 0, duplicates: 0, shortened: 0 },
    drift: { workItems: 0, filesAdded: 0, filesVanished: 0 },
  }),
  failures: [],
  thisStart: { ...reportOf().thisStart, hedges: 0, linksRenewed: 0 },
  totalPartitions: 1,
  input: { rows: 10, ours: 10, duplicates: 0, rejected: 0, otherPartitions: 0 },
  rejectedFile: undefined,
  catalogRejected: { count: 0, file: undefined },
  nextCommand: undefined,
};

describe("the summary", () => {
  it("is short when everything is done", () => {
    expect(summaryText(CLEAN, PLAIN)).toEqual([
      "Completed.",
      "",
      "Rows                          10",
      "  completed                   10",
      "",
      "Files                         90",
      "  copied                      90",
      "",
      "Announced 90 files. This run put 1.5 MiB into the target.",
      "This start: 100 files, 10 work items, 1.5 MiB, 12 min 05 s, 8.3 files/min, 49.7 work items/h, 2.1 KiB/s, 4 retries, throttled 1 time.",
    ]);
  });

  it("puts every row and file into its class, and says where the rejected ones are", () => {
    const lines = summaryText(reportOf(), PLAIN);
    expect(lines.slice(0, 16)).toEqual([
      "Finished, but not everything is done.",
      "",
      "Rows                          30",
      "  completed                    7",
      "  empty                        1  the catalog lists no file for them",
      "  failed                       2  a file or the lookup failed",
      "  rejected                     3  see failed_workitems.rejected.csv",
      "  duplicates                   4  repeated rows, processed once",
      "  other partitions            13",
      "",
      "Files                        100",
      "  copied                      80",
      "  already there               10  with the same content",
      "  failed                       7",
      "  skipped                      3  skipped as requested",
      "",
    ]);
    expect(lines).toContain("5 repeated entries of the catalog processed once.");
    expect(lines).toContain("1 name shortened to the service's limit.");
    expect(lines).toContain("2 rows of the catalog rejected, see listing.rejected.csv");
    expect(lines.find((line) => line.startsWith("This start:"))).toMatch(
      /, throttled 1 time, 2 slow requests sent twice, 12 links renewed\.$/,
    );
  });

  it("has a class for what other machines did, so that the classes sum up to the total", () => {
    const { workItems, files } = CLEAN.summary;
    const lines = summaryText(
      {
        ...CLEAN,
        summary: {
          ...CLEAN.summary,
          workItems: { ...workItems, completed: 3, elsewhere: 7 },
          files: { ...files, total: 90, copied: 29, elsewhere: 61, announced: 29 },
        },
      },
      PLAIN,
    );
    expect(lines.slice(2, 8)).toEqual([
      "Rows                          10",
      "  completed                   10  7 of them by other machines",
      "",
      "Files                         90",
      "  copied                      29",
      "  elsewhere                   61  done by other machines",
    ]);
  });

  it("groups what failed by code with samples and advice, separate from what was skipped", () => {
    expect(text(reportOf())).toContain(`
Failed
  source-not-found: 7 files - the source blob does not exist
    What to do: Check whether the blob was deleted. Restore it, then resume.
    job job-1, work item 1889211721, results/a.json: the source answered 404 (BlobNotFound) (request id 5f0c2a4e-001e-0071)
    and 6 more

Skipped
  conflict: 3 files - the target already has a blob with this name and other content
    job job-1, work item 1913007684, results/b.json: a blob of 120 bytes is there, the source has 121
    and 2 more
`);
  });

  it("names a work item that failed as a whole", () => {
    const report: RunReport = {
      ...reportOf({ files: { failed: 0, copied: 87, skipped: 3 } }),
      failures: [
        {
          code: "catalog-error",
          outcome: "failed",
          files: 0,
          workItems: 1,
          samples: [
            { jobId: "j", workItemId: "7", fileName: undefined, message: "no answer", requestId: undefined },
          ],
        },
      ],
    };
    expect(text(report)).toContain("  catalog-error: 1 work item - ");
    expect(text(report)).toContain("    job j, work item 7: no answer");
    expect(text(report)).not.toContain("and 0 more");
  });

  it("says for a partition what being done means", () => {
    expect(text({ ...CLEAN, totalPartitions: 2 })).toContain(
      "Partition 0 of 2 is done. Each other partition has its own summary.",
    );
    expect(text(reportOf())).toContain(
      "Partition 0 of 2 is not done yet. Each other partition has its own summary.",
    );
    expect(text(CLEAN)).not.toContain("partition");
  });

  it("ends with the exact command for what is left, on a line of its own", () => {
    expect(summaryText(reportOf(), PLAIN).slice(-2)).toEqual([
      "To do the rest:",
      "  reupload run --csv failed_workitems.csv --state-db machine1_state.db --resume",
    ]);
  });

  it("says what is left of a run that was stopped", () => {
    const stopped: RunReport = {
      ...reportOf({
        workItems: { completed: 6, pending: 1 },
        files: { copied: 70, uploaded: 3 },
        notLookedUp: 1,
      }),
      ending: { kind: "stopped", why: "Ctrl+C" },
    };
    expect(summaryText(stopped, PLAIN)[0]).toBe("Stopped: Ctrl+C.");
    expect(text(stopped)).toContain("  left                         1\n");
    expect(text(stopped)).toContain("Files                        100  1 work item not looked up yet");
    expect(text(stopped)).toContain("  left                        10\n");
    expect(text(stopped)).toContain("3 files in the target not announced yet.");
  });

  it("says how much a limit left", () => {
    const limited: RunReport = {
      ...CLEAN,
      ending: { kind: "limited", by: "--limit 7" },
      summary: {
        ...CLEAN.summary,
        workItems: { ...CLEAN.summary.workItems, completed: 7, pending: 3 },
        notLookedUp: 3,
        files: { ...CLEAN.summary.files, expected: 240 },
      },
    };
    expect(summaryText(limited, PLAIN)[0]).toBe("Done as requested: --limit 7 reached, 3 work items left.");
    expect(text(limited)).toContain("3 work items not looked up yet (the catalog counts 240 files)");
    const unasked = { count: 2, file: undefined, reason: "rows that nobody asked for" };
    expect(summaryText({ ...limited, catalogRejected: unasked }, PLAIN)).toContain(
      "2 rows of the catalog rejected: rows that nobody asked for.",
    );
    expect(summaryText({ ...limited, catalogRejected: { count: 1, file: undefined } }, PLAIN)[0]).toBe(
      "Finished, but not everything is done. --limit 7 reached, 3 work items left.",
    );
  });

  it("gives the evidence when too much failed", () => {
    const ending = { kind: "too-many-failures", why: "12 of 100 files failed" } as const;
    const [headline] = summaryText({ ...reportOf(), ending }, PLAIN);
    expect(headline).toBe("Stopped early, too many failures: 12 of 100 files failed.");
  });

  it.each([
    [3, 5, 2, "3 work items changed since an earlier lookup: 5 more files."],
    [1, 0, 1, "1 work item changed since an earlier lookup."],
    [0, 0, 2, "2 files of an earlier lookup no longer in the catalog."],
    [2, 0, 0, "2 work items changed since an earlier lookup: different links or names."],
  ])("says how the catalog has changed (%i, %i, %i)", (workItems, filesAdded, filesVanished, line) => {
    expect(summaryText(reportOf({ drift: { workItems, filesAdded, filesVanished } }), PLAIN)).toContain(line);
  });

  it("remarks that lookups listed another number of files than the catalog had counted", () => {
    const thisStart = { ...CLEAN.thisStart, miscounted: { workItems: 2, counted: 24, listed: 12 } };
    expect(summaryText({ ...CLEAN, thisStart }, PLAIN)).toContain(
      "2 work items: the catalog counted 24 files, its lookup listed 12. Resume later: what the catalog lists then joins the run.",
    );
    expect(text(CLEAN)).not.toContain("counted");
  });

  it("warns when no work item has a file, and only then", () => {
    const withItems = (workItems: Partial<RunReport["summary"]["workItems"]>): string =>
      text({
        ...CLEAN,
        summary: { ...CLEAN.summary, workItems: { ...CLEAN.summary.workItems, completed: 0, ...workItems } },
      });
    const warning = "No work item that was looked up has a file in the catalog.";
    expect(withItems({ empty: 10 })).toContain(warning);
    expect(withItems({ empty: 5, pending: 5 })).toContain(warning);
    expect(withItems({ empty: 9, completed: 1 })).not.toContain(warning);
    expect(withItems({ empty: 9, failed: 1 })).not.toContain(warning);
    expect(withItems({ pending: 10 })).not.toContain(warning);
  });

  it("warns when the filter takes no file at all, and only then", () => {
    const withFiles = (files: { total: number; copied: number; leftOut: number }): string => {
      const summary = { ...CLEAN.summary, files: { ...CLEAN.summary.files, ...files } };
      return text({ ...CLEAN, filter: '--include "*.jsn"', summary });
    };
    const warning = "Every file that was found is left out.";
    expect(withFiles({ total: 0, copied: 0, leftOut: 30 })).toContain(warning);
    expect(withFiles({ total: 0, copied: 0, leftOut: 0 })).not.toContain(warning);
    expect(withFiles({ total: 1, copied: 1, leftOut: 29 })).not.toContain(warning);
  });

  it("shows a gap in the account as an internal error", () => {
    const report = { ...reportOf(), input: { ...reportOf().input, rows: 31 } };
    expect(summaryText(report, PLAIN)[0]).toBe("Internal error: the counts do not add up.");
    expect(text(report)).toContain("Not accounted for\n  the CSV has 31 rows, but the classes contain 30\n");
  });

  it("is not garbled by the names in it", () => {
    const [group, ...others] = reportOf().failures;
    const samples = group?.samples.map((sample) => ({ ...sample, fileName: "a\r\u001b[31m" })) ?? [];
    const failures = group === undefined ? [] : [{ ...group, samples }, ...others];
    const shown = text({ ...reportOf(), failures });
    expect(shown).toContain("a\\u{d}\\u{1b}[31m");
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});
