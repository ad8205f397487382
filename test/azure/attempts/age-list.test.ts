import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Aged, AgeList } from "../../../src/azure/attempts/age-list.ts";

describe("an age list", () => {
  it("holds what came and has not gone, oldest first, as an array would", () => {
    // Each step lets one come, or the one at this place go.
    const steps = fc.array(fc.option(fc.nat(20), { nil: undefined }));
    fc.assert(
      fc.property(steps, (all) => {
        const list = new AgeList<number>();
        const plain: Aged<number>[] = [];
        for (const [now, place] of all.entries()) {
          if (place === undefined) plain.push(list.add(now, now));
          for (const gone of place === undefined ? [] : plain.splice(place, 1)) {
            list.remove(gone);
            list.remove(gone);
          }
          expect([...list]).toEqual(plain);
          expect(list.isEmpty).toBe(plain.length === 0);
        }
      }),
    );
  });

  it("can be gone through while each member is taken out", () => {
    const list = new AgeList<string>();
    for (const value of ["a", "b", "c"]) list.add(value, 0);
    const seen: string[] = [];
    for (const aged of list) {
      seen.push(aged.value);
      list.remove(aged);
    }
    expect(seen).toEqual(["a", "b", "c"]);
    expect(list.isEmpty).toBe(true);
  });
});
