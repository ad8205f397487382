import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Link, LinkedList } from "../../src/core/linked-list.ts";
import { measurePile } from "../support/young-garbage.ts";

describe("a linked list", () => {
  it("holds what came and has not gone, oldest first, as an array would", () => {
    // Each step lets one come, or the one at this place go.
    const steps = fc.array(fc.option(fc.nat(20), { nil: undefined }));
    fc.assert(
      fc.property(steps, (all) => {
        const list = new LinkedList<number>();
        const plain: Link<number>[] = [];
        for (const [now, place] of all.entries()) {
          if (place === undefined) plain.push(list.add(now));
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
    const list = listOf("a", "b", "c");
    const seen: string[] = [];
    for (const link of list) {
      seen.push(link.value);
      list.remove(link);
    }
    expect(seen).toEqual(["a", "b", "c"]);
    expect(list.isEmpty).toBe(true);
  });

  it("gives its members one by one, oldest first", () => {
    const list = listOf("a", "b");
    expect([list.shift(), list.shift(), list.shift()]).toEqual(["a", "b", undefined]);
    expect(list.isEmpty).toBe(true);
  });

  it("lets go what has left: thousands a second do not pile up until the next full collection", async () => {
    expect(await measurePile("list")).toBeLessThan(10);
  });
});

function listOf(...values: readonly string[]): LinkedList<string> {
  const list = new LinkedList<string>();
  for (const value of values) list.add(value);
  return list;
}
