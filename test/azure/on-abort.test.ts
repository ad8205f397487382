import { describe, expect, it } from "vitest";
import { onAbort } from "../../src/azure/on-abort.ts";
import { measurePile } from "../support/young-garbage.ts";

describe("who waits on a signal", () => {
  it("is called when it aborts, once, in the order in which all came", () => {
    const run = new AbortController();
    const called: string[] = [];
    for (const name of ["first", "second"]) onAbort(run.signal, () => called.push(name));
    run.abort();
    run.abort();
    expect(called).toEqual(["first", "second"]);
  });

  it("is called at once when it has aborted", () => {
    let isCalled = false;
    onAbort(AbortSignal.abort(), () => (isCalled = true));
    expect(isCalled).toBe(true);
  });

  it("is not called when it has left, be it that another one made it leave", () => {
    const run = new AbortController();
    const called: string[] = [];
    onAbort(run.signal, () => {
      called.push("first");
      leave();
    });
    const leave = onAbort(run.signal, () => called.push("second"));
    onAbort(run.signal, () => called.push("third"));
    run.abort();
    expect(called).toEqual(["first", "third"]);
  });

  it("may leave twice, also when others have come meanwhile", () => {
    const run = new AbortController();
    const leave = onAbort(run.signal, () => {});
    leave();
    let isCalled = false;
    onAbort(run.signal, () => (isCalled = true));
    leave();
    run.abort();
    expect(isCalled).toBe(true);
  });

  it("is let go when it has left: thousands a second do not pile up until the next full collection", async () => {
    expect(await measurePile("signal")).toBeLessThan(10);
  });
});
