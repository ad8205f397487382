import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileKey } from "../../src/core/file.ts";
import { makeReceipt } from "../../src/core/receipt.ts";

const file = fc.record({
  fileName: fc.string({ maxLength: 4 }),
  uri: fc.constantFrom("https://s/1", "https://s/2", "https://s/3"),
});

describe("a lookup's receipt", () => {
  it("does not depend on the order, the queries or anything else that is known of the files", () => {
    const pair = fc
      .array(file, { maxLength: 8 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(pair, ([files, shuffled]) => {
        const fresh = shuffled.map((each) => ({ ...each, uri: `${each.uri}?sig=new`, length: 7 }));
        expect(makeReceipt(fresh)).toEqual(makeReceipt(files));
      }),
    );
  });

  it("differs when a file is added, vanishes or has another link", () => {
    const files = fc.uniqueArray(file, { selector: fileKey, minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(files, fc.nat(), (all, pick) => {
        const index = pick % all.length;
        const changed = all.map((each, at) => (at === index ? { ...each, uri: "https://s/other" } : each));
        const receipts = [
          all,
          all.toSpliced(index, 1),
          changed,
          [...all, { fileName: "new", uri: "https://s/new" }],
        ];
        expect(new Set(receipts.map((each) => makeReceipt(each).digest)).size).toBe(4);
        expect(makeReceipt(all).count).toBe(all.length);
      }),
    );
  });

  it("never changes between versions", () => {
    expect(makeReceipt([])).toEqual({ count: 0, digest: "e3b0c44298fc1c14" });
  });
});
