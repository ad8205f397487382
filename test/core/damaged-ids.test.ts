import { describe, expect, it } from "vitest";
import { DamagedIds } from "../../src/core/damaged-ids.ts";

function warningFor(...ids: readonly string[]): string | undefined {
  const damaged = new DamagedIds();
  ids.forEach((workItemId, at) => damaged.look({ jobId: "70431", workItemId }, at + 2));
  return damaged.warning("the CSV");
}

describe("ids that a spreadsheet has changed", () => {
  it.each(["1.88921E+09", "1,88921E+09", "1.9e+12", "2E+15", "-1.5E+10", "####", "#NAME?", "#N/A", "#REF!"])(
    "are noticed: %s",
    (id) => expect(warningFor(id)).toContain(`such as ${id} in line 2`),
  );

  it.each([
    "1889211721",
    "1.88921",
    "E+09",
    "1E9",
    "12E+09",
    "1.5E+10x",
    "x1.5E+10",
    "#7",
    "#",
    "a#NAME?",
    "",
    "w01",
  ])("are not any others: %s", (id) => expect(warningFor(id)).toBeUndefined());

  it("are counted by rows, with the first one", () => {
    expect(warningFor("1", "1.9E+09", "2", "1.8E+09")).toBe(
      "2 rows of the CSV with an id that a spreadsheet seems to have changed, such as 1.9E+09 in line 3: make it again with its ids as text",
    );
    const damaged = new DamagedIds();
    damaged.look({ jobId: "7.0431E+09", workItemId: "1" }, 9);
    expect(damaged.warning("the listing")).toMatch(/^1 row of the listing .* 7\.0431E\+09 in line 9:/);
  });
});
