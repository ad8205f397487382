import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfigFile } from "../../src/config/config-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reupload-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const values = () =>
  Object.fromEntries(
    [...readConfigFile(undefined, folder)].map(([name, { text, where }]) => [name, [text, where]]),
  );

describe("the configuration file", () => {
  it("is not needed", () => {
    expect(values()).toEqual({});
    write("reupload.config.yaml", "# nothing yet\n");
    expect(values()).toEqual({});
  });

  it("gives texts, numbers, switches and lists as text, each with its line", () => {
    write(
      "reupload.config.yaml",
      "target: https://a.blob.core.windows.net\nfile-workers: 12\n\nannounce: false\nretry-failed: [conflict, timeout]\n",
    );
    expect(values()).toEqual({
      target: ["https://a.blob.core.windows.net", "reupload.config.yaml:1"],
      fileWorkers: ["12", "reupload.config.yaml:2"],
      announce: ["false", "reupload.config.yaml:4"],
      retryFailed: ["conflict,timeout", "reupload.config.yaml:5"],
    });
  });

  it.each([
    ["queue: 0123456\n", "queue", "0123456"],
    ["target-container: 1e5\n", "targetContainer", "1e5"],
    ["target-container: 0x10\n", "targetContainer", "0x10"],
    ["target-container: true\n", "targetContainer", "true"],
    ["target-container: True\n", "targetContainer", "True"],
    ["target-container: null\n", "targetContainer", "null"],
    ["target-container: 2026-01-31\n", "targetContainer", "2026-01-31"],
    ["tenant: 1.50\n", "tenant", "1.50"],
    ["file-suffix: .5\n", "fileSuffix", ".5"],
    ["kusto-database: 'null'\n", "kustoDatabase", "null"],
    ["kusto-database: |\n  a b\n", "kustoDatabase", "a b"],
    ["partition: 007\n", "partition", "007"],
    ["retry-failed: [0123, 1e5]\n", "retryFailed", "0123,1e5"],
    ["queue: &name 0123\ntarget-container: *name\n", "targetContainer", "0123"],
    ["quiet: True\n", "quiet", "true"],
    ["announce: FALSE\n", "announce", "false"],
    ["announce: 'false'\n", "announce", "false"],
  ] as const)("takes %j as it is written", (text, name, expected) => {
    write("reupload.config.yaml", text);
    expect(readConfigFile(undefined, folder).get(name)?.text).toBe(expected);
  });

  it("may be JSON, with numbers as they are written, and null is no text there", () => {
    write("reupload.config.json", '{ "queue": 1234567890123456789 }');
    expect(values()["queue"]).toEqual(["1234567890123456789", "reupload.config.json:1"]);
    write("reupload.config.json", '{ "queue": null }');
    expect(() => values()).toThrow("reupload.config.json:1: expected a text, a number or a switch");
  });

  it("may be JSON, with the same keys and lines", () => {
    write("reupload.config.json", '{\n  "state-db": "a.db",\n  "quiet": true\n}\n');
    expect(values()).toEqual({
      stateDb: ["a.db", "reupload.config.json:2"],
      quiet: ["true", "reupload.config.json:3"],
    });
  });

  it.each([
    [
      "file-wokers: 3\n",
      'reupload.config.yaml:1: unknown option "file-wokers"',
      'Did you mean "file-workers"?',
    ],
    ["zzzzzzzzzzzz: 3\n", 'unknown option "zzzzzzzzzzzz"', "Correct the configuration file."],
    ["config: other.yaml\n", 'unknown option "config"', ""],
    ["queue: a\nqueue: b\n", "reupload.config.yaml:2:", "Correct"],
    ["queue:\n  name: a\n", "reupload.config.yaml:2: expected a text, a number or a switch", "Correct"],
    ["queue:\n", "reupload.config.yaml:1: expected a text, a number or a switch", "Correct"],
    ["retry-failed: [[a]]\n", "reupload.config.yaml:1: expected a list of texts", "Correct"],
    [
      "- queue\n",
      "reupload.config.yaml:1: expected options with their values, such as target: https://...",
      "Correct",
    ],
    ["queue: [a\n", "reupload.config.yaml:", "Correct"],
    ["queue: ~\n", "reupload.config.yaml:1: expected a text, a number or a switch", "Correct"],
    ["queue: *none\n", "reupload.config.yaml:1: ", "Correct"],
    [
      "queue: a\n---\nqueue: b\n",
      "reupload.config.yaml:2: a second document begins here, but a configuration file must contain only one",
      "Correct",
    ],
    ["queue: a\n...\nqueue: b\n", "reupload.config.yaml:3: a second document begins here", "Correct"],
  ])("is refused as %j", (text, message, advice) => {
    write("reupload.config.yaml", text);
    expect(() => values()).toThrow(
      expect.objectContaining({
        code: "bad-config",
        message: expect.stringContaining(message) as string,
        advice: expect.stringContaining(advice) as string,
      }),
    );
  });

  it("is named in the error when it was asked for and does not exist", () => {
    expect(() => readConfigFile("none.yaml", folder)).toThrow(
      "The configuration file none.yaml cannot be read",
    );
  });

  it("is looked for in the working folder, also when it is named by a relative path", () => {
    write("mine.yaml", "queue: mine\n");
    expect(readConfigFile("mine.yaml", folder).get("queue")).toEqual({ text: "mine", where: "mine.yaml:1" });
  });
});
