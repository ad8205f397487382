import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { announcementText } from "../../src/announce/announcer.ts";

describe("an announcement's text", () => {
  it("is base64 of JSON with two keys in this order, to the byte", () => {
    expect(announcementText("results", "wi-a.json")).toBe(
      "eyJjb250YWluZXJfbmFtZSI6InJlc3VsdHMiLCJibG9iX25hbWUiOiJ3aS1hLmpzb24ifQ==",
    );
  });

  it("gives any blob name back unchanged when it is decoded", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (name) => {
        const text = announcementText("results", name);
        expect(text).toMatch(/^[A-Za-z0-9+/]+=*$/);
        const json = Buffer.from(text, "base64").toString("utf8");
        expect(Object.entries(JSON.parse(json) as object)).toEqual([
          ["container_name", "results"],
          ["blob_name", name],
        ]);
      }),
    );
  });

  it("stays within the queue's limit for the longest name", () => {
    expect(announcementText("c".repeat(63), "\u0001".repeat(1024)).length).toBeLessThan(48 * 1024);
  });
});
