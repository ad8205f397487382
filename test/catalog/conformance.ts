import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Catalog, Lookup, Survey } from "../../src/catalog/catalog.ts";
import type { CatalogFile } from "../../src/core/file.ts";
import { sortFiles } from "../../src/core/file-plan.ts";
import { makeReceipt } from "../../src/core/receipt.ts";
import type { WorkItem } from "../../src/core/work-item.ts";

/** What a catalog under test is to hold. */
export interface ListedWorkItem {
  readonly jobId: string;
  readonly workItemId: string;
  readonly workItemName: string;
  readonly fileNames: readonly string[];
}

/** A catalog that holds what was asked for. */
export interface CatalogUnderTest {
  readonly catalog: Catalog;
  /** Whether this kind knows the names of work items. */
  readonly knowsNames: boolean;
  /** The files of a work item as this kind lists them, in any order. */
  filesOf(listed: ListedWorkItem): readonly CatalogFile[];
  /** Removes what was made; the catalog is closed before. */
  remove(): Promise<void>;
}

const ODD_NAMES = [
  "with space.json",
  "ünïcode-漢字.json",
  "100%.json",
  "a+b#c.json",
  'it\'s, "so".json',
  "dir/a.json",
];

const MANY: ListedWorkItem = {
  jobId: "job-1",
  workItemId: "1889211721",
  workItemName: "Many files",
  fileNames: Array.from({ length: 300 }, (_, i) => `result-${(i * 77) % 300}.json`),
};
const ODD: ListedWorkItem = {
  jobId: "job-1",
  workItemId: "007",
  workItemName: "Ödd names",
  fileNames: ODD_NAMES,
};
const SAME_ID: ListedWorkItem = {
  jobId: "job-2",
  workItemId: "007",
  workItemName: "Same id, other job",
  fileNames: ["b.json", "a.json"],
};
const LISTED = [MANY, ODD, SAME_ID];
const UNKNOWN: WorkItem = { jobId: "job-1", workItemId: "1", workItemName: "" };

