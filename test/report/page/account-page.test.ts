import { describe, expect, it } from "vitest";
import { subPartition } from "../../../src/core/sub-partition.ts";
import { pictureRun } from "../../../src/progress/run-picture.ts";
import { accountPage } from "../../../src/report/page/account-page.ts";
import {
  donePart,
  LOOKED_AT,
  notStarted,
  partOf,
  runOf,
  WITHOUT_FAILURES,
} from "../../progress/run-samples.ts";

const pageOf = (run: Parameters<typeof pictureRun>[0]) =>
  accountPage(
    { time: LOOKED_AT, picture: pictureRun(run), differences: [], silent: undefined },
    "1.2.3",
  ).replaceAll(/\s+/g, " ");

describe("the page of a whole run", () => {
  it("tells who works on what, and what nobody works on", () => {
    const page = pageOf(
      runOf([partOf(0), partOf(1, { life: "dead", toldAgo: 7_200 }), donePart(2), notStarted(3)]),
    );
    expect(page).toContain("Not finished: nobody works on a part that is left");
    expect(page).toContain("failed_workitems.csv, 400 rows");
    expect(page).toMatch(/stopped without a word 2 h 00 min ago/);
    expect(page).toContain("nobody has begun it");
    expect(page).toMatch(/source-not-found<\/code><\/h3> <span class="count ">21 failed/);
    expect(page).not.toMatch(/<script|\ssrc=|\shref=/);
  });

  it("counts and names parts of partitions that were given away", () => {
    const parts = [partOf(0), donePart(subPartition(0, 1)), notStarted(1)];
    const page = pageOf(runOf(parts, { mode: "auto", totalPartitions: 2 }));
    expect(page).toContain("of 3");
    expect(page).toMatch(/>0-1</);
  });

  it("is completed when every partition is done and nothing failed", () => {
    const page = pageOf(runOf([donePart(0, WITHOUT_FAILURES), donePart(1, WITHOUT_FAILURES)]));
    expect(page).toContain("Completed: every file is in the target");
    expect(page).not.toContain("What failed");
  });

  it("lists of very many partitions those that are not done", () => {
    const parts = Array.from({ length: 1_000 }, (_, number) =>
      number % 100 === 0 ? partOf(number) : donePart(number, WITHOUT_FAILURES),
    );
    const page = pageOf(runOf(parts));
    expect(page).toContain("10 of 1,000: those that are not done");
    expect(page.length).toBeLessThan(1_000_000);
  });

  it("tells a reason of a newer version without its meaning", () => {
    expect(pageOf(runOf([partOf(0, { failures: { "sun-flare": 3 } })]))).toMatch(/sun-flare<\/code>/);
  });
});
