import { describe, expect, it } from "vitest";
import type { ControlRequest } from "../../src/core/control-request.ts";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { type ControlEntry, ControlWatch, leaveControl, readControl } from "../../src/machines/control.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";

const never = new AbortController().signal;
const PAUSE = { kind: "pause" } as const;
const CONTINUE = { kind: "continue" } as const;
const skip = (workItemId: string): ControlRequest => ({ kind: "skip", workItemId });

function scene() {
  const world = new VirtualWorld(1);
  const surroundings = new VirtualSurroundings(world);
  const account = new MemoryAccount(() => world.now);
  const names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d1" });
  const context = { account, surroundings, names };
  const machine = () => {
    const taken: ControlEntry[] = [];
    const watch = new ControlWatch(context, async (entry) => void taken.push(entry));
    void watch.begin();
    return { watch, requests: () => taken.map(({ request }) => request) };
  };
  /** Lets the world go on for so long, and until what was asked has ended. */
  const during = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    void work.then(end, end);
    const isUnderWay = (): boolean => !isOver;
    while (isUnderWay()) await world.runUntil(world.now + 100);
    return work;
  };
  const leave = async (...requests: ControlRequest[]) =>
    during(leaveControl(context, requests, "operator", never));
  return { world, account, context, machine, during, leave };
}

describe("what an operator asks of all machines", () => {
  it("is taken by each of them within 15 s, once, and each tells up to which request it came", async () => {
    const { world, machine, leave } = scene();
    const machines = [machine(), machine()];
    await world.runUntil(world.now + 40_000);
    const last = await leave(PAUSE, skip("w1"));
    await world.runUntil(world.now + 15_000);
    for (const { requests, watch } of machines) {
      expect(requests()).toEqual([PAUSE, skip("w1")]);
      expect(watch.lastTaken).toBe(last);
    }
    await leave(CONTINUE);
    await world.runUntil(world.now + 60_000);
    for (const { requests, watch } of machines) {
      expect(requests()).toEqual([PAUSE, skip("w1"), CONTINUE]);
      watch.end();
    }
  });

  it("stands for machines that begin later, but for a drain and what was put aside", async () => {
    const { world, machine, leave } = scene();
    await leave(PAUSE, { kind: "drain" }, skip("w1"), skip("w2"), CONTINUE, {
      kind: "reset",
      workItemId: "w1",
    });
    await leave({ kind: "limits", limits: { maxRequests: "5/s" } }, PAUSE);
    const { requests, watch } = machine();
    await world.runUntil(world.now + 1_000);
    expect(requests()).toEqual([
      skip("w2"),
      { kind: "reset", workItemId: "w1" },
      { kind: "limits", limits: { maxRequests: "5/s" } },
      PAUSE,
    ]);
    await leave({ kind: "drain" });
    await world.runUntil(world.now + 15_000);
    expect(requests().at(-1)).toEqual({ kind: "drain" });
    watch.end();
  });

  it("is all kept when two operators ask at once, and not twice when an answer was lost", async () => {
    const { account, context, during, world } = scene();
    let writes = 0;
    account.fault = () => {};
    const ask = async (id: string) => leaveControl(context, [skip(id)], id, never);
    await during(Promise.all([ask("a"), ask("b"), ask("c")]));
    const write = account.write.bind(account);
    account.write = async (...given) => {
      const written = await write(...given);
      if (writes++ === 0) throw new Error("the answer was lost");
      return written;
    };
    await during(ask("d"));
    const read = await during(readControl(context, never));
    expect(read?.document.entries.map(({ by }) => by).toSorted()).toEqual(["a", "b", "c", "d"]);
    expect(read?.document.last).toBe(4);
    await world.runUntil(world.now + 1);
  });

  it("costs a machine six requests a minute, also while the account does not answer", async () => {
    const { world, account, machine } = scene();
    const { watch } = machine();
    const before = account.requests;
    await world.runUntil(world.now + 600_000);
    expect(account.requests - before).toBeLessThanOrEqual(61);
    watch.end();
  });
});
