/** A verification while it goes: what was found so far, told as it comes, with its progress. */
import type { CheckCost, TargetCheck } from "../transfer/transfer.ts";
import {
  addTallies,
  EMPTY_TALLY,
  type Finding,
  FINDING_KINDS,
  type Seen,
  type Turns,
  type VerifyTally,
  type WorkItemVerdict,
} from "../proof/proof.ts";
import type { VerifyReport } from "../report/verify-report.ts";
import type { StateSummary } from "../state/ledger.ts";
import type { JobContext } from "./context.ts";
import { type Follower, followRun } from "./follow.ts";
import type { Services } from "./services.ts";

/** Findings of each kind that are named in the summary. */
const MOST_EXAMPLES = 5;

const NO_COST: CheckCost = { lists: 0, looks: 0, reads: 0, bytesRead: 0 };

/** What was found before this start. */
export interface EarlierFindings {
  readonly tally: VerifyTally;
  readonly cost: CheckCost & { readonly elapsedMs: number };
  readonly examples: readonly Finding[];
}

export class Verification {
  tally: VerifyTally;
  readonly examples: Finding[];
  readonly #context: JobContext;
  readonly #check: TargetCheck;
  readonly #earlier: CheckCost & { readonly elapsedMs: number };
  readonly #began: number;

  constructor(context: JobContext, check: TargetCheck, earlier?: EarlierFindings) {
    this.#context = context;
    this.#check = check;
    this.#earlier = earlier?.cost ?? { ...NO_COST, elapsedMs: 0 };
    this.tally = earlier?.tally ?? EMPTY_TALLY;
    this.examples = [...(earlier?.examples ?? [])];
    this.#began = context.surroundings.monotonic();
  }

  /** @returns the findings that are new among the examples */
  take({ tally, findings }: Pick<WorkItemVerdict, "tally" | "findings">): readonly Finding[] {
    this.tally = addTallies(this.tally, tally);
    return this.tell(findings);
  }

  /** Tells findings. @returns those that are new among the examples */
  tell(findings: readonly Finding[]): readonly Finding[] {
    return findings.filter((finding) => {
      this.#context.reporter.tell({ type: "finding", finding });
      const ofKind = this.examples.filter(({ kind }) => kind === finding.kind).length;
      if (ofKind >= MOST_EXAMPLES) return false;
      this.examples.push(finding);
      return true;
    });
  }

  /** Over all starts of this verification. */
  get cost(): VerifyReport["cost"] {
    const { lists, looks, reads, bytesRead } = this.#check.cost;
    const earlier = this.#earlier;
    return {
      lists: earlier.lists + lists,
      looks: earlier.looks + looks,
      reads: earlier.reads + reads,
      bytesRead: earlier.bytesRead + bytesRead,
      elapsedMs: earlier.elapsedMs + this.#context.surroundings.monotonic() - this.#began,
    };
  }

  /** Shows how it goes until its `end`. @param workItems of the whole verification */
  follow(
    services: Services,
    workItems: number,
    { turns, seen }: { readonly turns: Turns; readonly seen: Seen },
  ): Follower {
    const before = this.tally;
    const follower = followRun({
      ...this.#context,
      state: {
        ledger: { tally: () => verifySummary(before, seen, workItems) },
        presence: { beat: () => {} },
      },
      services,
    });
    follower.watch({
      slots: turns.width,
      get slotsInUse() {
        return turns.inUse;
      },
      openWorkItems: 0,
      linksRenewed: 0,
      miscounted: { workItems: 0, counted: 0, listed: 0 },
    });
    return follower;
  }

  /** Those of the report's fields that are counted here, the examples by kind. */
  get figures() {
    const { tally } = this;
    const { empty, lookupsFailed, listed, notListedToEnd } = tally;
    const byKind = FINDING_KINDS.flatMap((kind) => this.examples.filter((one) => one.kind === kind));
    return {
      workItems: { verified: tally.workItems, empty, lookupsFailed, listed, notListedToEnd },
      files: {
        total: tally.files,
        sameByBytes: tally.sameByBytes,
        sameByMd5: tally.sameByMd5,
        sameByLength: tally.sameByLength,
        sameByName: tally.sameByName,
        missing: tally.missing,
        different: tally.different,
        unreadable: tally.unreadable,
        refused: tally.refused,
        leftOut: tally.leftOut,
        notAnnounced: tally.notAnnounced,
      },
      cost: this.cost,
      examples: byKind,
    } satisfies Partial<VerifyReport>;
  }
}

/** As the progress model needs it: what was verified before this start, and what was seen in it. */
function verifySummary(before: VerifyTally, seen: Seen, workItems: number): StateSummary {
  const done = before.workItems + seen.workItemsDone;
  const left = Math.max(0, workItems - done);
  const wrongBefore = before.missing + before.different + before.unreadable + before.refused;
  const failed = wrongBefore + seen.filesWrong;
  const skipped = before.leftOut;
  return {
    workItems: {
      pending: left,
      in_progress: 0,
      completed: workItems - left,
      empty: 0,
      failed: 0,
      skipped: 0,
      elsewhere: 0,
      not_mine: 0,
    },
    notLookedUp: left,
    notSurveyed: Math.max(0, workItems - before.workItems - seen.workItems),
    files: {
      total: before.files + seen.files,
      copied: before.files + seen.filesDone - failed - skipped,
      alreadyThere: 0,
      elsewhere: 0,
      failed,
      skipped,
      uploaded: 0,
      announced: 0,
      duplicates: 0,
      leftOut: 0,
      shortened: 0,
      expected: 0,
    },
    drift: { workItems: 0, filesAdded: 0, filesVanished: 0 },
    bytes: 0,
  };
}
