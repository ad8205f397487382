/** Announces what is in the target, apart from a run: slots that each take the next file, announce it, and commit that. */
import type { Announcer } from "../announce/announcer.ts";
import { FileFailure } from "../core/failure.ts";
import { type NameTemplate, shortenName } from "../core/target-name.ts";
import { WaitGivenUp } from "../core/waits.ts";
import type { AnnouncementStore, OwedFile } from "../state/announcements.ts";
import type { FailureRecord } from "../state/ledger.ts";
import { DrainingWaits } from "./draining-waits.ts";
import { readStopRequest, StopRequest } from "../core/stop-request.ts";
import { toReuploadError } from "../core/to-error.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import type { PipelineControl, PipelineOutcome } from "./pipeline.ts";

/** Files read from the state at once. */
const BATCH = 1_000;

/** A file that is done with. */
export interface AnnouncementReport {
  readonly file: OwedFile;
  readonly blobName: string;
  readonly attempts: number;
  /** undefined: the queue has accepted it. */
  readonly failure: FailureRecord | undefined;
}

/**
 * - `finished`  every file was tried; also when it was told to stop meanwhile
 * - `stopped`   drained or aborted, by the caller or by what it cannot go on without
 */
export type AnnouncingOutcome = PipelineOutcome;

export interface RunningAnnouncements {
  readonly live: { readonly slots: number; readonly slotsInUse: number };
  /** Never rejects. */
  readonly outcome: Promise<AnnouncingOutcome>;
}

export interface AnnouncementStages {
  readonly surroundings: Surroundings;
  readonly store: AnnouncementStore;
  readonly announcer: Announcer;
}

export interface AnnouncementControl extends Pick<PipelineControl, "stop"> {
  readonly slots: number;
  readonly template: NameTemplate;
  /** Must not throw. */
  readonly onFile: (report: AnnouncementReport) => void;
}

/** Announces every file that the store gives. What fails stays owed; the others go on. */
export function startAnnouncing(
  stages: AnnouncementStages,
  control: AnnouncementControl,
): RunningAnnouncements {
  const announcements = new Announcements(stages, control);
  return { live: announcements, outcome: announcements.run() };
}

class Announcements {
  readonly slots: number;
  slotsInUse = 0;
  readonly #stages: AnnouncementStages;
  readonly #control: AnnouncementControl;
  readonly #signal: AbortSignal;
  readonly #waits: DrainingWaits;
  #batch: Iterator<OwedFile> = [].values();
  /** Files that were begun and are owed still because of a stop. */
  #givenUp = 0;
  /** What it cannot go on without. */
  #fatal: StopRequest | undefined;

  constructor(stages: AnnouncementStages, control: AnnouncementControl) {
    this.#stages = stages;
    this.#control = control;
    this.slots = control.slots;
    this.#signal = control.stop.aborting;
    this.#waits = new DrainingWaits(stages.surroundings, this.#signal, control.stop.draining);
  }

  async run(): Promise<AnnouncingOutcome> {
    using _waits = this.#waits;
    await Promise.all(Array.from({ length: this.slots }, async () => this.#slot()));
    if (this.#fatal !== undefined) return { kind: "stopped", request: this.#fatal };
    if (!this.#mustHalt) return { kind: "finished" };
    const request = readStopRequest(this.#control.stop.draining);
    return request.mattersOnlyIfWorkIsLeft && this.#isOver()
      ? { kind: "finished" }
      : { kind: "stopped", request };
  }

  get #mustHalt(): boolean {
    return this.#control.stop.draining.aborted;
  }

  async #slot(): Promise<void> {
    try {
      for (let file = this.#next(); file !== undefined; file = this.#next()) {
        this.slotsInUse++;
        try {
          const report = await this.#announce(file);
          if (report === undefined) this.#givenUp++;
          else this.#control.onFile(report);
        } finally {
          this.slotsInUse--;
        }
      }
    } catch (error) {
      // What an abort makes the others throw is no cause of its own.
      if (this.#signal.aborted) return void this.#givenUp++;
      this.#fatal = StopRequest.forError(toReuploadError(error));
      this.#control.stop.abort(this.#fatal);
    }
  }

  #next(): OwedFile | undefined {
    return this.#mustHalt ? undefined : this.#take();
  }

  /** Every file was tried. */
  #isOver(): boolean {
    try {
      return this.#givenUp === 0 && this.#take() === undefined;
    } catch {
      return false;
    }
  }

  #take(): OwedFile | undefined {
    const next = this.#batch.next();
    if (next.done !== true) return next.value;
    this.#batch = this.#stages.store.next(BATCH).values();
    const first = this.#batch.next();
    return first.done === true ? undefined : first.value;
  }

  /** Returns once it is committed that the queue has it; undefined when it only waited at a stop. @throws what ends all: ReuploadError, the signal's reason */
  async #announce(file: OwedFile): Promise<AnnouncementReport | undefined> {
    const { store, announcer } = this.#stages;
    const blobName = file.blobName ?? shortenName(this.#control.template.render(file, file.fileName));
    let announced: Awaited<ReturnType<Announcer["announce"]>>;
    try {
      announced = await announcer.announce(blobName, { signal: this.#signal, waits: this.#waits });
    } catch (thrown) {
      if (thrown instanceof WaitGivenUp) return undefined;
      if (!(thrown instanceof FileFailure)) throw thrown;
      const { code, message, attempts, requestId } = thrown;
      return { file, blobName, attempts, failure: { code, message, attempts, requestId } };
    }
    store.announced(file);
    await store.committed();
    return { file, blobName, attempts: announced.attempts, failure: undefined };
  }
}
