/** A result never takes the place of what it is made from, however that is named. */
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { refuseOwnInput } from "../../src/cli/own-inputs.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "own-inputs-"));
  mkdirSync(at("sub"));
  for (const name of ["run.db", "run.csv", "other.csv", "made.csv.tmp"]) writeFileSync(at(name), name);
  symlinkSync("run.db", at("link.db"));
  linkSync(at("run.csv"), at("second-name.csv"));
  symlinkSync("sub", at("linked"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const inputs = () => ({ states: [at("run.db")], files: [at("run.csv"), at("made.csv.tmp"), "/dev/null"] });

it.each([
  ["the state", "run.db"],
  ["a link to it", "link.db"],
  ["its log, which is not there", "run.db-wal"],
  ["its lock file, by another way", "sub/../run.db.lock"],
  ["the CSV", "run.csv"],
  ["a second name of the CSV", "second-name.csv"],
  ["a file beside which it would be made under an input's name", "made.csv"],
])("a result file is refused over an input: %s", (_, out) => {
  expect(() => refuseOwnInput("--out", at(out), inputs())).toThrow("which is read for it");
});

it.each(["new.csv", "other.csv", "linked/run.csv", "/dev/null"])(
  "a result file may be written where no input is: %s",
  (out) => {
    expect(() => refuseOwnInput("--out", out.startsWith("/") ? out : at(out), inputs())).not.toThrow();
  },
);
