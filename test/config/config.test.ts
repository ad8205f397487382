import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collect, flagWord, keptSettings, resolve, resolveOne } from "../../src/config/config.ts";
import {
  environmentName,
  isKept,
  configKey,
  RUN_OPTION_NAMES,
  RUN_OPTIONS,
  type RunOptionName,
} from "../../src/config/run-options.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reupload-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const configFile = (text: string) => writeFileSync(join(folder, "reupload.config.yaml"), text);
const settingsOf = (
  flags: Partial<Record<RunOptionName, string>>,
  environment: Record<string, string> = {},
  kept: Record<string, unknown> = {},
) => resolve(collect(flags, environment, folder), kept);

describe("the source of a setting", () => {
  const flags = { queue: "from-flag" };
  const environment = { REUPLOAD_QUEUE: "from-environment" };
  const kept = { queue: "from-state" };

  it("is the flag, else the environment, else the file, else the state, else the default", () => {
    configFile("queue: from-file\n");
    expect(settingsOf(flags, environment, kept).queue).toBe("from-flag");
    expect(settingsOf({}, environment, kept).queue).toBe("from-environment");
    expect(settingsOf({}, {}, kept).queue).toBe("from-file");
    configFile("");
    expect(settingsOf({}, {}, kept).queue).toBe("from-state");
    expect(settingsOf({}).queue).toBe("resultsqueue");
  });

  it("is not an environment variable that is empty", () => {
    expect(settingsOf({}, { REUPLOAD_QUEUE: "" }, kept).queue).toBe("from-state");
  });

  it("is not the state for what belongs to one start only", () => {
    const settings = settingsOf({}, {}, { resume: "true", updateCsv: "true", verbose: "true", stateDb: "x" });
    expect(settings).toMatchObject({ resume: false, updateCsv: false, verbose: false });
    expect(settings.stateDb).toBe("reupload_state.db");
  });

  it("is the file that --config or REUPLOAD_CONFIG names, in place of the one that is found alone", () => {
    configFile("queue: found-alone\n");
    const path = join(folder, "other.json");
    writeFileSync(path, '{ "queue": "from-other" }');
    expect(settingsOf({ config: path }).queue).toBe("from-other");
    expect(settingsOf({}, { REUPLOAD_CONFIG: path }).queue).toBe("from-other");
  });
});

describe("what the state keeps", () => {
  it("is the text of what was given, and what it kept before", () => {
    const given = collect({ queue: "q-1", verbose: "true", resume: "true" }, {}, folder);
    expect(
      keptSettings(
        given,
        { target: "https://a.blob.core.windows.net", queue: "older" },
        (path) => `/work/${path}`,
      ),
    ).toEqual({
      queue: "q-1",
      target: "https://a.blob.core.windows.net",
    });
  });

  it("gives the same settings when it is resumed without any option", () => {
    const given = collect(
      { csv: "a.csv", maxWait: "1h30m", announce: "false", partition: "1", totalPartitions: "3" },
      {},
      folder,
    );
    const resumed = settingsOf(
      {},
      {},
      keptSettings(given, {}, (path) => path),
    );
    expect(resumed).toEqual(resolve(given, {}));
    expect(resumed).toMatchObject({ maxWait: 5_400_000, announce: false, partition: 1 });
  });
});

describe("paths and queues over a resume", () => {
  it("keeps the CSV and the listing as whole paths, and - as it is", () => {
    const given = collect({ csv: "a.csv", files: "b.csv", queue: "q-1" }, {}, folder);
    expect(keptSettings(given, {}, (path) => `/work/${path}`)).toEqual({
      csv: "/work/a.csv",
      files: "/work/b.csv",
      queue: "q-1",
    });
    expect(keptSettings(collect({ csv: "-" }, {}, folder), {}, (path) => `/work/${path}`)).toEqual({
      csv: "-",
    });
  });

  it("uses a queue that is named, also when the run was started without one", () => {
    expect(settingsOf({ queue: "q-1" }, {}, { announce: "false" }).announce).toBe(true);
    expect(settingsOf({ queue: "q-1", announce: "false" }).announce).toBe(false);
    expect(settingsOf({}, {}, { announce: "false" }).announce).toBe(false);
  });
});

