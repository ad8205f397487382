import { describe, expect, it } from "vitest";
import { FILE_OUTCOMES, parseOutcomes } from "../../src/core/file-outcome.ts";
import { OUTCOME_BITS } from "../../src/state/sqlite/past-statements.ts";

describe("a list of outcomes", () => {
  it("names some of them, and `completed` stands for all with nothing left to do", () => {
    expect([...parseOutcomes("failed, skipped")]).toEqual(["failed", "skipped"]);
    expect([...parseOutcomes("completed,copied")]).toEqual(["copied", "already-there", "elsewhere"]);
  });

  it("with a word that is none is refused with all that are", () => {
    expect(() => parseOutcomes("failed,broken")).toThrow(
      /expected some of copied, .*, completed, got "broken"/,
    );
    expect(() => parseOutcomes("")).toThrow(RangeError);
  });

  it("has the same order in the statements of the state", () => {
    expect(Object.keys(OUTCOME_BITS)).toEqual(Object.keys(FILE_OUTCOMES));
    expect(Object.values(OUTCOME_BITS)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
