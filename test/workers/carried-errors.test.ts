import { describe, expect, it } from "vitest";
import { ServiceFailure } from "../../src/azure/azure.ts";
import { ReuploadError } from "../../src/core/errors.ts";
import { FileFailure } from "../../src/core/failure.ts";
import { WaitGivenUp } from "../../src/core/waits.ts";
import { packError, unpackError } from "../../src/workers/carried-errors.ts";

/** The error after its way to another thread. */
const carried = (error: unknown): Error => unpackError(structuredClone(packError(error)));

describe("an error that was carried to another thread", () => {
  it("is the same failure of a file, with its causes in words", () => {
    const socket = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    const cause = new ServiceFailure("put blob", "the connection broke", {}, { cause: socket });
    const error = carried(
      new FileFailure("network", "put blob: broke", { attempts: 8, requestId: "r1", cause }),
    );
    expect(error).toBeInstanceOf(FileFailure);
    expect(error).toMatchObject({
      code: "network",
      message: "put blob: broke",
      attempts: 8,
      requestId: "r1",
    });
    expect(error.cause).toBeInstanceOf(ServiceFailure);
    expect(error.cause).toMatchObject({ name: "ServiceFailure", message: "put blob: the connection broke" });
    expect((error.cause as Error).cause).toMatchObject({ message: "read ECONNRESET", code: "ECONNRESET" });
  });

  it("is the same error of the run, with its exit code and advice", () => {
    const error = carried(new ReuploadError("sign-in", "Nobody is signed in.", { advice: "Sign in." }));
    expect(error).toBeInstanceOf(ReuploadError);
    expect(error).toMatchObject({
      code: "sign-in",
      exitCode: 4,
      message: "Nobody is signed in.",
      advice: "Sign in.",
    });
  });

  it("is a wait that was given up", () => {
    expect(carried(new WaitGivenUp())).toBeInstanceOf(WaitGivenUp);
  });

  it("is an error of its name when it is a defect, and one in words when no error was thrown", () => {
    const defect = new TypeError("x is undefined");
    expect(carried(defect)).toMatchObject({
      name: "TypeError",
      message: "x is undefined",
    });
    expect(carried("words")).toMatchObject({ name: "Error", message: "words" });
  });

  it("has no endless causes", () => {
    const loop = new Error("loop");
    loop.cause = loop;
    let depth = 0;
    for (let error: unknown = carried(loop); error instanceof Error; error = error.cause) depth++;
    expect(depth).toBeLessThan(12);
  });
});
