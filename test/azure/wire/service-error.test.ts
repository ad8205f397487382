import { inspect } from "node:util";
import { RestError } from "@azure/storage-blob";
import { describe, expect, it } from "vitest";
import { ServiceFailure, toServiceFailure } from "../../../src/azure/wire/service-error.ts";
import { SignInError } from "../../../src/azure/sign-in/token-source.ts";
import { ReuploadError } from "../../../src/core/errors.ts";
import { FileFailure } from "../../../src/core/failure.ts";

/** An SDK error with this status and these headers. */
function sdkError(status: number, headers: Record<string, string> = {}, message = "no"): RestError {
  const request = { url: "https://a.example/c/b" } as never;
  const error = new RestError(message, { statusCode: status, request });
  const all = new Map(Object.entries(headers));
  error.response = { status, headers: { get: (name: string) => all.get(name) }, request } as never;
  return error;
}

const failureOf = (thrown: unknown): ServiceFailure => {
  const failure = toServiceFailure(thrown, "put blob", Date.now());
  if (failure === undefined) throw new Error("it is not the service's");
  return failure;
};

describe("an error of the SDK", () => {
  it("is told with status, the service's code, its request id and what was being done", () => {
    const headers = { "x-ms-error-code": "BlobAlreadyExists", "x-ms-request-id": "r-1" };
    const failure = failureOf(sdkError(409, headers, "It exists.\nRequestId:r-1"));
    expect(failure).toMatchObject({ status: 409, errorCode: "BlobAlreadyExists", requestId: "r-1" });
    expect(failure.message).toBe("put blob: HTTP 409 BlobAlreadyExists, It exists.");
  });

  it.each([
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": "0" }, 0],
    [{ "x-ms-retry-after-ms": "250" }, 250],
    [{ "x-ms-retry-after-ms": "250", "retry-after": "7" }, 250],
    [{ "x-ms-retry-after-ms": "soon", "retry-after": "7" }, 7000],
    [{ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 0],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ])("asks by %j to wait %s ms", (headers, ms) => {
    expect(failureOf(sdkError(429, headers as Record<string, string>)).retryAfterMs).toBe(ms);
  });

  it("asks to wait until a date to come", () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const ms = failureOf(sdkError(503, { "retry-after": date })).retryAfterMs;
    expect(ms).toBeGreaterThan(55_000);
    expect(ms).toBeLessThanOrEqual(60_000);
  });

  it("is told by the system's code when there is no answer", () => {
    const failure = failureOf(new RestError("connect ECONNREFUSED", { code: "ECONNREFUSED" }));
    expect(failure.answer).toEqual({ systemCode: "ECONNREFUSED" });
  });

  it("is told as a missing sign-in when nobody is signed in", () => {
    const error = new SignInError("az: the refresh token has expired", "run `az login`", {
      isUnavailable: true,
    });
    const failure = failureOf(error);
    expect(failure).toMatchObject({ answer: { signInFailed: true }, said: error.message, cause: error });
  });

  it("holds no secret", () => {
    const message = "GET https://a.example/c/b?sv=1&sig=c2VjcmV0 Authorization: Bearer abc.def";
    expect(failureOf(sdkError(403, {}, message)).message).not.toMatch(/c2VjcmV0|abc\.def/);
    const error = sdkError(403, {}, message);
    Object.assign(error.request ?? {}, {
      headers: { authorization: "SharedKey a:c2VjcmV0" },
      url: "x?sig=c2VjcmV0",
    });
    const failure = failureOf(error);
    expect(failure.cause).toMatchObject({ name: "RestError" });
    for (const text of [JSON.stringify(failure.cause), inspect(failure, { depth: 9, showHidden: true })]) {
      expect(text).not.toContain("c2VjcmV0");
    }
    expect(inspect(new ServiceFailure("put blob", "AccountKey=c2VjcmV0;", {}))).not.toContain("c2VjcmV0");
  });

  it("stays one of ours when it was one, and is left alone when the service has no part in it", () => {
    const ours = new ServiceFailure("put blob", "HTTP 500", { status: 500 });
    expect(toServiceFailure(ours, "other", Date.now())).toBe(ours);
    for (const error of [
      new FileFailure("bad-name", "x"),
      new ReuploadError("internal", "x"),
      new TypeError("x"),
    ]) {
      expect(toServiceFailure(error, "put blob", Date.now())).toBeUndefined();
    }
  });
});
