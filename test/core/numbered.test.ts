import { describe, expect, it } from "vitest";
import { Numbered } from "../../src/core/numbered.ts";
import { measurePile } from "../support/young-garbage.ts";

describe("what is numbered", () => {
  it("is taken by its number, once", () => {
    const numbered = new Numbered<string>();
    numbered.put(1, "a");
    numbered.put(2, "b");
    expect([numbered.take(2), numbered.take(2), numbered.take(3)]).toEqual(["b", undefined, undefined]);
    expect(numbered.size).toBe(1);
  });

  it("is taken all at once, in the order in which it came", () => {
    const numbered = new Numbered<string>();
    numbered.put(2, "first");
    numbered.put(1, "second");
    expect(numbered.takeAll()).toEqual(["first", "second"]);
    expect(numbered.size).toBe(0);
  });

  it("is let go when it is taken: thousands a second do not pile up until the next full collection", async () => {
    expect(await measurePile("numbered")).toBeLessThan(10);
  });
});
