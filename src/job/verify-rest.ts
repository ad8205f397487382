/** Verifies the work items that an earlier start left, and notes how far it came. */
import { distinctWorkItems, skipFirst, UnexpectedBlobs, verifyWorkItems } from "../proof/proof.ts";
import type { VerifyReport } from "../report/verify-report.ts";
import type { JobContext } from "./context.ts";
import { Verification } from "./verification.ts";
import type { OpenedVerify } from "./verify.ts";
import type { Resumed, VerifyJournal } from "./verify-journal.ts";

/** The place is noted so often: a stop repeats as much, ms. */
const MARK_MS = 1_000;

interface Rest {
  /** Absolute. */
  readonly csv: string;
  readonly opened: OpenedVerify;
  readonly journal: VerifyJournal;
}

interface Found {
  readonly verification: Verification;
  readonly extra: VerifyReport["extra"];
  /** False: a stop ended it. */
  readonly isComplete: boolean;
}

/** A stop ends it; what was found until then is in the journal. @throws as `verifyWorkItems`, but for the stop */
export async function verifyRest(context: JobContext, rest: Rest): Promise<Found> {
  const { opened, journal, csv } = rest;
  const { rows, options, catalog } = opened;
  const { control } = context;
  const resumed = await journal.resumed();
  if (resumed !== undefined && resumed.workItems > 0) {
    const done = `${resumed.workItems} of ${rows.workItems} work items are verified`;
    context.notice("info", `continuing the verification that was stopped: ${done}`);
  }
  const verification = new Verification(context, opened.check, resumed);
  const unexpected = openUnexpected(opened, resumed);
  const follow = verification.follow(opened.services, rows.workItems, opened.doors);
  control.begin();
  try {
    await goOn(context, rest, { verification, unexpected, begun: resumed?.workItems ?? 0 });
    const found = await unexpected.judge({ catalog }, distinctWorkItems({ path: csv }, rows, options.signal));
    verification.tell(found);
    const extra = { blobs: found.length, notJudged: unexpected.beyond };
    return { verification, extra, isComplete: true };
  } catch (thrown) {
    if (control.stopRequest === undefined || thrown !== control.stopRequest) throw thrown;
    return { verification, extra: { blobs: 0, notJudged: 0 }, isComplete: false };
  } finally {
    follow.end();
  }
}

function openUnexpected({ rows, options }: OpenedVerify, resumed: Resumed | undefined): UnexpectedBlobs {
  const unexpected = new UnexpectedBlobs(rows.names, options);
  if (resumed === undefined) return unexpected;
  for (const one of resumed.unexpected) unexpected.keep(one);
  unexpected.beyond = resumed.beyond;
  unexpected.namedByCatalog = resumed.namedByCatalog;
  return unexpected;
}

interface Going {
  readonly verification: Verification;
  readonly unexpected: UnexpectedBlobs;
  /** Work items that are verified already. */
  readonly begun: number;
}

async function goOn(
  { surroundings }: JobContext,
  { opened, journal, csv }: Rest,
  { verification, unexpected, begun }: Going,
): Promise<void> {
  const { rows, options, doors } = opened;
  const all = distinctWorkItems({ path: csv }, rows, options.signal);
  let [workItems, markedAt] = [begun, surroundings.monotonic()];
  const mark = async (): Promise<void> => {
    const { tally, cost } = verification;
    const { beyond, namedByCatalog } = unexpected;
    await journal.mark({ workItems, tally, cost, beyond, namedByCatalog });
    markedAt = surroundings.monotonic();
  };
  try {
    for await (const verdicts of verifyWorkItems(doors, skipFirst(all, begun), options)) {
      for (const verdict of verdicts) {
        const { workItem, damage } = verdict;
        for (const example of verification.take(verdict)) journal.note({ example });
        for (const one of unexpected.take(verdict)) journal.note({ unexpected: one });
        if (damage !== undefined) journal.note({ damage: { workItem, ...damage } });
      }
      workItems += verdicts.length;
      if (surroundings.monotonic() - markedAt >= MARK_MS) await mark();
    }
  } finally {
    await mark();
  }
}
