import { describe, expect, it } from "vitest";
import { errorFromData, errorToData } from "../../../src/azure/shared/error-data.ts";
import { SignInError } from "../../../src/azure/sign-in/token-source.ts";
import { ServiceFailure } from "../../../src/azure/wire/service-error.ts";
import { ReuploadError } from "../../../src/core/errors.ts";

const system = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
const errors = [
  Object.assign(
    new ServiceFailure(
      "put blob",
      "HTTP 503 ServerBusy",
      { status: 503, errorCode: "ServerBusy" },
      { requestId: "r-1", retryAfterMs: 1_000, trouble: "the clock", answeredAt: 5, cause: system },
    ),
    { attempts: 3 },
  ),
  new SignInError("az: nobody", "run `az login`", { isUnavailable: true, cause: system }),
  new ReuploadError("unavailable", "The target does not answer.", { advice: "Wait.", cause: system }),
  system,
];

describe("an error on its way between threads", () => {
  it.each(errors.map((error) => [error.name, error] as const))("is made again as a %s", (_, error) => {
    const made = errorFromData(structuredClone(errorToData(error)));
    expect(Object.getPrototypeOf(made)).toBe(Object.getPrototypeOf(error));
    const said = (of: Error): unknown[] => [Object.entries(of), of.name, of.message, of.cause];
    expect(said(made)).toEqual(said(error));
  });

  it("is cut off where its causes form a loop", () => {
    const loop = new Error("round");
    loop.cause = loop;
    expect(errorFromData(structuredClone(errorToData(loop))).message).toBe("round");
    expect(errorFromData(errorToData("a text"))).toMatchObject({ message: "a text" });
  });
});
