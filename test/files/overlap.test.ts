/** A result never takes the place of what it is made from, however that is named. */
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { refuseOverlap } from "../../src/files/overlap.ts";
import { companionFiles } from "../../src/state/sqlite/state-files.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "own-inputs-"));
  mkdirSync(at("sub"));
  for (const name of ["run.db", "run.csv", "other.csv"]) writeFileSync(at(name), name);
  symlinkSync("run.db", at("link.db"));
  linkSync(at("run.csv"), at("second-name.csv"));
  symlinkSync("sub", at("linked"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (out: string): void =>
  refuseOverlap([
    { option: "--out", paths: [out], use: "written" },
    { option: "--state-db", paths: companionFiles(at("run.db")), use: "read" },
    { option: "--csv", paths: [at("run.csv"), "/dev/null"], use: "read" },
    { option: "--log-file", paths: [at("run.log"), at("run.log.1")], use: "written" },
  ]);

it.each([
  ["the state", "run.db", "--state-db reads"],
  ["a link to it", "link.db", "--state-db reads"],
  ["its log, which is not there", "run.db-wal", "--state-db reads"],
  ["its lock file, by another way", "sub/../run.db.lock", "--state-db reads"],
  ["the CSV", "run.csv", "--csv reads"],
  ["a second name of the CSV", "second-name.csv", "--csv reads"],
  ["another output", "run.log", "--log-file"],
  ["a file that the log is renamed to", "run.log.1", "--log-file"],
])("is refused: %s", (_, out, which) => {
  expect(() => write(at(out))).toThrow(/would write over/);
  expect(() => write(at(out))).toThrow(which);
});

it.each(["new.csv", "other.csv", "linked/run.csv", "/dev/null"])("is taken: %s", (out) => {
  expect(() => write(out.startsWith("/") ? out : at(out))).not.toThrow();
});
