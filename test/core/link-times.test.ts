import { describe, expect, it } from "vitest";
import { sasTrouble, untilLinkBegins } from "../../src/core/link-times.ts";

const now = Date.UTC(2026, 10, 29, 14, 0, 0);
const link = (query: string): string => `https://a.blob.core.windows.net/c/b?sv=1&${query}&sig=x`;

describe("a link's times", () => {
  it.each([
    ["se=2026-11-29T13%3A57%3A00Z", "SAS expired at 2026-11-29T13:57:00Z (se), 3 min ago"],
    ["se=2026-11-28", "SAS expired at 2026-11-28T00:00:00Z (se), 38 h ago"],
    ["st=2026-11-29T14:00:05Z&se=2026-11-30", "SAS becomes valid at 2026-11-29T14:00:05Z (st), in 5 s"],
    ["st=2026-11-29T13:00:00Z&se=2026-11-30", undefined],
    ["si=policy", undefined],
    ["se=never", undefined],
  ])("%s tell %j", (query, told) => {
    expect(sasTrouble(link(query), now)).toBe(told);
  });

  it("of a link without a query tell nothing", () => {
    expect(sasTrouble("https://a/c/b", now)).toBeUndefined();
    expect(untilLinkBegins("https://a/c/b", now)).toBeUndefined();
  });

  it.each([
    ["st=2026-11-29T14:00:05Z", 5000],
    ["st=2026-11-29T14:00:00Z", undefined],
    ["st=2026-11-29T15:00:00Z", undefined],
  ])("%s are waited for: %s ms", (query, ms) => {
    expect(untilLinkBegins(link(query), now)).toBe(ms);
  });
});