describe("the number of file slots", () => {
  const kept = (flags: Parameters<typeof settingsOf>[0], before: Record<string, string> = {}) =>
    keptSettings(collect(flags, {}, folder), before, (path) => path);

  it.each([
    [{}, {}, "auto"],
    [{ concurrency: "50" }, {}, 50],
    [{ fileWorkers: "5" }, {}, 100],
    [{ workitemWorkers: "3", fileWorkers: "5" }, {}, 15],
    [{ concurrency: "auto", fileWorkers: "5" }, {}, "auto"],
    [{}, { fileWorkers: "5" }, 100],
    [{}, { concurrency: "50" }, 50],
    [{ fileWorkers: "5" }, { concurrency: "50" }, 100],
    [{ concurrency: "auto" }, { fileWorkers: "5" }, "auto"],
  ])("follows from %j, with %j in the state: %s", (flags, before, expected) => {
    expect(settingsOf(flags, {}, before).concurrency).toBe(expected);
    // The next resume, which gives nothing, goes on with it.
    expect(settingsOf({}, {}, kept(flags, before)).concurrency).toBe(expected);
  });
});

describe("a bad value", () => {
  it.each([
    [{ fileWorkers: "x" }, {}, "", '--file-workers: expected a whole number from 1 to 1000, got "x"'],
    [{}, { REUPLOAD_FILE_WORKERS: "0" }, "", "REUPLOAD_FILE_WORKERS (environment): expected a whole number"],
    [{}, {}, "# first\nfile-workers: 1.5\n", "reupload.config.yaml:2: expected a whole number"],
  ])("is reported with its place: %j %j %j", (flags, environment, file, message) => {
    configFile(file);
    expect(() => settingsOf(flags, environment as Record<string, string>)).toThrow(message);
  });

  it.each([
    ["messageTtl", "0s", "--message-ttl: expected a duration from 1m to 3650d"],
    ["messageTtl", "500ms", "--message-ttl: expected a duration from 1m to 3650d"],
    ["requestTimeout", "0ms", "--request-timeout: expected a duration from 1s to 1h"],
    ["requestTimeout", "25d", "--request-timeout: expected a duration from 1s to 1h"],
    ["grace", "31d", "--grace: expected a duration from 0s to 30d"],
    ["maxWait", "366d", "--max-wait: expected a duration from 0s to 365d"],
  ] as const)("is a time that cannot be meant: %s %s", (name, given, message) => {
    expect(() => settingsOf({ [name]: given })).toThrow(`${message}, got "${given}"`);
  });

  it("is reported as the state's when it is in the state", () => {
    expect(() => settingsOf({}, {}, { onEmpty: "gone" })).toThrow(
      "onEmpty in the state: expected report or fail",
    );
  });
});

describe("settings together", () => {
  it.each([
    [{ partition: "0" }, "--partition is given without --total-partitions."],
    [{ totalPartitions: "2" }, "--total-partitions is given without --partition."],
    [{ partition: "2", totalPartitions: "2" }, "--partition 2 of 2 does not exist."],
    [{ emulator: "true", target: "https://a" }, "--emulator and --target cannot be used together."],
    [{ updateCsv: "true" }, "--update-csv is given without --resume."],
    [{ canary: "1%", limit: "9" }, "--canary cannot be used with --limit or --sample."],
  ])("are refused: %j", (flags, message) => {
    expect(() => settingsOf(flags)).toThrow(message);
  });

  it("cannot be changed once they are made", () => {
    expect(Object.isFrozen(settingsOf({}))).toBe(true);
  });
});

describe("the table of options", () => {
  it("has a default that its own parser takes, for each option", () => {
    const given = collect({}, {}, folder);
    for (const name of RUN_OPTION_NAMES) expect(() => resolveOne(given, name)).not.toThrow();
  });

  it("has a least and a greatest value for each number, rate and time", () => {
    const numbers = RUN_OPTION_NAMES.filter((name) =>
      /<(?:n|i|time|rate|limit|part)>/.test(RUN_OPTIONS[name].flag),
    );
    expect(numbers).toContain("messageTtl");
    const withRange = RUN_OPTION_NAMES.filter((name) => RUN_OPTIONS[name].parse.range !== undefined);
    expect(withRange).toEqual(numbers);
  });

  it("has a flag, a variable and a key of its own for each option", () => {
    for (const nameOf of [flagWord, environmentName, configKey]) {
      expect(new Set(RUN_OPTION_NAMES.map(nameOf)).size).toBe(RUN_OPTION_NAMES.length);
    }
    expect(environmentName("stateDb")).toBe("REUPLOAD_STATE_DB");
    expect(configKey("totalPartitions")).toBe("total-partitions");
    expect(flagWord("verbose")).toBe("--verbose");
  });

  it("keeps nothing in the state that could be a secret", () => {
    const kept = RUN_OPTION_NAMES.filter((name) => isKept(name));
    expect(kept.filter((name) => /key|token|sas|secret|password/i.test(name))).toEqual([]);
  });
});
