/** A pipeline on a real state, with a catalog in memory and stages that do what the test says. */
import { join } from "node:path";
import type { Announcer } from "../../src/announce/announcer.ts";
import type { Catalog, Lookup, Survey } from "../../src/catalog/catalog.ts";
import { recheckByLookup } from "../../src/catalog/recheck.ts";
import { type CatalogFile, linkExpiry } from "../../src/core/file.ts";
import type { RunStop } from "../../src/core/stop-request.ts";
import { DEFAULT_NAME_TEMPLATE, parseNameTemplate } from "../../src/core/target-name.ts";
import type { RunIdentity } from "../../src/core/run-identity.ts";
import type { WorkItem } from "../../src/core/work-item.ts";
import type { FileReport, PipelineOptions, PipelineOutcome, Stages } from "../../src/pipeline/pipeline.ts";
import { LocalDelivery } from "../../src/delivery/local-delivery.ts";
import { startPipeline } from "../../src/pipeline/run-pipeline.ts";
import type { OpenOptions, OpenState } from "../../src/state/state-kind.ts";
import type { WorkQueue } from "../../src/state/work-queue.ts";
import type { Transfer, TransferredFile } from "../../src/transfer/transfer.ts";
import { csvOf, DESCRIPTION, workItem } from "../state/samples.ts";
import { openState, temporaryFolder } from "../state/state-support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

export const COPIED: TransferredFile = {
  outcome: "copied",
  bytes: 100,
  method: "put-blob-from-url",
  attempts: 1,
  existingSince: undefined,
};

/** Files of the `item`-th work item. */
export const files = (item: number, count: number): CatalogFile[] =>
  Array.from({ length: count }, (_, n) => ({
    fileName: `f${n}.json`,
    uri: `https://source.example/c/item-${item}/f${n}.json?sig=old`,
  }));

export type CatalogAnswer = Partial<Omit<Lookup, "workItem">> | "none";

/** A catalog that gives what the map says; a work item that is not in it has no files. */
export class MapCatalog implements Catalog {
  readonly identity = "map";
  batchSize = 16;
  /** Asked for, in order; `fresh:` before those that were asked for anew. */
  readonly asked: string[] = [];
  readonly answers: Map<string, CatalogAnswer>;
  /** Awaited before each answer. */
  before: (workItem: WorkItem, signal: AbortSignal) => Promise<void> = async () => {};
  /** Changes files when they are asked for anew. */
  fresh: (file: CatalogFile) => CatalogFile = (file) => file;

  constructor(answers: Map<string, CatalogAnswer>) {
    this.answers = answers;
  }

  async *lookup(
    workItems: readonly WorkItem[],
    { signal, fresh = false }: { signal: AbortSignal; fresh?: boolean },
  ): AsyncGenerator<Lookup> {
    for (const item of workItems) {
      this.asked.push(`${fresh ? "fresh:" : ""}${item.workItemId}`);
      await this.before(item, signal);
      signal.throwIfAborted();
      const answer = this.answers.get(item.workItemId) ?? {};
      if (answer === "none") continue;
      const found = answer.files ?? [];
      yield {
        workItem: item,
        workItemName: "",
        problems: [],
        ...answer,
        files: fresh ? found.map((file) => this.fresh(file)) : found,
      };
    }
  }

  /** Whether it counts ahead; awaited before each batch of counts. */
  canCount = false;
  beforeSurvey: (signal: AbortSignal) => Promise<void> = async () => {};

  async *survey(
    batches: AsyncIterable<readonly WorkItem[]>,
    { signal }: { signal: AbortSignal },
  ): AsyncGenerator<Survey[]> {
    if (!this.canCount) return;
    for await (const batch of batches) {
      await this.beforeSurvey(signal);
      yield batch.map((item) => {
        const answer = this.answers.get(item.workItemId) ?? {};
        const found = answer === "none" ? [] : (answer.files ?? []);
        const ends = found.flatMap(({ uri }) => linkExpiry(uri) ?? []);
        return {
          workItem: item,
          files: found.length,
          linksEndAt: ends.length === 0 ? undefined : Math.min(...ends),
        };
      });
    }
  }

  recheck(
    batches: AsyncIterable<readonly WorkItem[]>,
    options: { signal: AbortSignal },
  ): AsyncIterable<readonly Survey[]> {
    return this.canCount ? recheckByLookup(this, batches, options) : this.survey(batches, options);
  }

