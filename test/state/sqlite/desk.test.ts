import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { DESK, STATES } from "../../../src/state/wiring.ts";
import { csvOf, workItems } from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";

const PAUSE = { kind: "pause" } as const;
const SKIP = { kind: "skip", workItemId: "item-1" } as const;

async function scene() {
  const path = join(await temporaryFolder(), "state.db");
  return { path, state: await openState(path, csvOf(workItems(3))) };
}

describe("the desk of a state that a process works on", () => {
  it("hands requests on in their order, each once, and gives back the answers", async () => {
    const { path, state } = await scene();
    expect(state.presence.asked()).toEqual([]);
    const first = await DESK.ask(path, PAUSE, "one");
    const second = await DESK.ask(path, SKIP, "two");
    expect(state.presence.asked()).toMatchObject([
      { id: first, request: PAUSE, by: "one" },
      { id: second, request: SKIP, by: "two" },
    ]);
    expect(state.presence.asked()).toEqual([]);
    expect(await DESK.answer(path, first ?? 0)).toBeUndefined();
    state.presence.answer(first ?? 0, { taken: true, text: "paused" });
    state.presence.answer(second ?? 0, { taken: false, text: "no" });
    expect(await DESK.answer(path, first ?? 0)).toEqual({ taken: true, text: "paused" });
    expect(await DESK.answer(path, second ?? 0)).toEqual({ taken: false, text: "no" });
  });

  it("holds the process up for nothing: an operator that hangs, or a damaged file, only delays what is asked", async () => {
    const { path, state } = await scene();
    const request = await DESK.ask(path, PAUSE, "one");
    const hanging = new DatabaseSync(`${path}.control`);
    hanging.exec("BEGIN EXCLUSIVE");
    expect(state.presence.asked()).toEqual([]);
    hanging.exec("COMMIT; BEGIN IMMEDIATE");
    expect(state.presence.asked()).toMatchObject([{ id: request }]);
    state.presence.answer(request ?? 0, { taken: true, text: "paused" });
    hanging.exec("COMMIT");
    hanging.close();
    expect(state.presence.asked()).toEqual([]);
    expect(await DESK.answer(path, request ?? 0)).toEqual({ taken: true, text: "paused" });
    writeFileSync(`${path}.control`, "no database");
    expect(state.presence.asked()).toEqual([]);
  });

  it("tells the process of a request that this version does not know, and answers it", async () => {
    const { path, state } = await scene();
    const request = await DESK.ask(path, { kind: "dance" } as never, "a later version");
    expect(state.presence.asked()).toEqual([]);
    expect(await DESK.answer(path, request ?? 0)).toMatchObject({ taken: false });
  });
});

describe("the desk of a state that no process works on", () => {
  it("leaves nothing for a later process", async () => {
    const { path, state } = await scene();
    const request = await DESK.ask(path, PAUSE, "in time");
    state.presence.asked();
    state.presence.answer(request ?? 0, { taken: true, text: "paused" });
    await DESK.ask(path, PAUSE, "too late");
    await state.close();
    // The last answer can still be read.
    expect(await DESK.answer(path, request ?? 0)).toMatchObject({ taken: true });
    expect(await DESK.ask(path, PAUSE, "nobody hears it")).toBeUndefined();
    const resumed = await openState(path, undefined);
    expect(resumed.presence.asked()).toEqual([]);
    await DESK.ask(path, PAUSE, "heard");
    expect(resumed.presence.asked()).toMatchObject([{ by: "heard" }]);
  });

  it("changes what lasts, and leaves starts and their end as they are", async () => {
    const { path, state } = await scene();
    state.presence.noteEnding({ exitCode: 8, why: "--max-duration" });
    await state.close();
    expect(await DESK.rearrange(path, SKIP)).toMatchObject({ from: "pending", to: "skipped" });
    const reader = await STATES.read(path);
    expect(await reader.read()).toMatchObject({
      starts: 1,
      summary: { workItems: { pending: 2, skipped: 1 } },
      writer: { kind: "ended", ending: { exitCode: 8, why: "--max-duration" } },
    });
    const resumed = await openState(path, undefined);
    expect(resumed.ledger.tally().workItems).toMatchObject({ pending: 2, skipped: 1 });
  });

  it("changes one whose process was killed, and does not make it look like a copy that lacks its log", async () => {
    const { path } = await scene();
    const killed = `${path}.killed`;
    copyFileSync(path, killed);
    copyFileSync(`${path}-wal`, `${killed}-wal`);
    expect(await DESK.rearrange(killed, SKIP)).toMatchObject({ to: "skipped" });
    expect(existsSync(`${killed}-wal`)).toBe(false);
    const reader = await STATES.read(killed);
    expect((await reader.read()).writer).toMatchObject({ kind: "died", copy: undefined });
  });

  it("is refused while a process has it", async () => {
    const { path } = await scene();
    await expect(DESK.rearrange(path, SKIP)).rejects.toMatchObject({ code: "state-locked" });
  });
});
