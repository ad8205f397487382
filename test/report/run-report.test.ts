import { describe, expect, it } from "vitest";
import { balanceReport, type RunReport, judgeReport } from "../../src/report/run-report.ts";
import { reportOf } from "../terminal/examples.ts";

const verdict = (report: RunReport) => judgeReport(report, balanceReport(report));

describe("the account", () => {
  it("puts every row and file into one class", () => {
    const { rows, files, gaps } = balanceReport(reportOf());
    expect(rows).toEqual({
      total: 30,
      completed: 7,
      empty: 1,
      failed: 2,
      skipped: 0,
      rejected: 3,
      duplicates: 4,
      otherPartitions: 13,
      left: 0,
    });
    expect(files).toEqual({
      total: 100,
      copied: 80,
      alreadyThere: 10,
      elsewhere: 0,
      failed: 7,
      skipped: 3,
      left: 0,
    });
    expect(gaps).toEqual([]);
  });

  it("finds a row that is in no class", () => {
    const report = reportOf();
    const { gaps } = balanceReport({ ...report, input: { ...report.input, rows: 31 } });
    expect(gaps).toEqual(["the CSV has 31 rows, but the classes contain 30"]);
  });

  it("finds more finished files than there are", () => {
    expect(balanceReport(reportOf({ files: { total: 99 } })).gaps).toEqual([
      "the catalog lists 99 files, but the classes contain 100",
    ]);
  });

  it("finds files that are left although the run finished, but not when it was stopped", () => {
    const report = reportOf({ files: { total: 101 } });
    expect(balanceReport(report).gaps).toEqual(["the run finished with 1 files left"]);
    expect(balanceReport({ ...report, ending: { kind: "stopped", why: "Ctrl+C" } }).gaps).toEqual([]);
  });

  it("lets files be left when their work item failed as a whole at a later lookup", () => {
    const report = reportOf({ files: { total: 101 } });
    const lookup = { code: "catalog-error", outcome: "failed", files: 0, workItems: 1, samples: [] } as const;
    expect(balanceReport({ ...report, failures: [...report.failures, lookup] }).gaps).toEqual([]);
  });

  it("finds work items that are left although the run finished", () => {
    const report = reportOf({ workItems: { completed: 6, pending: 1 } });
    expect(balanceReport(report).gaps).toEqual(["the run finished with 1 work items left"]);
    const stopped = { kind: "stopped", why: "Ctrl+C" } as const;
    expect(balanceReport({ ...report, ending: stopped }).gaps).toEqual([]);
  });

  it("finds a failed file that is listed without a reason", () => {
    expect(balanceReport({ ...reportOf(), failures: [] }).gaps).toEqual([
      "7 files are failed, 0 of them have a reason",
      "3 files are skipped, 0 of them have a reason",
    ]);
  });
});

describe("the verdict", () => {
  const clean: RunReport = {
    ...reportOf({
      workItems: { completed: 9, failed: 0 },
      files: { copied: 90, failed: 0, skipped: 0 },
      drift: { workItems: 0, filesAdded: 0, filesVanished: 0 },
    }),
    failures: [],
    input: { rows: 27, ours: 10, duplicates: 4, rejected: 0, otherPartitions: 13 },
    catalogRejected: { count: 0, file: undefined },
  };

  it("is completed when nothing failed and nothing was rejected", () => {
    expect(verdict(clean)).toBe("completed");
  });

  it("is with-failures for a failed file, a rejected row of the CSV, a rejected row of the catalog", () => {
    expect(verdict(reportOf())).toBe("with-failures");
    expect(verdict({ ...clean, input: { ...clean.input, rows: 28, rejected: 1 } })).toBe("with-failures");
    expect(verdict({ ...clean, catalogRejected: { count: 1, file: undefined } })).toBe("with-failures");
  });

  it("is with-failures when a file has vanished from the catalog, wherever else it is", () => {
    const drift = { workItems: 0, filesAdded: 0, filesVanished: 1 };
    expect(verdict({ ...clean, summary: { ...clean.summary, drift } })).toBe("with-failures");
  });

  it("is limited when all that was asked for is done and more is left", () => {
    const ending = { kind: "limited", by: "--limit 9" } as const;
    const workItems = { ...clean.summary.workItems, completed: 8, pending: 1 };
    const limited = { ...clean, ending, summary: { ...clean.summary, workItems } };
    expect(verdict(limited)).toBe("limited");
    expect(verdict({ ...limited, catalogRejected: { count: 1, file: undefined } })).toBe("with-failures");
    expect(verdict({ ...clean, ending })).toBe("completed");
  });

  it("is too-many-failures when that ended the run", () => {
    const ending = { kind: "too-many-failures", why: "12 of 100 files failed" } as const;
    expect(verdict({ ...reportOf(), ending })).toBe("too-many-failures");
  });

  it("is stopped or internal-error when that ended the run", () => {
    expect(verdict({ ...clean, ending: { kind: "stopped", why: "Ctrl+C" } })).toBe("stopped");
    expect(verdict({ ...clean, input: { ...clean.input, rows: 1 } })).toBe("internal-error");
  });
});
