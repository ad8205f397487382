import { expect, it } from "vitest";
import { collect, resolve } from "../../src/config/config.ts";

const settings = (flags: Parameters<typeof collect>[0]) => resolve(collect(flags, {}, "/nowhere"), {});

it("what the blobs get is read from the options", () => {
  expect(settings({})).toMatchObject({
    metadata: "source",
    tier: "account",
    tags: {},
    cacheControl: "source",
  });
  const given = { metadata: "A=1", tier: "cold", tags: "a=1&B=2", cacheControl: " no-store " };
  expect(settings(given)).toMatchObject({
    metadata: { a: "1" },
    tier: "cold",
    tags: { a: "1", B: "2" },
    cacheControl: "no-store",
  });
  expect(settings({ metadata: "none", tags: "none" })).toMatchObject({ metadata: {}, tags: {} });
});

it("a canary is refused in the archive tier, where its bytes could not be read", () => {
  expect(() => settings({ tier: "archive", canary: "1%" })).toThrow("--tier archive and --canary");
  expect(settings({ tier: "archive", verify: "true" }).tier).toBe("archive");
});

it.each([
  [
    { metadata: "a-b=1" },
    "--metadata: expected names of letters, digits and _ that do not begin with a digit",
  ],
  [{ metadata: " " }, "--metadata: expected a text that is not empty"],
  [{ tier: "hott" }, "--tier: expected account, source, hot, cool, cold or archive (did you mean hot?)"],
  [{ tags: "source" }, "--tags: expected none or name=value,name=value: the source's tags are not copied"],
  [{ tags: "a" }, '--tags: expected name=value, but "a" has no =, got "a"'],
  [{ cacheControl: "none" }, "--cache-control: expected source or the text of the header, such as no-cache"],
  [{ cacheControl: "ä" }, "--cache-control: expected ASCII letters, digits and signs on one line"],
])("%j is refused with the place and what is expected", (flags, message) => {
  expect(() => settings(flags)).toThrow(message);
});
