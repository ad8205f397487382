/** Tried in the shells themselves, each where it is installed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandTree } from "../../src/cli/command-tree.ts";
import { makeProgram } from "../../src/cli/program.ts";
import { type CompletionShell, completionScript, SHELLS } from "../../src/terminal/completion/completion.ts";
import type { Io } from "../../src/terminal/io.ts";

const TREE = commandTree(makeProgram("0.0.0", {} as Io, () => {}));
const ZSH_HARNESS = join(import.meta.dirname, "..", "support", "zsh-complete.zsh");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reupload-completion-"));
  for (const name of ["a b.csv", "m1_state.db", "m2_state.db"]) writeFileSync(join(folder, name), "");
  for (const shell of SHELLS) writeFileSync(join(folder, `.script.${shell}`), completionScript(shell, TREE));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: string, args: readonly string[], input?: string): string {
  const env = { PATH: process.env["PATH"], HOME: folder, TERM: "dumb", LC_ALL: "C.UTF-8" };
  const { stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    env,
    input,
    timeout: 30_000,
  });
  expect(stderr).toBe("");
  return stdout;
}

/** What each shell offers at the end of each line, a list a line. */
const ASK: Readonly<Record<string, (lines: readonly string[]) => string[][]>> = {
  bash: (lines) => {
    // As readline hands the words over: parted at the sign, too.
    const words = (line: string) =>
      (line.match(/[^\s=]+|=|(?<=[\s=])$/g) ?? []).map((word) => `'${word}'`).join(" ");
    const calls = lines.map(
      (line) => `COMP_WORDS=(${words(line)}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _reupload; printf '%s\\t' "\${COMPREPLY[@]}"; echo`,
    );
    return split(run("bash", ["--norc", "-c", `source .script.bash\n${calls.join("\n")}`]));
  },
  zsh: (lines) =>
    lines.map((line) => {
      const offered = run("zsh", ["-f", ZSH_HARNESS, ".script.zsh", line]).split("\n").filter(Boolean);
      return offered.map((word) => word.replaceAll("\\", ""));
    }),
  fish: (lines) => {
    const calls = lines.map(
      (line) => `echo (complete -C '${line}' | string split -f1 \\t | string join \\t)`,
    );
    // fish offers the whole word.
    return split(run("fish", ["--no-config", "-c", `source .script.fish\n${calls.join("\n")}`])).map(
      (words) => words.map((word) => word.replace(/^--[a-z-]+=/, "")),
    );
  },
};

function split(output: string): string[][] {
  return output
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t").filter(Boolean));
}

const isThere = (shell: string) => spawnSync(shell, ["--version"]).error === undefined;

describe.each(Object.keys(ASK))("in %s", (shell) => {
  it.skipIf(!isThere(shell))("commands, options and values are completed", () => {
    const cases: [string, string[]][] = [
      ["reupload mon", ["monitor"]],
      ["reupload run --au", ["--auth"]],
      ["reupload run --on-conflict ", ["fail", "overwrite", "skip"]],
      ["reupload run --auth=man", ["managed-identity"]],
      ["reupload monitor --state-db m", ["m1_state.db", "m2_state.db"]],
      ["reupload run --csv a", ["a b.csv"]],
      ["reupload run --total-partitions 3 --partition ", ["0", "1", "2", "auto"]],
      ["reupload run --total-partitions=2 --partition=", ["0", "1", "auto"]],
      ["reupload run --partition a", ["auto"]],
      ["reupload completion ", ["bash", "fish", "powershell", "zsh"]],
    ];
    const offered = ASK[shell]?.(cases.map(([line]) => line)) ?? [];
    const found = cases.map(([line], place) => [line, [...new Set(offered[place])].toSorted()]);
    expect(found).toEqual(cases);
  });
});

describe.each([...SHELLS])("the script for %s", (shell: CompletionShell) => {
  const script = completionScript(shell, TREE);

  it("has every command and every option", () => {
    for (const { name, options } of TREE.commands) {
      expect(script).toContain(name);
      for (const { long } of options) expect(script).toContain(shell === "fish" ? long.slice(2) : long);
    }
  });
});

it("the script for PowerShell has no quote, bracket or brace that stays open", () => {
  const code = completionScript("powershell", TREE)
    .replaceAll(/'(?:[^']|'')*'/g, "QUOTED")
    .replaceAll(/^#.*$/gm, "")
    .replaceAll(/"[^"\n]*"/g, '""');
  for (const [open, close] of ["{}", "()", "[]"]) {
    expect(code.split(open ?? "").length).toBe(code.split(close ?? "").length);
  }
  expect(code).not.toContain("'");
});
