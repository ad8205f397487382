import { describe, expect, it } from "vitest";
import { fileKey, linkExpiry, uriWithoutQuery } from "../../src/core/file.ts";

const LINK = "https://account.blob.core.windows.net/c/a%20b.json";

describe("a link", () => {
  it("names only the blob once its query is removed", () => {
    expect(uriWithoutQuery(LINK)).toBe(LINK);
    expect(uriWithoutQuery(`${LINK}?sv=1&sig=x`)).toBe(LINK);
    expect(uriWithoutQuery(`${LINK}?sv=1#part?sig=x`)).toBe(LINK);
    expect(uriWithoutQuery("")).toBe("");
  });

  it("keeps a # that belongs to its name, so that no two files become one", () => {
    expect(uriWithoutQuery(`${LINK}#1?sig=x`)).toBe(`${LINK}#1`);
  });

  it("is without the user part, which may hold a password", () => {
    const bare = "https://h.example/c/a@b.json";
    for (const user of ["", "u@", "u:SECRETPW@", "u:SECRET@PW@", ":SECRETPW@"]) {
      expect(uriWithoutQuery(bare.replace("//", `//${user}`)), user).toBe(bare);
    }
  });

  it("ends when its SAS says so", () => {
    const end = Date.UTC(2026, 0, 2, 3, 4, 5);
    expect(linkExpiry(`${LINK}?sv=1&se=2026-01-02T03%3A04%3A05Z&sig=x`)).toBe(end);
    expect(linkExpiry(`${LINK}?se=2026-01-02T03:04:05Z`)).toBe(end);
    expect(linkExpiry(`${LINK}?se=2026-01-02`)).toBe(Date.UTC(2026, 0, 2));
  });

  it("has no end of its own without a SAS, with a stored policy, or with an end nobody can read", () => {
    expect(linkExpiry(LINK)).toBeUndefined();
    expect(linkExpiry(`${LINK}?si=policy&sig=x`)).toBeUndefined();
    expect(linkExpiry(`${LINK}?se=tomorrow`)).toBeUndefined();
  });
});

describe("a file's key", () => {
  it("is its name and its link without the query", () => {
    const key = fileKey({ fileName: "a", uri: `${LINK}?sig=1` });
    expect(fileKey({ fileName: "a", uri: `${LINK}?sig=2` })).toBe(key);
    expect(fileKey({ fileName: "b", uri: LINK })).not.toBe(key);
    expect(fileKey({ fileName: "a", uri: `${LINK}x` })).not.toBe(key);
  });
});
