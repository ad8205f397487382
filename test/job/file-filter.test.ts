import { expect, it } from "vitest";
import { runRules } from "../../src/job/coordination-settings.ts";
import { checkFilter } from "../../src/job/file-filter.ts";
import { collect, resolve } from "../../src/config/config.ts";
import type { RunOptionName } from "../../src/config/run-options.ts";

const BEGAN = Date.UTC(2026, 10, 29, 20);
const settle = (flags: Partial<Record<RunOptionName, string>>) =>
  resolve(collect({ csv: "a.csv", sourceDir: "d", ...flags }, {}, "/nowhere"), {});

/** What a verification with these settings is warned of. */
function otherFilter(settings: ReturnType<typeof settle>, run: Parameters<typeof checkFilter>[2]) {
  const told: string[] = [];
  const notice = (_: string, message: string) => void told.push(message);
  checkFilter({ notice }, { settings, repair: false }, run);
  return told[0];
}

it("a repair that takes other files than the run is refused, as it would copy what the run leaves out", () => {
  const rules = runRules(settle({ include: "*.json" }), BEGAN);
  const repair = (settings: ReturnType<typeof settle>, run: Parameters<typeof checkFilter>[2]) => () =>
    checkFilter({ notice: () => expect.unreachable() }, { settings, repair: true }, run);
  repair(settle({ include: "*.json" }), { rules })();
  repair(settle({}), undefined)();
  const said = /^the run takes the files of --include "\*\.json", this verification those of no filter$/;
  expect(repair(settle({}), { rules })).toThrow(expect.objectContaining({ code: "identity-mismatch" }));
  expect(repair(settle({}), { rules })).toThrow(said);
  expect(repair(settle({}), { inState: '--include "*.json"' })).toThrow(said);
});

it("a verification with other files than the run is told so, by the state and by the account", () => {
  const run = settle({ exclude: "*.tmp\n*.bak", newerThan: "7d" });
  const rules = runRules(run, BEGAN);
  expect(rules).toMatchObject({
    "--exclude": '"*.bak" "*.tmp"',
    "--newer-than": "2026-11-22T20:00:00.000Z",
  });
  const inState = '--exclude "*.bak" --exclude "*.tmp" --newer-than 7d';
  expect(otherFilter(run, { inState })).toBeUndefined();
  // The account has the moment, as each machine must name the same.
  const same = settle({ exclude: "*.bak\n*.tmp", newerThan: "2026-11-22T20:00Z" });
  expect(otherFilter(same, { rules })).toBeUndefined();
  expect(otherFilter(settle({}), { rules: runRules(settle({}), BEGAN) })).toBeUndefined();
  expect(otherFilter(settle({}), { inState: undefined })).toBeUndefined();

  expect(otherFilter(settle({}), { rules })).toBe(
    'the run takes the files of --exclude "*.bak" "*.tmp" --newer-than 2026-11-22T20:00:00.000Z, this verification those of no filter: what only one of them takes is told as missing or extra',
  );
  expect(otherFilter(same, { inState: undefined })).toMatch(/^the run takes the files of no filter, /);
});
