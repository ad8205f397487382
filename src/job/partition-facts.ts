/** What a state knows of a partition, as the other machines are told. */
import type { RunSettings } from "../config/run-options.ts";
import { decodeCheckpoint, encodeCheckpoint, withFailuresToRetry } from "../core/checkpoint.ts";
import { giftsOf } from "../core/sub-partition.ts";
import type { PartitionFacts } from "../machines/claim.ts";
import type { ProgressView } from "../progress/progress.ts";
import type { StateSummary } from "../state/ledger.ts";
import type { OpenState } from "../state/state-kind.ts";
import { abortAfter, type Surroundings } from "../surroundings/surroundings.ts";
import { isOfFormerCsv, tellUnread } from "./own-csv.ts";
import { checkpointSummary, isCheckpointDone } from "./checkpoint-summary.ts";

/** How long a checkpoint may take, ms. */
const CHECKPOINT_MS = 25_000;

/** How fast the partition goes on, as others are told. */
export interface Figures {
  first: ProgressView | undefined;
  last: ProgressView | undefined;
}

/** What a start was told of failures and of partitions of others. */
export interface FactsOptions extends Pick<RunSettings, "retryFailed" | "takeOver"> {
  /** Tells of a checkpoint that cannot be read because the CSV has grown. */
  readonly tell: (message: string) => void;
}

/** What the state knows of the partition, as `machines` reads and tells it. */
export function stateFacts(
  { run, queue, ledger }: OpenState,
  partition: number,
  figures: Figures,
  surroundings: Surroundings,
  { retryFailed, takeOver, tell }: FactsOptions,
): PartitionFacts {
  let isFirst = true;
  /** Bytes of the record that was adopted, until it is known how many of them are this state's own. */
  let bytesTold: number | undefined;
  /** Bytes that other machines put into the target: of the record, as every claim begins with it. */
  let bytesElsewhere = 0;
  return {
    async adopt(body) {
      const said = body === undefined || body.length === 0 ? undefined : decodeCheckpoint(body);
      // The state has chosen its own failures to retry when it was opened; those of the record come only now.
      try {
        await queue.admit(partition, said && (isFirst ? withFailuresToRetry(said, retryFailed) : said));
      } catch (thrown) {
        const mayBeOlder = takeOver || (run.input.formerCsvs?.length ?? 0) > 0;
        const own = { partition, workItems: ledger.tally().workItems, mayBeOlder };
        if (said === undefined || !isOfFormerCsv(thrown, said, own)) throw thrown;
        const unread = tellUnread(said, ledger.tally());
        if (unread !== undefined) tell(unread);
        await queue.admit(partition, undefined);
      }
      isFirst = false;
      bytesTold = said?.files.bytes;
    },
    async checkpoint() {
      const own = await ledger.checkpoint(partition, { signal: abortAfter(surroundings, CHECKPOINT_MS) });
      // A claim writes its record before it begins to work: until then nothing was added to the own bytes.
      if (bytesTold !== undefined) bytesElsewhere = Math.max(bytesElsewhere, bytesTold - own.files.bytes);
      bytesTold = undefined;
      const files = { ...own.files, bytes: own.files.bytes + bytesElsewhere };
      const checkpoint = { ...own, files };
      return {
        body: encodeCheckpoint(checkpoint),
        isDone: isCheckpointDone(checkpoint),
        gifts: giftsOf(checkpoint),
        summary: {
          ...checkpointSummary(checkpoint),
          ...shownRates(figures),
          ...shownFiles(ledger.tally(), figures, run.identity.partition === "auto"),
        },
      };
    },
  };
}

/** The same facts; tells once what a new state has taken over, as nothing else in it shows where that comes from. */
export function tellTakenOver(
  facts: PartitionFacts,
  { ledger }: Pick<OpenState, "ledger">,
  tell: (message: string) => void,
): PartitionFacts {
  let isTold = false;
  return {
    checkpoint: async () => facts.checkpoint(),
    async adopt(body, epoch) {
      await facts.adopt(body, epoch);
      const { elsewhere, ...others } = ledger.tally().workItems;
      if (isTold || elsewhere === 0) return;
      isTold = true;
      const all = Object.values(others).reduce((sum, count) => sum + count, elsewhere);
      tell(`${elsewhere} of ${all} work items are done already, by the checkpoint of this run`);
    },
  };
}

function shownRates({ last }: Figures) {
  return {
    filesPerSecond: last?.filesPerSecond ?? 0,
    workItemsPerMinute: last?.workItemsPerMinute ?? 0,
    etaMs: last?.eta?.highMs,
    isPaused: last?.live.state === "paused",
  };
}

/** Files of work items that were not looked up yet are in no checkpoint. @param isAuto the view is of the whole run */
function shownFiles({ drift }: StateSummary, { last }: Figures, isAuto: boolean) {
  const { total: count, totalIsKnown: isKnown = false } = last?.files ?? {};
  const files = count === undefined ? undefined : { count, isKnown };
  return isAuto ? { runFiles: files } : { filesVanished: drift.filesVanished, expectedFiles: files };
}
