/** The threads besides the main one, with real ones. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { Crew } from "../../src/workers/crew.ts";
import { type SlotThread, ThreadDied } from "../../src/workers/slot-thread.ts";
import { ThreadNotNeeded } from "../../src/workers/workers.ts";
import { thrownBy } from "../azure/support.ts";

const ENTRY = join(import.meta.dirname, "acting-thread.ts");

function open(start: () => Worker = () => new Worker(ENTRY, { execArgv: [] })) {
  const deaths: { readonly underWay: number; readonly isReplaced: boolean }[] = [];
  let fewer = 0;
  const crew = new Crew({
    surroundings: REAL_SURROUNDINGS,
    replaces: undefined,
    start,
    onDeath: ({ underWay, isReplaced }) => deaths.push({ underWay, isReplaced }),
    onFewer: () => fewer++,
  });
  return { crew, deaths, fewer: () => fewer, [Symbol.asyncDispose]: async () => crew.close() };
}

const transferBy = async (thread: SlotThread | undefined, name: string) => {
  const file = { fileName: name, uri: `https://account.example/${name}` };
  const signal = new AbortController().signal;
  return (await thread?.deliver({ file, blobName: name, announces: "never" }, { signal }))?.result;
};

describe("a crew", () => {
  it("lets a thread that is given back finish what it has, and ends it then", async () => {
    await using opened = open();
    const { crew, deaths } = opened;
    crew.resize(1);
    const [thread] = crew.threads;
    const call = transferBy(thread, "wait-100");
    crew.resize(0);
    crew.look();
    expect(crew.threads).toEqual([]);
    expect(await call).toMatchObject({ outcome: "copied" });
    crew.look();
    expect(thread?.state).toBe("dead");
    expect(deaths).toEqual([]);
  });

  it("puts nobody in the place of one that was given back and dies, and counts that not among the deaths", async () => {
    await using opened = open();
    const { crew, deaths, fewer } = opened;
    for (let n = 0; n < 4; n++) {
      crew.resize(1);
      const call = thrownBy(transferBy(crew.threads[0], "die-exit"));
      crew.resize(0);
      expect(await call).toBeInstanceOf(ThreadDied);
      expect(crew.threads).toEqual([]);
    }
    expect(deaths).toEqual(Array.from({ length: 4 }, () => ({ underWay: 1, isReplaced: false })));
    expect(fewer()).toBe(0);
    crew.resize(1);
    await thrownBy(transferBy(crew.threads[0], "die-exit"));
    expect(deaths.at(-1)).toEqual({ underWay: 1, isReplaced: true });
    expect(crew.threads).toHaveLength(1);
  });

  it("is as large as the system lets it be", async () => {
    let started = 0;
    await using opened = open(() => {
      if (++started === 3) throw new Error("no more of them");
      return new Worker(ENTRY, { execArgv: [] });
    });
    opened.crew.resize(5);
    expect(opened.crew.threads).toHaveLength(2);
    expect(opened.deaths).toEqual([{ underWay: 0, isReplaced: false }]);
  });

  it("says of a dead thread that none takes its place when the system gives no more of them", async () => {
    let started = 0;
    await using opened = open(() => {
      if (++started === 3) throw new Error("no more of them");
      return new Worker(ENTRY, { execArgv: [] });
    });
    opened.crew.resize(2);
    await thrownBy(transferBy(opened.crew.threads[0], "die-exit"));
    expect(opened.crew.threads).toHaveLength(1);
    expect(opened.deaths).toEqual([
      { underWay: 0, isReplaced: false },
      { underWay: 1, isReplaced: false },
    ]);
    expect(opened.fewer()).toBe(1);
  });

  it("starts none in the place of a dead one once none is needed, and tells no failed start", async () => {
    let isNeeded = true;
    await using opened = open(() => {
      if (!isNeeded) throw new ThreadNotNeeded();
      return new Worker(ENTRY, { execArgv: [] });
    });
    opened.crew.resize(1);
    isNeeded = false;
    await thrownBy(transferBy(opened.crew.threads[0], "die-exit"));
    expect(opened.crew.threads).toEqual([]);
    expect(opened.deaths).toEqual([{ underWay: 1, isReplaced: false }]);
  });
});