  rejectedRows = () => ({ count: 0, file: undefined });
  close = async (): Promise<void> => {};
}

/** The catalog in which the n-th work item has so many files. */
export const catalogOf = (counts: readonly number[]): MapCatalog =>
  new MapCatalog(new Map(counts.map((count, n) => [workItem(n).workItemId, { files: files(n, count) }])));

export type TransferFile = (
  file: CatalogFile,
  blobName: string,
  signal: AbortSignal,
) => ReturnType<Transfer["transfer"]>;

type RigOptions = Partial<PipelineOptions> & {
  readonly queue?: boolean;
  /** The holder that claims; the state's own by default. */
  readonly holder?: WorkQueue;
};

export interface Rig {
  readonly store: OpenState;
  readonly catalog: MapCatalog;
  /** Names of the blobs whose transfer was begun, and of those announced, in order. */
  readonly transferred: string[];
  readonly announced: string[];
  readonly reports: FileReport[];
  /** What a transfer does; by default it copies. */
  transfer: TransferFile;
  announce: (blobName: string, signal: AbortSignal) => Promise<void>;
  readonly drain: AbortController;
  readonly abort: AbortController;
  start(options?: RigOptions): ReturnType<typeof startPipeline>;
  run(options?: RigOptions): Promise<PipelineOutcome>;
}

/** A rig on this state file (a new one by default) with `count` work items. */
export async function rig(
  catalog: MapCatalog,
  count: number,
  {
    path,
    retryFailed = "all",
    share = {},
    only,
  }: {
    path?: string;
    retryFailed?: "all" | "none";
    share?: Partial<RunIdentity>;
    only?: OpenOptions["only"];
  } = {},
): Promise<Rig> {
  const statePath = path ?? join(await temporaryFolder(), "state.db");
  const items = Array.from({ length: count }, (_, n) => workItem(n));
  const description = { ...DESCRIPTION, identity: { ...DESCRIPTION.identity, ...share } };
  const store = await openState(statePath, csvOf(items), { retryFailed, description, ...(only && { only }) });
  const made: Rig = {
    store,
    catalog,
    transferred: [],
    announced: [],
    reports: [],
    transfer: async () => COPIED,
    announce: async () => {},
    drain: new AbortController(),
    abort: new AbortController(),
    start({ queue = true, holder, ...options } = {}) {
      const transfer: Transfer = {
        async transfer(file, blobName, { signal }) {
          made.transferred.push(blobName);
          return made.transfer(file, blobName, signal);
        },
      };
      const announcer: Announcer = {
        async announce(blobName, { signal }) {
          await made.announce(blobName, signal);
          made.announced.push(blobName);
          return { attempts: 1 };
        },
      };
      const stages: Stages = {
        surroundings: REAL_SURROUNDINGS,
        state: holder === undefined ? store : { ...store, queue: holder },
        catalog,
        delivery: new LocalDelivery({ transfer, announcer: queue ? announcer : undefined }),
      };
      return startPipeline(
        stages,
        {
          workItemWorkers: 4,
          fileWorkers: 5,
          template: parseNameTemplate(DEFAULT_NAME_TEMPLATE),
          onCollision: "report",
          onEmpty: "report",
          announceExisting: "always",
          runBegan: store.run.createdAt,
          maxFailures: undefined,
          ...options,
        },
        {
          stop: stopBy(made.drain, made.abort),
          onFile: (report) => made.reports.push(report),
        },
      );
    },
    run: async (options) => made.start(options).outcome,
  };
  return made;
}

/** A stop that comes from these two, and from the pipeline itself. */
export function stopBy(drain: AbortController, abort: AbortController): RunStop {
  abort.signal.addEventListener("abort", () => drain.abort(abort.signal.reason), { once: true });
  return {
    draining: drain.signal,
    aborting: abort.signal,
    drain: (request) => drain.abort(request),
    abort: (request) => abort.abort(request),
  };
}

/** Waits until the signal aborts, as a hanging transfer would. */
export const hang = async (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });

/** A gate: those who wait pass when it is opened. */
export function gate(): {
  readonly wait: () => Promise<void>;
  readonly open: () => void;
  readonly waiting: () => number;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  return {
    open: () => resolve(),
    waiting: () => waiting,
    wait: async () => {
      waiting++;
      await promise;
      waiting--;
    },
  };
}
