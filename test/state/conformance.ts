/**
 * What every kind of state must do, whatever stands behind the doors: one suite a door. Attach them with a harness:
 *
 *     describeState("SQLite", () => newHarness());
 */
import { describeCheckpoints } from "./conformance-checkpoints.ts";
import { describeKind } from "./conformance-kind.ts";
import { describeLedger } from "./conformance-ledger.ts";
import { describeMoves } from "./conformance-moves.ts";
import { describeOperator } from "./conformance-operator.ts";
import { describePartitions } from "./conformance-partitions.ts";
import { describeQueue } from "./conformance-queue.ts";
import { describeReader } from "./conformance-reader.ts";
import { describeResume } from "./conformance-resume.ts";
import { describeStory } from "./conformance-story.ts";
import { describeSurveys } from "./conformance-surveys.ts";
import type { StateHarness } from "./harness.ts";

export function describeState(kind: string, newHarness: () => Promise<StateHarness>): void {
  describeKind(kind, newHarness);
  describeQueue(kind, newHarness);
  describeLedger(kind, newHarness);
  describeMoves(kind, newHarness);
  describeResume(kind, newHarness);
  describePartitions(kind, newHarness);
  describeCheckpoints(kind, newHarness);
  describeSurveys(kind, newHarness);
  describeReader(kind, newHarness);
  describeOperator(kind, newHarness);
  describeStory(kind, newHarness);
}
