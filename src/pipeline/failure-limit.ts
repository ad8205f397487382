import { ReuploadError } from "../core/errors.ts";
import { StopRequest } from "../core/stop-request.ts";
import type { PipelineOptions } from "./pipeline.ts";

/** Before so many came to their end, a share says nothing. A number of files holds from the first one. */
const SHARE_JUDGED_FROM = 100;

/** Counts what came to its end in this start, and says when too much of it failed (`--max-failures`). */
export class FailureLimit {
  failed = 0;
  finished = 0;
  limit: PipelineOptions["maxFailures"];

  constructor(limit: PipelineOptions["maxFailures"]) {
    this.limit = limit;
  }

  count(hasFailed: boolean): void {
    this.finished++;
    if (hasFailed) this.failed++;
  }

  /** Why the run stops: what failed, of how much. */
  stopRequest(): StopRequest {
    const share = `${this.failed} of the ${this.finished} files that came to an end in this start`;
    const error = new ReuploadError("too-many-failures", `More failed than --max-failures allows: ${share}.`);
    return new StopRequest("too-many-failures", share, error.exitCode, error);
  }

  /**
   * @param inFlight files under way: of those that started together, failures often end first, and a share of the
   * finished alone would be too high
   */
  isPassed(inFlight: number): boolean {
    if (this.limit === undefined) return false;
    if ("files" in this.limit) return this.failed > this.limit.files;
    if (this.finished < SHARE_JUDGED_FROM) return false;
    return this.failed * 100 > this.limit.percent * (this.finished + inFlight);
  }
}
