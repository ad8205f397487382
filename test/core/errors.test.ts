import { describe, expect, it } from "vitest";
import { ERRORS, messageOf, ReuploadError, systemCodeOf } from "../../src/core/errors.ts";
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
    expect(messageOf(new Error("a"))).toBe("a");
    expect(messageOf("b")).toBe("b");
    expect(messageOf(undefined)).toBe("undefined");
  });

  it("has the system's code of the first cause that tells one", () => {
    const system = Object.assign(new Error("x"), { code: "ECONNRESET" });
    expect(systemCodeOf(new Error("outer", { cause: new Error("middle", { cause: system }) }))).toBe(
      "ECONNRESET",
    );
    expect(systemCodeOf(new Error("none"))).toBeUndefined();
    expect(systemCodeOf("ENOENT")).toBeUndefined();
  });

  it("is looked through no deeper than makes sense", () => {
    const loop = new Error("loop");
    loop.cause = loop;
    expect(systemCodeOf(loop)).toBeUndefined();
  });
});
