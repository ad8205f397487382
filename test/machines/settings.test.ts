/** A machine whose settings are not the run's is refused; the advice is a command that the run takes. */
import { describe, expect, it } from "vitest";
import type { ReuploadError } from "../../src/core/errors.ts";
import type { RunSettings } from "../../src/machines/manifest.ts";
import { checkSettings } from "../../src/machines/start-fixed.ts";
import { newManifest } from "./new-manifest.ts";

const settings = (totalPartitions: number, mode: RunSettings["mode"] = "fixed"): RunSettings => ({
  totalPartitions,
  mode,
  hashVersion: 1,
  queues: ["q"],
  nameTemplate: "{fileName}",
  rules: {},
});

function adviceFor(run: RunSettings, given: RunSettings): string {
  try {
    checkSettings(newManifest(run, 10, "d"), given);
  } catch (thrown) {
    return (thrown as ReuploadError).advice;
  }
  throw new Error("it was accepted");
}

describe("a start whose blobs would get something else than the run's", () => {
  it.each([
    [{}, { "--tier": "cool" }, "its default", "cool"],
    [{ "--tags": "a=1" }, {}, "a=1", "its default"],
    [{ "--tags": "a=1" }, { "--tags": "a=2" }, "a=1", "a=2"],
  ])("is told what differs: %j beside %j", (inRun, given, had, has) => {
    const start = () =>
      checkSettings(newManifest({ ...settings(2), rules: inRun }, 10, "d"), { ...settings(2), rules: given });
    expect(start).toThrow(expect.objectContaining({ code: "run-differs" }));
    expect(start).toThrow(new RegExp(`${had}.*${has}`));
  });
});

describe("a start that divides the CSV otherwise than the run", () => {
  const repartition = /, or stop all machines and give --repartition to divide the run anew\.$/;

  it.each([
    ["the whole CSV beside partitions", settings(2), settings(1), "Give --partition I --total-partitions 2 "],
    ["other partitions", settings(4), settings(2), "Give --partition I --total-partitions 4 (I: 0 to 3,"],
    ["free partitions beside fixed ones", settings(3), settings(64, "auto"), "Give --partition I --total-p"],
    [
      "a partition beside the whole CSV",
      settings(1),
      settings(2),
      "Omit --partition and --total-partitions,",
    ],
    ["free ones beside the whole CSV", settings(1), settings(64, "auto"), "Omit --partition and --total-"],
    [
      "the whole CSV beside free partitions",
      settings(64, "auto"),
      settings(1),
      "Give --partition auto --total-partitions 64,",
    ],
    [
      "a partition beside free ones",
      settings(64, "auto"),
      settings(2),
      "Give --partition auto --total-partitions 64,",
    ],
    [
      "another number of free ones",
      settings(9, "auto"),
      settings(64, "auto"),
      "Give --partition auto --total-partitions 9,",
    ],
  ])("is told the options that fit: %s", (_what, run, given, advice) => {
    const told = adviceFor(run, given);
    expect(told.slice(0, advice.length)).toBe(advice);
    expect(told).toMatch(repartition);
  });
});