/** Holds a kind of catalog to the contract of `Catalog`. */
export function catalogConformance(
  name: string,
  makeCatalog: (contents: readonly ListedWorkItem[]) => Promise<CatalogUnderTest>,
): void {
  describe(`${name} as a catalog`, () => {
    const { signal } = new AbortController();
    let made: CatalogUnderTest;
    let catalog: Catalog;

    beforeEach(async () => {
      made = await makeCatalog(LISTED);
      catalog = made.catalog;
    });

    afterEach(async () => {
      await catalog.close();
      await made.remove();
    });

    function expectAnswer(answer: Lookup | undefined, listed: ListedWorkItem): void {
      expect(answer?.files).toEqual(sortFiles(made.filesOf(listed)));
      expect(answer).toMatchObject({
        problems: [],
        workItemName: made.knowsNames ? listed.workItemName : "",
      });
      expect(answer?.failure).toBeUndefined();
    }

    it("gives each work item its own files, in catalog order", async () => {
      const answers = await lookUp(catalog, LISTED.map(asked), { signal });
      expect(answers).toHaveLength(LISTED.length);
      for (const listed of LISTED) expectAnswer(answerFor(answers, listed), listed);
    });

    it("gives no files and no failure for a work item that it does not list", async () => {
      const answers = await lookUp(catalog, [UNKNOWN, asked(ODD)], { signal });
      expect(answerFor(answers, UNKNOWN)).toMatchObject({ files: [], problems: [], workItemName: "" });
      expect(answerFor(answers, UNKNOWN)?.failure).toBeUndefined();
      expectAnswer(answerFor(answers, ODD), ODD);
    });

    it("gives the same answer again, also when fresh links are asked for", async () => {
      const first = await lookUp(catalog, [asked(MANY)], { signal });
      expect(await lookUp(catalog, [asked(MANY)], { signal })).toEqual(first);
      const fresh = await lookUp(catalog, [asked(MANY)], { signal, fresh: true });
      expect(fresh.map(({ files }) => files.map(({ fileName }) => fileName))).toEqual(
        first.map(({ files }) => files.map(({ fileName }) => fileName)),
      );
    });

    it("answers lookups that are under way at the same time", async () => {
      const asks = Array.from({ length: 20 }, (_, i) => LISTED[i % LISTED.length] ?? MANY);
      const all = await Promise.all(
        asks.map((listed, i) => lookUp(catalog, [asked(listed)], { signal, fresh: i % 5 === 0 })),
      );
      for (const [i, listed] of asks.entries()) expectAnswer(all[i]?.[0], listed);
    });

    it("answers each work item of a full batch once", async () => {
      expect(catalog.batchSize).toBeGreaterThanOrEqual(1);
      const batch = Array.from({ length: catalog.batchSize }, (_, i) => ({
        ...UNKNOWN,
        workItemId: `no-${i}`,
      }));
      const answers = await lookUp(catalog, batch, { signal });
      expect(answers.map(({ workItem }) => workItem.workItemId).toSorted()).toEqual(
        batch.map(({ workItemId }) => workItemId).toSorted(),
      );
    });

    it("can be used again after a lookup that nobody read to its end", async () => {
      for await (const answer of catalog.lookup(LISTED.map(asked), { signal })) {
        expect(answer.failure).toBeUndefined();
        break;
      }
      const [answer] = await lookUp(catalog, [asked(SAME_ID)], { signal });
      expectAnswer(answer, SAME_ID);
    });

    it("stops when the signal is aborted", async () => {
      const reason = new Error("stopped by the test");
      await expect(lookUp(catalog, [asked(ODD)], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const midway = async (): Promise<void> => {
        for await (const answer of catalog.lookup(LISTED.map(asked), { signal: controller.signal })) {
          expect(answer.failure).toBeUndefined();
          controller.abort(reason);
        }
      };
      await expect(midway()).rejects.toBe(reason);
      await expect(surveyed(catalog, [[asked(ODD)]], { signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      );
    });

    it("surveys each work item with the count that its lookup gives, or surveys nothing for it", async () => {
      const asks = [[asked(MANY), UNKNOWN], [], [asked(ODD), asked(SAME_ID)]];
      const surveys = await surveyed(catalog, asks, { signal });
      const ids = surveys.map(({ workItem }) => JSON.stringify(workItem));
      expect(new Set(ids).size).toBe(ids.length);
      const answers = await lookUp(catalog, asks.flat(), { signal });
      for (const { workItem, files } of surveys) {
        expect(files).toBe(answerFor(answers, workItem)?.files.length);
      }
    });

    it("rechecks each work item with the count of its lookup and its receipt's digest, or rechecks nothing", async () => {
      const asks = [[asked(MANY), UNKNOWN], [], [asked(ODD), asked(SAME_ID)]];
      const answers = await lookUp(catalog, asks.flat(), { signal });
      for (const { workItem, files, digest } of await rechecked(catalog, asks, { signal })) {
        const receipt = makeReceipt(answerFor(answers, workItem)?.files ?? []);
        expect({ files, digest: digest ?? receipt.digest }).toEqual({
          files: receipt.count,
          digest: receipt.digest,
        });
      }
    });

    it("surveys nothing when nothing is asked for", async () => {
      expect(await surveyed(catalog, [[], []], { signal })).toEqual([]);
    });

    it("has an identity that tells its kind and holds no query", () => {
      expect(catalog.identity).toMatch(/^[a-z]+:[^?]+$/);
    });

    it("rejects no row of a sound catalog", () => {
      expect(catalog.rejectedRows()).toEqual({ count: 0, file: undefined });
    });
  });
}

/** All answers of one lookup. */
export async function lookUp(
  catalog: Catalog,
  workItems: readonly WorkItem[],
  options: { signal: AbortSignal; fresh?: boolean },
): Promise<Lookup[]> {
  return Array.fromAsync(catalog.lookup(workItems, options));
}

/** All that a survey gives for these batches. */
export async function surveyed(
  catalog: Catalog,
  groups: readonly (readonly WorkItem[])[],
  options: { signal: AbortSignal },
): Promise<Survey[]> {
  return (await Array.fromAsync(catalog.survey(batches(groups), options))).flat();
}

/** All that a recheck gives for these batches. */
export async function rechecked(
  catalog: Catalog,
  groups: readonly (readonly WorkItem[])[],
  options: { signal: AbortSignal },
): Promise<Survey[]> {
  return (await Array.fromAsync(catalog.recheck(batches(groups), options))).flat();
}

/** A work item as the CSV has it: the catalog's name for it is not known there. */
function asked({ jobId, workItemId }: ListedWorkItem): WorkItem {
  return { jobId, workItemId, workItemName: "" };
}

function answerFor(
  answers: readonly Lookup[],
  { jobId, workItemId }: Omit<WorkItem, "workItemName">,
): Lookup | undefined {
  return answers.find(({ workItem }) => workItem.jobId === jobId && workItem.workItemId === workItemId);
}

async function* batches(groups: readonly (readonly WorkItem[])[]): AsyncGenerator<readonly WorkItem[]> {
  yield* groups;
}
