/** A delivery is a transfer, then an announcement, as the rule wants it. */
import { describe, expect, it } from "vitest";
import type { Announcer } from "../../src/announce/announcer.ts";
import { FileFailure } from "../../src/core/failure.ts";
import type { AnnounceRule } from "../../src/delivery/delivery.ts";
import { LocalDelivery } from "../../src/delivery/local-delivery.ts";
import type { TransferResult } from "../../src/transfer/transfer.ts";

const RUN_BEGAN = 1_000_000;
const COPIED: TransferResult = {
  outcome: "copied",
  bytes: 1,
  method: "put-blob-from-url",
  attempts: 1,
  existingSince: undefined,
};
const thereSince = (existingSince: number): TransferResult => ({
  ...COPIED,
  outcome: "already-there",
  existingSince,
});
const SKIPPED: TransferResult = { outcome: "skipped", reason: "another content", attempts: 1 };

/** Delivers one file, and tells what was done in which order. */
async function deliver(result: TransferResult, announces: AnnounceRule, announcer?: Announcer | "none") {
  const order: string[] = [];
  const own: Announcer = {
    async announce() {
      order.push("announced");
      return { attempts: 2 };
    },
  };
  const delivery = new LocalDelivery({
    transfer: {
      async transfer() {
        order.push("transferred");
        return result;
      },
    },
    announcer: announcer === "none" ? undefined : (announcer ?? own),
  });
  const task = { file: { fileName: "f", uri: "https://source.example/f" }, blobName: "f", announces };
  const { signal } = new AbortController();
  const delivered = await delivery
    .deliver(task, { signal }, () => order.push("told"))
    .catch((thrown: unknown) => thrown);
  return { order, delivered };
}

describe("a delivery", () => {
  it("announces what is in the target, once that is told", async () => {
    const { order, delivered } = await deliver(COPIED, "always");
    expect(order).toEqual(["transferred", "told", "announced"]);
    expect(delivered).toEqual({ result: COPIED, announced: { attempts: 2 } });
  });

  it.each<[string, TransferResult, AnnounceRule, boolean]>([
    ["a copy", COPIED, "never", false],
    ["a blob that was there", thereSince(5), "always", true],
    ["a copy", COPIED, { unlessThereBefore: RUN_BEGAN }, true],
    ["a blob that was there before", thereSince(RUN_BEGAN - 1), { unlessThereBefore: RUN_BEGAN }, false],
    ["a blob written since", thereSince(RUN_BEGAN), { unlessThereBefore: RUN_BEGAN }, true],
  ])("of %s %o by the rule %o announces: %s", async (_, result, rule, isAnnounced) => {
    const { order, delivered } = await deliver(result, rule);
    expect(order).toEqual(["transferred", "told", ...(isAnnounced ? ["announced"] : [])]);
    expect(delivered).toMatchObject({ result });
  });

  it("neither tells nor announces what was skipped", async () => {
    const { order, delivered } = await deliver(SKIPPED, "always");
    expect(order).toEqual(["transferred"]);
    expect(delivered).toEqual({ result: SKIPPED, announced: undefined });
  });

  it("announces nothing in a run without a queue", async () => {
    const { order, delivered } = await deliver(COPIED, "always", "none");
    expect(order).toEqual(["transferred", "told"]);
    expect(delivered).toEqual({ result: COPIED, announced: undefined });
  });

  it("fails with the announcement, after it has told that the file is in the target", async () => {
    const failure = new FileFailure("queue-unavailable", "it is full");
    const { order, delivered } = await deliver(COPIED, "always", {
      announce: async () => Promise.reject(failure),
    });
    expect(order).toEqual(["transferred", "told"]);
    expect(delivered).toBe(failure);
  });
});
