import { describe, expect, it } from "vitest";
import { type ControlRequest, describeRequest, readControlRequest } from "../../src/core/control-request.ts";

const REQUESTS: readonly [ControlRequest, string][] = [
  [{ kind: "pause" }, "pause"],
  [
    { kind: "limits", limits: { maxRequests: "5/s", workitemWorkers: "3" } },
    "--max-requests 5/s --workitem-workers 3",
  ],
  [{ kind: "skip", workItemId: "1889211721" }, "skip 1889211721"],
  [{ kind: "reset", workItemId: "w", jobId: "j" }, "reset w"],
];

describe("a control request", () => {
  it("comes back from JSON as it was, and is told in short", () => {
    for (const [request, text] of REQUESTS) {
      expect(readControlRequest(JSON.parse(JSON.stringify(request)))).toEqual(request);
      expect(describeRequest(request)).toBe(text);
    }
  });

  it("is none when this version does not know all of it", () => {
    const strange = [
      null,
      3,
      {},
      { kind: "dance" },
      { kind: "skip" },
      { kind: "limits" },
      { kind: "limits", limits: {} },
    ];
    const unknown = [
      { kind: "limits", limits: { maxRequests: 5 } },
      { kind: "limits", limits: { gravity: "1" } },
    ];
    for (const value of [...strange, ...unknown]) expect(readControlRequest(value)).toBeUndefined();
  });
});
