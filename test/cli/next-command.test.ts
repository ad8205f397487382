import { describe, expect, it } from "vitest";
import { wordCommand, wordResume } from "../../src/cli/next-command.ts";

const powershell = [{ env: {} }, "win32"] as const;
const cmd = [{ env: { PROMPT: "$P$G" } }, "win32"] as const;
const bash = [{ env: {} }, "linux"] as const;

describe("a command that an operator is told to give", () => {
  it("is quoted for the shell that the process runs in", () => {
    const words = ["reupload", "upload", "it's 5 % $x.json"];
    expect(wordCommand(words, ...bash)).toBe(String.raw`reupload upload 'it'\''s 5 % $x.json'`);
    expect(wordCommand(words, ...powershell)).toBe("reupload upload 'it''s 5 % $x.json'");
    expect(wordCommand(words, ...cmd)).toBe('reupload upload "it\'s 5 "^%" $x.json"');
  });

  it("names the state of a resume unless it is the one that run takes by itself", () => {
    expect(wordResume(...bash)("reupload_state.db")).toBe("reupload run --resume");
    expect(wordResume(...bash)("my state.db")).toBe("reupload run --resume --state-db 'my state.db'");
    expect(wordResume(...cmd)(String.raw`C:\my run\s.db`)).toBe(
      String.raw`reupload run --resume --state-db "C:\my run\s.db"`,
    );
  });
});
