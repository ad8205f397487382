import { describe, expect, it } from "vitest";
import {
  paint,
  chooseSigns,
  type TerminalFacts,
  terminalWidth,
  usesColor,
  usesLiveBlock,
  usesUnicode,
} from "../../src/terminal/style.ts";

function terminal(env: TerminalFacts["env"] = {}, platform: NodeJS.Platform = "linux"): TerminalFacts {
  return { isTTY: true, env, platform };
}
function pipe(env: TerminalFacts["env"] = {}): TerminalFacts {
  return { isTTY: false, env, platform: "linux" };
}

describe("the colours", () => {
  it("are for terminals, not for pipes and not for TERM=dumb", () => {
    expect(usesColor("auto", terminal())).toBe(true);
    expect(usesColor("auto", pipe())).toBe(false);
    expect(usesColor("auto", terminal({ TERM: "dumb" }))).toBe(false);
  });

  it("follow the flag before anything else", () => {
    expect(usesColor("always", pipe({ NO_COLOR: "1", TERM: "dumb" }))).toBe(true);
    expect(usesColor("never", terminal({ FORCE_COLOR: "1" }))).toBe(false);
  });

  it("follow FORCE_COLOR, then NO_COLOR, then the rest; an empty value says nothing", () => {
    expect(usesColor("auto", pipe({ FORCE_COLOR: "1", NO_COLOR: "1" }))).toBe(true);
    expect(usesColor("auto", terminal({ FORCE_COLOR: "0" }))).toBe(false);
    expect(usesColor("auto", terminal({ NO_COLOR: "anything" }))).toBe(false);
    expect(usesColor("auto", terminal({ NO_COLOR: "" }))).toBe(true);
    expect(usesColor("auto", pipe({ FORCE_COLOR: "" }))).toBe(false);
  });

  it("dress the text, or leave it as it is", () => {
    expect(paint("red", "failed", { color: true })).toBe("\u001b[31mfailed\u001b[39m");
    expect(paint("red", "failed", { color: false })).toBe("failed");
  });
});

describe("the live block", () => {
  it("is for terminals that can move the cursor, outside CI", () => {
    expect(usesLiveBlock(terminal({ TERM: "xterm" }))).toBe(true);
    expect(usesLiveBlock(pipe())).toBe(false);
    expect(usesLiveBlock(terminal({ TERM: "dumb" }))).toBe(false);
    expect(usesLiveBlock(terminal({ CI: "true" }))).toBe(false);
    expect(usesLiveBlock(terminal({ CI: "false" }))).toBe(true);
  });
});

describe("the signs", () => {
  it("are Unicode where the locale is UTF-8: LC_ALL, then LC_CTYPE, then LANG", () => {
    expect(usesUnicode(terminal({ LANG: "en_US.UTF-8" }))).toBe(true);
    expect(usesUnicode(terminal({ LC_ALL: "C", LANG: "en_US.UTF-8" }))).toBe(false);
    expect(usesUnicode(terminal({ LC_ALL: "", LC_CTYPE: "C.utf8", LANG: "C" }))).toBe(true);
    expect(usesUnicode(terminal())).toBe(false);
    expect(usesUnicode(terminal({ TERM: "linux", LANG: "C.UTF-8" }))).toBe(false);
  });

  it("follow the terminal on Windows and macOS", () => {
    expect(usesUnicode(terminal({}, "darwin"))).toBe(true);
    expect(usesUnicode(terminal({}, "win32"))).toBe(false);
    expect(usesUnicode(terminal({ WT_SESSION: "x" }, "win32"))).toBe(true);
  });

  it("are ASCII elsewhere", () => {
    expect(Object.values(chooseSigns({ unicode: false })).join("")).toMatch(/^[ -~]+$/);
  });
});

describe("the width", () => {
  it("is the stream's, else that of COLUMNS, else 80", () => {
    expect(terminalWidth(132, { COLUMNS: "100" })).toBe(132);
    expect(terminalWidth(undefined, { COLUMNS: "100" })).toBe(100);
    expect(terminalWidth(undefined, { COLUMNS: "wide" })).toBe(80);
    expect(terminalWidth(0, {})).toBe(80);
  });
});
