import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitSections, type Section } from "../../src/terminal/fit-sections.ts";

const list = ["l1", "l2", "l3", "l4"];
const SECTIONS: readonly Section[] = [
  { name: "bar", lines: ["bar"] },
  { name: "note", lines: ["note"] },
  {
    name: "list",
    lines: list,
    apart: true,
    shorten: { least: 2, to: (rows) => [...list.slice(0, rows - 1), "..."] },
  },
  { name: "nothing", lines: [], apart: true },
  { name: "keys", lines: ["keys"], apart: true },
];
const at = (rows: number) => fitSections(SECTIONS, rows, ["keys", "list", "note"]);

describe("sections", () => {
  it("stand apart where there is room", () => {
    expect(at(9)).toEqual(["bar", "note", "", "l1", "l2", "l3", "l4", "", "keys"]);
    expect(at(8)).toEqual(["bar", "note", "l1", "l2", "l3", "l4", "keys"]);
  });

  it("are left out or shortened in their order where there is no room", () => {
    expect(at(6)).toEqual(["bar", "note", "l1", "l2", "l3", "l4"]);
    expect(at(4)).toEqual(["bar", "note", "l1", "..."]);
    expect(at(3)).toEqual(["bar", "note"]);
    expect(at(1)).toEqual(["bar"]);
  });

  it("never take more rows than there are, and keep their order", () => {
    const sections = fc.array(
      fc.record({
        name: fc.uuid(),
        lines: fc.array(fc.uuid(), { maxLength: 6 }),
        apart: fc.constant(true as const),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(sections, fc.integer({ min: 1, max: 30 }), fc.nat({ max: 8 }), (all, rows, stay) => {
        const lines = fitSections(
          all,
          rows,
          all.slice(stay).map(({ name }) => name),
        );
        expect(lines.length).toBeLessThanOrEqual(rows);
        const order = all.flatMap((section) => section.lines);
        const places = lines.filter((line) => line !== "").map((line) => order.indexOf(line));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
    );
  });
});
