import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { StateHarness } from "./harness.ts";
import { claimSome, completeOne, csvOf, DESCRIPTION, noSignal, workItems } from "./samples.ts";

const OPTIONS = { resume: true, updateCsv: false, retryFailed: "all" } as const;

/** States by their location. */
export function describeKind(kind: string, newHarness: () => Promise<StateHarness>): void {
  describe(`the kind of state (${kind})`, () => {
    it("finds no run in a new place, finds the one that was started there, and none once it is discarded", async () => {
      const { kind: states, newLocation } = await newHarness();
      const location = newLocation();
      expect(await states.inspect(location)).toBeUndefined();
      await expect(states.read(location)).rejects.toMatchObject({ code: "state-missing" });
      const state = await states.open({ ...OPTIONS, location }, DESCRIPTION, csvOf(workItems(3)), noSignal);
      expect((await states.inspect(location))?.run).toEqual(state.run);
      expect(() => states.discard(location)).toThrow(expect.objectContaining({ code: "state-locked" }));
      await state.close();
      expect((await states.inspect(location))?.version).toBeGreaterThan(0);
      expect(states.files(location)).toContain(location);
      states.discard(location);
      states.discard(location);
      expect(await states.inspect(location)).toBeUndefined();
    });

    it("refuses a run that is not to be resumed, and a state that another start has open", async () => {
      const { kind: states, newLocation } = await newHarness();
      const options = { ...OPTIONS, location: newLocation() };
      const state = await states.open(options, DESCRIPTION, csvOf(workItems(1)), noSignal);
      await expect(states.open(options, DESCRIPTION, undefined, noSignal)).rejects.toMatchObject({
        code: "state-locked",
      });
      await state.close();
      await expect(
        states.open({ ...options, resume: false }, DESCRIPTION, csvOf(workItems(1)), noSignal),
      ).rejects.toMatchObject({ code: "state-exists" });
    });

    it("refuses to resume another run, and leaves the state as it was", async () => {
      const { kind: states, newLocation } = await newHarness();
      const options = { ...OPTIONS, location: newLocation() };
      await (await states.open(options, DESCRIPTION, csvOf(workItems(1)), noSignal)).close();
      const other = { ...DESCRIPTION, identity: { ...DESCRIPTION.identity, queue: "other" } };
      await expect(states.open(options, other, undefined, noSignal)).rejects.toMatchObject({
        code: "identity-mismatch",
      });
      const state = await states.open(options, DESCRIPTION, undefined, noSignal);
      expect(state.start.number).toBe(2);
      await state.close();
    });

    it("makes a new state while what it waits for is under way, and is there once that has succeeded", async () => {
      const { kind: states, newLocation } = await newHarness();
      const location = newLocation();
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      let read = (): void => {};
      const isRead = new Promise<void>((done) => (read = done));
      const input = csvOf(workItems(3));
      const told = {
        read: async (take: Parameters<typeof input.read>[0]) => {
          const counts = await input.read(take);
          read();
          return counts;
        },
      };
      const opening = states.open({ ...OPTIONS, location }, DESCRIPTION, told, { ...noSignal, ready });
      await isRead;
      await setImmediate();
      expect(await states.inspect(location)).toBeUndefined();
      resolve();
      const state = await opening;
      expect((await states.inspect(location))?.run).toEqual(state.run);
      await state.close();
    });

    it("leaves nothing behind when what it waits for fails", async () => {
      const { kind: states, newLocation } = await newHarness();
      const location = newLocation();
      const ready = Promise.reject(new Error("no such container"));
      // Whoever looks at the target listens, too.
      ready.catch(() => {});
      await expect(
        states.open({ ...OPTIONS, location }, DESCRIPTION, csvOf(workItems(3)), { ...noSignal, ready }),
      ).rejects.toThrow("no such container");
      expect(await states.inspect(location)).toBeUndefined();
      expect(states.files(location).filter((path) => existsSync(path))).toEqual([]);
    });

    it("leaves nothing behind when the start is cancelled before it begins", async () => {
      const { kind: states, newLocation } = await newHarness();
      const location = newLocation();
      const signal = AbortSignal.abort(new Error("Ctrl+C"));
      await expect(
        states.open({ ...OPTIONS, location }, DESCRIPTION, csvOf(workItems(9)), { signal }),
      ).rejects.toThrow("Ctrl+C");
      expect(await states.inspect(location)).toBeUndefined();
    });
  });

  it(`${kind}: a snapshot of an open state stands alone, and is not taken for a running one`, async () => {
    const { kind: states, newLocation } = await newHarness();
    const [location, copy] = [newLocation(), newLocation()];
    const state = await states.open({ ...OPTIONS, location }, DESCRIPTION, csvOf(workItems(3)), noSignal);
    await completeOne(state, 2);
    await state.ledger.committed();
    await states.snapshot(location, copy, noSignal);
    await completeOne(state, 2);
    await state.close();
    const reading = await (await states.read(copy)).read();
    expect(reading).toMatchObject({ summary: { workItems: { completed: 1 } }, writer: { kind: "ended" } });
    await expect(states.snapshot(location, copy, noSignal)).rejects.toMatchObject({
      code: "output-unwritable",
    });
    const resumed = await states.open({ ...OPTIONS, location: copy }, DESCRIPTION, undefined, noSignal);
    expect(await claimSome(resumed, 9)).toHaveLength(2);
    await resumed.close();
  });
}
