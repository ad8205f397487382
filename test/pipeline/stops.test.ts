/** How a pipeline ends that is told to stop when nothing, or something, is left to do. */
import { describe, expect, it } from "vitest";
import { FileFailure } from "../../src/core/failure.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { type StopKind, StopRequest } from "../../src/core/stop-request.ts";
import { catalogOf, COPIED, gate, hang, rig } from "./support.ts";

const request = (kind: StopKind) => new StopRequest(kind, "a test", EXIT.interrupted);

/** A pipeline of so many files whose transfers wait until they are let go. */
async function holding(counts: readonly number[]) {
  const made = await rig(catalogOf(counts), counts.length);
  const held = gate();
  made.transfer = async () => held.wait().then(() => COPIED);
  return { made, held };
}

describe("a drain while the last files are in flight", () => {
  it.each(["signal", "control", "max-duration"] as const)(
    "changes nothing: the run is finished when they are (%s)",
    async (kind) => {
      const { made, held } = await holding([2, 1]);
      const running = made.start();
      await expect.poll(held.waiting).toBe(3);
      made.drain.abort(request(kind));
      held.open();
      expect(await running.outcome).toEqual({ kind: "finished" });
      expect(made.announced).toHaveLength(3);
    },
  );

  it("changes nothing when some of them fail", async () => {
    const made = await rig(catalogOf([2]), 1);
    const held = gate();
    made.transfer = async (_, blobName) => {
      await held.wait();
      if (blobName === "item-0-f0.json") throw new FileFailure("source-not-found", "gone");
      return COPIED;
    };
    const running = made.start();
    await expect.poll(held.waiting).toBe(2);
    made.drain.abort(request("signal"));
    held.open();
    expect(await running.outcome).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally().workItems).toMatchObject({ failed: 1, pending: 0 });
  });

  it("changes nothing when all that was asked for is in flight (--limit), however much there is beside", async () => {
    const made = await rig(catalogOf([1, 1, 1]), 3, { only: { first: 2 } });
    const held = gate();
    made.transfer = async () => held.wait().then(() => COPIED);
    const running = made.start();
    await expect.poll(held.waiting).toBe(2);
    made.drain.abort(request("signal"));
    held.open();
    expect(await running.outcome).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally().workItems).toMatchObject({ completed: 2, pending: 1 });
  });

  it("stops the run when they are given up", async () => {
    const made = await rig(catalogOf([1, 1]), 2);
    made.transfer = async (_, blobName, signal) => (blobName === "item-0-f0.json" ? COPIED : hang(signal));
    const running = made.start();
    await expect.poll(() => made.announced.length).toBe(1);
    made.abort.abort(request("signal"));
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { kind: "signal" } });
  });

  it("stops the run when others have not begun", async () => {
    const { made, held } = await holding(Array.from({ length: 40 }, () => 1));
    const running = made.start();
    await expect.poll(held.waiting).toBe(20);
    made.drain.abort(request("max-duration"));
    held.open();
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { kind: "max-duration" } });
  });

  it("stops the run when its partition is another machine's, or an error is behind it", async () => {
    for (const kind of ["partition-lost", "error"] as const) {
      const { made, held } = await holding([1]);
      const running = made.start();
      await expect.poll(held.waiting).toBe(1);
      made.drain.abort(request(kind));
      held.open();
      expect(await running.outcome).toMatchObject({ kind: "stopped", request: { kind } });
    }
  });
});

describe("a drain while a survey looks at what was completed before", () => {
  it("stops the run: the survey might have found more to do", async () => {
    const made = await rig(catalogOf([1]), 1);
    made.catalog.canCount = true;
    const held = gate();
    made.catalog.beforeSurvey = held.wait;
    const running = made.start();
    await expect.poll(held.waiting).toBe(1);
    await expect.poll(() => made.store.ledger.tally().workItems.completed).toBe(1);
    made.drain.abort(request("signal"));
    held.open();
    expect(await running.outcome).toMatchObject({ kind: "stopped", request: { kind: "signal" } });
  });
});
