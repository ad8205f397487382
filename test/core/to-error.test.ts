import { describe, expect, it } from "vitest";
import { toReuploadError } from "../../src/core/to-error.ts";

describe("the error that a command ends with", () => {
  it.each([{ code: "ENOSPC" }, { code: "EDQUOT" }, { code: "ERR_SQLITE_ERROR", errcode: 13 }])(
    "is disk-full when %j was thrown, exit code 6",
    (facts) => {
      const error = toReuploadError(Object.assign(new Error("no space"), facts));
      expect(error).toMatchObject({ code: "disk-full", message: "The disk is full: no space", exitCode: 6 });
    },
  );

  it("is internal for anything that nobody expected", () => {
    expect(toReuploadError(new TypeError("x"))).toMatchObject({ code: "internal", exitCode: 6 });
  });
});
