import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commandLine, commandLines, guessShell, quote } from "../../src/terminal/shell.ts";

const CHARACTERS = "ab01%^&|<>()!\"'`$\\ ,;=@~#{}[]*?-./:\u2019é".split("");

/** Names that shells like to misread. */
const word = fc
  .array(fc.constantFrom(...CHARACTERS), { minLength: 0, maxLength: 12 })
  .map((chars) => chars.join(""));

/** What bash passes to a program. */
function bashArguments(line: string): string[] {
  const script = `args() { printf '%s\\0' "$@"; }; args ${line}`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

/** What cmd makes of a line: variables, then carets outside quotes. No variable of the line's names is set. */
function cmdReads(line: string, isFile: boolean): string {
  // At the prompt an unknown variable stays as it is; in a file it goes away, and %% is a percent sign.
  const expanded = isFile ? line.replaceAll(/%%|%[^%]*%|%/g, (found) => (found === "%%" ? "%" : "")) : line;
  let isQuoted = false;
  let read = "";
  for (let at = 0; at < expanded.length; at++) {
    const char = expanded[at] ?? "";
    if (char === '"') isQuoted = !isQuoted;
    if (!isQuoted && /[&|<>()]/.test(char)) throw new Error(`cmd acts on ${char} in ${line}`);
    if (char === "^" && !isQuoted) at += 1;
    read += char === "^" && !isQuoted ? (expanded[at] ?? "") : char;
  }
  return read;
}

/** Names of variables that cmd looks up at its prompt: what stands between two percent signs. */
function variablesAsked(line: string): string[] {
  return [...line.matchAll(/%([^%]+)%/g)].map(([, name = ""]) => name);
}

/** The arguments as Microsoft's C runtime splits them. */
function runtimeArguments(line: string): string[] {
  const words: string[] = [];
  let text = "";
  let [isQuoted, isWord] = [false, false];
  for (let at = 0; at < line.length; at++) {
    const slashes = /^\\*/.exec(line.slice(at))?.[0].length ?? 0;
    const next = line[at + slashes];
    if (slashes > 0) {
      isWord = true;
      text += "\\".repeat(next === '"' ? Math.floor(slashes / 2) : slashes);
      at += slashes - 1;
      if (next === '"' && slashes % 2 === 1) {
        text += '"';
        at += 1;
      }
    } else if (next === '"') {
      isWord = true;
      if (isQuoted && line[at + 1] === '"') {
        text += '"';
        at += 1;
      } else isQuoted = !isQuoted;
    } else if (next === " " && !isQuoted) {
      if (isWord) words.push(text);
      [text, isWord] = ["", false];
    } else {
      text += next ?? "";
      isWord = true;
    }
  }
  return isWord ? [...words, text] : words;
}

describe("a quoted word", () => {
  it("reaches the program through bash as it is", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
        expect(bashArguments(commandLine(words, "bash"))).toEqual(words);
      }),
      { numRuns: 20 },
    );
  });

  it("reaches the program through cmd as it is, typed at the prompt or saved in a file", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const typed = commandLine(words, "cmd");
        expect(runtimeArguments(cmdReads(typed, false))).toEqual(words);
        // A caret or a quote stands in each name, and Windows has no such variable.
        for (const name of variablesAsked(typed)) expect(name).toMatch(/[\^"]/);
        expect(runtimeArguments(cmdReads(commandLine(words, "cmd-file"), true))).toEqual(words);
      }),
    );
  });

  it("keeps a backslash that stands before a percent sign or at its end, in cmd", () => {
    expect(quote(String.raw`C:\%x y`, "cmd")).toBe(String.raw`"C:\\"^%"x y"`);
    expect(quote(String.raw`C:\my dir` + "\\", "cmd")).toBe(String.raw`"C:\my dir\\"`);
    expect(quote("50%", "cmd-file")).toBe('"50%%"');
  });

  it("is quoted for PowerShell when it looks like a number or a parameter with a dot", () => {
    for (const text of ["60s", "007", "1e3", "0x10", "2d", ".5", "-list.csv", "1234567890123"]) {
      expect(quote(text, "powershell")).toBe(`'${text}'`);
    }
    for (const text of [
      "--state-db",
      "-q",
      "20",
      "0",
      "failed.csv",
      "https://a.example/x",
      "./x.csv",
      "npm",
    ]) {
      expect(quote(text, "powershell")).toBe(text);
    }
    expect(quote("it's", "powershell")).toBe("'it''s'");
  });
});

describe("a long command", () => {
  const words = "reupload run --csv failed.csv --files listing.csv --target https://a.example --resume".split(
    " ",
  );

  it("is broken before an option, in each shell's way", () => {
    expect(commandLines(words, "bash", 45)).toEqual([
      "reupload run --csv failed.csv \\",
      "  --files listing.csv \\",
      "  --target https://a.example --resume",
    ]);
    expect(commandLines(words, "powershell", 45)[0]).toBe("reupload run --csv failed.csv `");
    expect(commandLines(words, "cmd", 45)[0]).toBe("reupload run --csv failed.csv ^");
  });

  it("is the same command for bash", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (more) => {
        const all = ["x", ...more.flatMap((text) => ["--option", text])];
        expect(bashArguments(commandLines(all, "bash", 30).join("\n"))).toEqual(all);
      }),
      { numRuns: 20 },
    );
  });

  it("stays on one line where it fits", () => {
    expect(commandLines(words, "bash", 200)).toEqual([commandLine(words, "bash")]);
  });
});

describe("the shell of a machine", () => {
  it("is bash everywhere but on Windows, where the environment tells it", () => {
    expect(guessShell({ PROMPT: "$P$G" }, "linux")).toBe("bash");
    expect(guessShell({ PROMPT: "$P$G" }, "win32")).toBe("cmd");
    expect(guessShell({}, "win32")).toBe("powershell");
    expect(guessShell({ MSYSTEM: "MINGW64", PROMPT: "$P$G" }, "win32")).toBe("bash");
  });
});
