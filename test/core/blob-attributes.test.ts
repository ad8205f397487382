import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_ATTRIBUTES,
  describeAttributes,
  describePairs,
  parseMetadata,
  parseTags,
} from "../../src/core/blob-attributes.ts";

const NAME = fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/);
const VALUE = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,40}[\x21-\x7e])?$/);
const TAG_NAME = fc.stringMatching(/^[A-Za-z0-9 +\-./:=_]{1,128}$/);
const TAG_VALUE = fc.stringMatching(/^[A-Za-z0-9 +\-./:=_]{0,256}$/);

describe("metadata", () => {
  it("reads back from its text as what it was, whatever the values", () => {
    fc.assert(
      fc.property(fc.dictionary(NAME, VALUE, { minKeys: 1, maxKeys: 12 }), (metadata) => {
        if ("hdi_isfolder" in metadata) return;
        expect(parseMetadata(describePairs(metadata))).toEqual({ ...metadata });
      }),
    );
  });

  it("has one text for all orders and cases of names", () => {
    expect(describePairs(parseMetadata("B=2, a = x y "))).toBe("a=x y,b=2");
    expect(describePairs(parseMetadata("a=x%20y,b=2"))).toBe("a=x y,b=2");
    expect(parseMetadata("a=1%2C2%25=")).toEqual({ a: "1,2%=" });
  });

  it.each([
    ["", "has no ="],
    ["a", '"a" has no ='],
    ["a=1,", "has no ="],
    ["=1", '"" is not one'],
    ["1a=1", '"1a" is not one'],
    ["a-b=1", '"a-b" is not one'],
    ["é=1", "is not one"],
    ["a=", "a value of ASCII"],
    ["a=é", "a value of ASCII"],
    ["a=x%0Ay", "a value of ASCII"],
    ["a=100%", "percent signs"],
    ["a=1,A=2", "a is given twice"],
    ["hdi_isfolder=true", "hdi_isfolder"],
    [`a=${"x".repeat(8192)}`, "at most 8192 bytes"],
  ])("%j is refused: %s", (given, why) => {
    expect(() => parseMetadata(given)).toThrow(why);
  });
});

describe("tags", () => {
  it("read back from their text as what they were, with commas and with ampersands", () => {
    fc.assert(
      fc.property(fc.dictionary(TAG_NAME, TAG_VALUE, { minKeys: 1, maxKeys: 10 }), (tags) => {
        const told = describePairs(tags);
        expect(parseTags(told)).toEqual({ ...tags });
        expect(parseTags(told.replaceAll(",", "&"))).toEqual({ ...tags });
      }),
    );
  });

  it("keep their case, a plus sign, and an empty value", () => {
    expect(parseTags("Batch=a+b&batch=")).toEqual({ Batch: "a+b", batch: "" });
  });

  it.each([
    ["=1", "1 to 128 characters"],
    [`${"n".repeat(129)}=1`, "1 to 128 characters"],
    [`a=${"v".repeat(257)}`, "0 to 256 characters"],
    ["a=é", "letters, digits, spaces"],
    ["a=1%262", "letters, digits, spaces"],
    ["a=1,a=2", "a is given twice"],
    ["a", "has no ="],
    [Array.from({ length: 11 }, (_, at) => `t${at}=1`).join(","), "at most 10 tags, but 11"],
  ])("%j are refused: %s", (given, why) => {
    expect(() => parseTags(given)).toThrow(why);
  });
});

it("what is left at its default is not described", () => {
  expect(describeAttributes(DEFAULT_ATTRIBUTES)).toEqual({});
  const attributes = { metadata: {}, tier: "cold", tags: { a: "1" }, cacheControl: "no-cache" } as const;
  expect(describeAttributes(attributes)).toEqual({
    metadata: "none",
    tier: "cold",
    tags: "a=1",
    cacheControl: "no-cache",
  });
});
