import { expect, it } from "vitest";
import { type RunSettings, settingDifferences } from "../../src/machines/manifest.ts";

const RUN: RunSettings = {
  totalPartitions: 2,
  mode: "fixed",
  hashVersion: 1,
  queues: ["q"],
  nameTemplate: "{fileName}",
  rules: { "--on-conflict": "fail" },
};
const withRules = (rules: Readonly<Record<string, string>>): RunSettings => ({
  ...RUN,
  rules: { ...RUN.rules, ...rules },
});

it("a machine that takes other files than the run is told which option differs", () => {
  const filtered = withRules({ "--exclude": '"*.tmp"' });
  expect(settingDifferences(filtered, filtered)).toEqual([]);
  expect(settingDifferences(RUN, RUN)).toEqual([]);
  for (const [run, given] of [
    [filtered, RUN],
    [RUN, filtered],
  ] as const) {
    expect(settingDifferences(run, given)).toMatchObject([{ what: "--exclude" }]);
  }
  expect(settingDifferences(filtered, withRules({ "--exclude": '"*.xml"' }))).toEqual([
    { what: "--exclude", inRun: '"*.tmp"', given: '"*.xml"' },
  ]);
});
