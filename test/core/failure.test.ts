import { describe, expect, it } from "vitest";
import {
  certificateAdvice,
  FAILURE_CODES,
  FAILURES,
  FileFailure,
  type ServiceAnswer,
  classifyAnswer,
} from "../../src/core/failure.ts";

describe("the verdict about an answer", () => {
  it("is what the specification says of each status", () => {
    const verdicts: Record<string, number[]> = {
      answer: [200, 201, 304, 400, 403, 404, 405, 409, 411, 412, 413, 416, 501],
      retry: [408, 500, 502, 504, 507, 520],
      throttled: [429, 503],
      renew: [401],
    };
    for (const [verdict, statuses] of Object.entries(verdicts)) {
      for (const status of statuses) expect(classifyAnswer({ status }), String(status)).toBe(verdict);
    }
  });

  it("follows the status when there is one, whatever else is known", () => {
    expect(classifyAnswer({ status: 404, systemCode: "ECONNRESET", timedOut: true })).toBe("answer");
  });

  it("blames a connection that broke on this request, not on a service that is gone", () => {
    expect(classifyAnswer({ systemCode: "ECONNRESET" })).toBe("retry");
    expect(classifyAnswer({})).toBe("retry");
  });

  it("does not retry a service whose certificate is not trusted, and names the way out", () => {
    for (const systemCode of [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "CERT_HAS_EXPIRED",
      "ERR_TLS_CERT_ALTNAME_INVALID",
    ]) {
      expect(classifyAnswer({ systemCode }), systemCode).toBe("answer");
      expect(certificateAdvice({ systemCode })).toContain("NODE_EXTRA_CA_CERTS");
    }
    expect(certificateAdvice({ systemCode: "ECONNRESET" })).toBeUndefined();
  });

  it("tells silence, a lost connection and a missing sign-in apart", () => {
    expect(classifyAnswer({ timedOut: true })).toBe("retry");
    expect(classifyAnswer({ systemCode: "ENOTFOUND" })).toBe("unreachable");
    expect(classifyAnswer({ systemCode: "ECONNREFUSED" })).toBe("unreachable");
    const noToken: ServiceAnswer = { signInFailed: true, status: 401, timedOut: true };
    expect(classifyAnswer(noToken)).toBe("sign-in");
  });
});

describe("a file's failure", () => {
  it("has exactly the codes of the specification", () => {
    expect([...FAILURE_CODES].sort()).toEqual(
      (
        "source-not-found source-forbidden source-archived source-changed target-forbidden target-locked conflict " +
        "name-collision bad-name too-large integrity-mismatch throttled timeout network queue-unavailable " +
        "catalog-error no-files internal"
      )
        .split(" ")
        .sort(),
    );
  });

  it("says in every case what it means and what to do", () => {
    for (const { meaning, advice } of Object.values(FAILURES)) {
      expect(meaning).not.toBe("");
      expect(advice).toMatch(/[.)]$/);
    }
  });

  it("carries what is needed to replay it, without secrets", () => {
    const cause = new Error("reset");
    const failure = new FileFailure("network", "GET https://a/b?sig=c2VjcmV0 was cut", {
      attempts: 8,
      requestId: "r-1",
      cause,
    });
    expect(failure).toMatchObject({
      code: "network",
      attempts: 8,
      requestId: "r-1",
      cause,
    });
    expect(failure.message).toBe("GET https://a/b?sig=*** was cut");
    expect(new FileFailure("timeout", "x")).toMatchObject({ attempts: 1, requestId: undefined });
  });
});
