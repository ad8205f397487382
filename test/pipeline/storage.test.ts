/** The pipeline with its real stages: a state on disk, the emulator behind a proxy that makes faults. */
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { QueueAnnouncer } from "../../src/announce/queue-announcer.ts";
import { RestQueueCalls } from "../../src/azure/calls/rest-queue-calls.ts";
import { DEFAULT_NAME_TEMPLATE, parseNameTemplate } from "../../src/core/target-name.ts";
import type { PipelineOutcome } from "../../src/pipeline/pipeline.ts";
import { LocalDelivery } from "../../src/delivery/local-delivery.ts";
import { startPipeline } from "../../src/pipeline/run-pipeline.ts";
import type { OpenState } from "../../src/state/state-kind.ts";
import { quickGate, restTo } from "../azure/support.ts";
import { csvOf, workItem } from "../state/samples.ts";
import { openState, temporaryFolder } from "../state/state-support.ts";
import { readerOf } from "../support/reader.ts";
import { Bench, BLOCK, content, type LadderOptions, md5Of } from "../transfer/support.ts";
import { MapCatalog, stopBy } from "./support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

let bench: Bench;
let queue: string;
let catalog: MapCatalog;
/** MD5 by target name, of all that is to be there in the end. */
let wanted: Map<string, string>;
let path: string;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(async () => {
  await bench.reset();
  queue = (await bench.storage.newQueue()).name;
  path = join(await temporaryFolder(), "state.db");
  catalog = new MapCatalog(new Map());
  wanted = new Map();
  for (const [item, count] of COUNTS.entries()) {
    const files = await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const body = content(n === 0 ? 3 * BLOCK : 500 + n);
        wanted.set(`item-${item}-f${n}.json`, md5Of(body));
        return { ...(await bench.put(`${item} f${n}`, body)), fileName: `f${n}.json` };
      }),
    );
    catalog.answers.set(`item-${item}`, { files });
  }
  bench.proxy.forget();
});

const COUNTS = [1, 8, 0, 14, 2, 1];

interface Running {
  readonly store: OpenState;
  readonly outcome: Promise<PipelineOutcome>;
}

async function start(options: LadderOptions & { readonly signal?: AbortSignal } = {}): Promise<Running> {
  const store = await openState(path, csvOf(COUNTS.map((_, n) => workItem(n))));
  const { ladder, tools } = bench.ladder(options);
  const announcer = new QueueAnnouncer({
    calls: new RestQueueCalls(restTo(bench.account), queue),
    gate: quickGate(options.gate),
    attempts: tools.attempts,
    containerName: bench.target.containerName,
    timeToLiveSeconds: -1,
  });
  const delivery = new LocalDelivery({ transfer: ladder, announcer });
  const abort = new AbortController();
  options.signal?.addEventListener("abort", () => abort.abort(options.signal?.reason), { once: true });
  const { outcome } = startPipeline(
    { surroundings: REAL_SURROUNDINGS, state: store, catalog, delivery },
    {
      workItemWorkers: 2,
      fileWorkers: 4,
      template: parseNameTemplate(DEFAULT_NAME_TEMPLATE),
      onCollision: "report",
      onEmpty: "report",
      announceExisting: "always",
      runBegan: store.run.createdAt,
      maxFailures: undefined,
    },
    { stop: stopBy(new AbortController(), abort) },
  );
  return { store, outcome };
}

const announcements = async (): Promise<string[]> =>
  (await readerOf(bench.storage.connectionString).takeAnnouncements(queue)).map(({ blob_name }) => blob_name);

const found = async (): Promise<Map<string, string>> =>
  new Map([...(await bench.found()).values()].map(({ name, md5 }) => [name, md5]));

const sorted = (map: ReadonlyMap<string, string>): [string, string][] =>
  [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

describe("a run on real storage", () => {
  it.each([
    ["streaming", { mode: "stream" }],
    ["copying in the service where it can", { mode: "auto" }],
  ] as const)("puts every file there and announces it once, %s", async (_, settings) => {
    const { store, outcome } = await start({ settings });
    expect(await outcome).toEqual({ kind: "finished" });
    expect(sorted(await found())).toEqual(sorted(wanted));
    expect((await announcements()).toSorted()).toEqual([...wanted.keys()].toSorted());
    expect(store.ledger.tally()).toMatchObject({
      workItems: { completed: 5, empty: 1, failed: 0 },
      files: { total: wanted.size, copied: wanted.size, announced: wanted.size },
    });
  });

  it("loses nothing to throttling, resets, lost answers and broken downloads", async () => {
    const { proxy } = bench;
    // Often enough to meet many requests, and seldom enough that none meets eight in a row.
    const every = (n: number) => {
      let seen = 0;
      return () => ++seen % n === 0;
    };
    proxy.fail({ fault: { kind: "answer", status: 429, headers: { "retry-after": "0" } }, when: every(13) });
    proxy.fail({ fault: { kind: "reset-after" }, when: every(17) });
    proxy.fail({ fault: { kind: "reset-before" }, when: every(19) });
    proxy.fail({ fault: { kind: "cut-body", afterBytes: 7 }, operation: "get-blob", when: every(7) });
    const { store, outcome } = await start();
    expect(await outcome).toEqual({ kind: "finished" });
    const why = JSON.stringify(await store.ledger.failures());
    expect(store.ledger.tally().files, why).toMatchObject({
      total: wanted.size,
      failed: 0,
      announced: wanted.size,
    });
    proxy.heal();
    expect(sorted(await found())).toEqual(sorted(wanted));
    expect(new Set(await announcements())).toEqual(new Set(wanted.keys()));
  });

  it("ends with everything there when it is aborted again and again, and repeats at most the slots' announcements", async () => {
    const said: string[] = [];
    for (let round = 1; ; round++) {
      const run = new AbortController();
      const { store, outcome } = await start({ signal: run.signal });
      // Each round gets further: large files are read anew, so that a fixed number of requests may not get one done.
      const until = bench.proxy.count() + 20 + 10 * round;
      const stop = setInterval(() => bench.proxy.count() >= until && run.abort(new Error("stop")), 1);
      const { kind } = await outcome;
      clearInterval(stop);
      await store.close();
      said.push(...(await announcements()));
      if (kind === "finished") {
        expect(round).toBeGreaterThan(2);
        expect(said.length - wanted.size).toBeLessThanOrEqual(8 * (round - 1));
        break;
      }
    }
    expect(sorted(await found())).toEqual(sorted(wanted));
    expect(new Set(said)).toEqual(new Set(wanted.keys()));
  });
});
