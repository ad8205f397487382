import { describe, expect, it } from "vitest";
import {
  ERRORS,
  isDiskFull,
  errorMessageText,
  ReuploadError,
  systemErrorCode,
} from "../../src/core/errors.ts";
import { EXIT, EXIT_MEANINGS } from "../../src/core/exit-codes.ts";

describe("an error for the user", () => {
  it("takes exit code and advice from the registry, or better advice from where it is thrown", () => {
    expect(new ReuploadError("csv-invalid", "x")).toMatchObject({
      exitCode: 2,
      advice: ERRORS["csv-invalid"].advice,
    });
    expect(new ReuploadError("sign-in", "x", { advice: "ask" })).toMatchObject({
      exitCode: 4,
      advice: "ask",
    });
  });

  it("has advice in whole sentences in every case", () => {
    for (const { advice } of Object.values(ERRORS))
      expect(advice).toMatch(/^[A-Z].*(?:[.)]|azurite|--version)$/s);
  });
});

describe("exit codes", () => {
  it("have one meaning each", () => {
    expect(EXIT_MEANINGS.map(({ code }) => code)).toEqual(Object.values(EXIT));
  });
});

describe("what was thrown", () => {
  it("has a message, whatever it is", () => {
    expect(errorMessageText(new Error("a"))).toBe("a");
    expect(errorMessageText("b")).toBe("b");
    expect(errorMessageText(undefined)).toBe("undefined");
  });

  it("has the system's code of the first cause that tells one", () => {
    const system = Object.assign(new Error("x"), { code: "ECONNRESET" });
    expect(systemErrorCode(new Error("outer", { cause: new Error("middle", { cause: system }) }))).toBe(
      "ECONNRESET",
    );
    expect(systemErrorCode(new Error("none"))).toBeUndefined();
    expect(systemErrorCode("ENOENT")).toBeUndefined();
  });

  it("is a full disk when the file system, a quota or SQLite says so, at any depth", () => {
    const full = [{ code: "ENOSPC" }, { code: "EDQUOT" }, { code: "ERR_SQLITE_ERROR", errcode: 13 }];
    for (const facts of full) {
      const error = Object.assign(new Error("full"), facts);
      expect(isDiskFull(error)).toBe(true);
      const inner = new Error("middle", { cause: error });
      expect(isDiskFull(Object.assign(new Error("outer", { cause: inner }), { code: "EOTHER" }))).toBe(true);
    }
    expect(isDiskFull(Object.assign(new Error("damaged"), { errcode: 11 }))).toBe(false);
    expect(isDiskFull(Object.assign(new Error("forbidden"), { code: "EACCES" }))).toBe(false);
    expect(isDiskFull("ENOSPC")).toBe(false);
  });

  it("is searched for causes no deeper than makes sense", () => {
    const loop = new Error("loop");
    loop.cause = loop;
    expect(systemErrorCode(loop)).toBeUndefined();
    expect(isDiskFull(loop)).toBe(false);
  });
});
