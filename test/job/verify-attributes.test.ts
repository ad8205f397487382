import { expect, it } from "vitest";
import { collect, resolve } from "../../src/config/config.ts";
import { runRules } from "../../src/job/coordination-settings.ts";
import { attributesInRules, checkAttributes } from "../../src/job/verify-attributes.ts";

const settings = (flags: Parameters<typeof collect>[0]) => resolve(collect(flags, {}, "/nowhere"), {});

/** What is warned of when the run had these options and the verification those. */
function warnings(run: Parameters<typeof collect>[0], own: Parameters<typeof collect>[0]): string[] {
  const told: string[] = [];
  const context = { notice: (_: string, message: string) => void told.push(message) };
  const recorded = attributesInRules(runRules(settings(run), 0));
  checkAttributes(context, { settings: settings(own), repair: false }, recorded);
  return told;
}

it("what the machines of a run agreed on is compared with a verification's own options", () => {
  const all = { metadata: "b=2,a=1", tier: "cool", tags: "a=1&b=2", cacheControl: "no-cache" };
  expect(warnings({}, {})).toEqual([]);
  expect(warnings(all, { ...all, metadata: "a=1,b=2", tags: "b=2,a=1" })).toEqual([]);
  expect(warnings(all, {})).toEqual([
    expect.stringContaining(
      "--metadata: the run has a=1,b=2, this command its default; --tier: the run has cool, this command its default; --tags: the run has a=1,b=2,",
    ),
  ]);
  expect(warnings({}, { tier: "hot" })).toEqual([
    expect.stringContaining("--tier: the run has its default, this command hot"),
  ]);
});
