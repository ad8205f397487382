/** Compares catalog, states and target after a run: what is opened in which order, and what comes of what is found. */
import { describeAttributes } from "../core/blob-attributes.ts";
import { splitQueues } from "../core/queues.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { PartSize } from "../config/values.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { ReuploadError } from "../core/errors.ts";
import { filterText } from "../core/file-filter.ts";
import type { Emulator } from "../emulator/emulator.ts";
import {
  distinctWorkItems,
  nothingSeen,
  type SurveyedRows,
  surveyRows,
  Turns,
  type VerifyDoors,
  type VerifyOptions,
} from "../proof/proof.ts";
import type { TargetCheck } from "../transfer/transfer.ts";
import type { CatalogSource } from "./catalogs.ts";
import type { JobContext } from "./context.ts";
import { tellLateStop } from "./ending.ts";
import { checkFilter, readFilter } from "./file-filter.ts";
import { forgetState, removeIndex } from "./leftovers.ts";
import { repairDamage, repairState } from "./repair.ts";
import type { Services } from "./services.ts";
import { openTarget, prepareTarget, startRunEmulator } from "./start.ts";
import type { OpenStates } from "./states.ts";
import { Verification } from "./verification.ts";
import { verifyExitCode, verifyReport } from "./verify-ending.ts";
import { attributesInRules, checkAttributes } from "./verify-attributes.ts";
import { VerifyJournal, verifyStem } from "./verify-journal.ts";
import { verifyPart } from "./verify-part.ts";
import { findStoredRun, type KnownRun, knowRun } from "./verify-record.ts";
import { verifyRest } from "./verify-rest.ts";

/** Checks at once with `--concurrency auto`: they are small requests. */
const AUTO_CHECKS = 64;

/** What is to be verified, and how. */
export interface VerifyRequest {
  readonly settings: RunSettings;
  /** Absolute. */
  readonly csv: string;
  readonly catalog: CatalogSource;
  /** When the run began, ms since the epoch. */
  readonly began: number;
  /** undefined: none is given. */
  readonly states: OpenStates | undefined;
  /** `--emulator`: its data lies beside this state. */
  readonly stateDb: string;
  readonly deep: boolean;
  readonly sample: PartSize | undefined;
  /** What is missing is sent again. */
  readonly repair: boolean;
  /** The operator says where it is announced. */
  readonly isQueueGiven: boolean;
  /** A journal that is there is dropped. */
  readonly restart: boolean;
  /** Takes the CSV of the work items with missing or different files. */
  readonly exportMissing: ((text: string) => Promise<void>) | undefined;
  /** Commands that may be told, by what they do. */
  readonly commands: {
    readonly again: string;
    readonly repair: string;
    readonly resume: (stateDb: string) => string;
  };
}

/** What a verification works with once everything is open. */
export interface OpenedVerify {
  readonly services: Services;
  /** Blob endpoint and container. */
  readonly target: string;
  readonly rows: SurveyedRows;
  readonly known: KnownRun | undefined;
  readonly catalog: Catalog;
  readonly check: TargetCheck;
  readonly doors: VerifyDoors;
  readonly options: VerifyOptions;
}

/**
 * Verifies, and tells what it found.
 *
 * @returns 0 when everything is proven, 1 when something is missing, different or not proven, else why it was stopped
 * @throws ReuploadError what ends it before its first work item
 */
export async function verify(context: JobContext, request: VerifyRequest): Promise<ExitCode> {
  const { settings, stateDb } = request;
  const emulator = settings.emulator ? await startRunEmulator(context, stateDb) : undefined;
  try {
    return await new Verify(context, request, emulator).execute();
  } finally {
    context.control.end();
    await emulator?.stop();
  }
}

class Verify {
  readonly #context: JobContext;
  readonly #request: VerifyRequest;
  readonly #emulator: Emulator | undefined;
  readonly #options: VerifyOptions;

  constructor(context: JobContext, request: VerifyRequest, emulator: Emulator | undefined) {
    this.#context = context;
    this.#request = request;
    this.#emulator = emulator;
    this.#options = {
      template: parseNameTemplate(request.settings.nameTemplate),
      onCollision: request.settings.onCollision,
      depth: request.deep ? "bytes" : "properties",
      signal: context.signal,
    };
  }

  async execute(): Promise<ExitCode> {
    const { settings, catalog: source, sample } = this.#request;
    const request = { settings, catalog: source.identity, found: undefined, emulator: this.#emulator };
    const { services, identity } = await openTarget(this.#context, request);
    const place = { container: settings.targetContainer, queue: undefined, mayCreate: false };
    // What is missing is told here, also by a run that would have made it.
    const asItIs = { ...settings, createMissing: false, emulator: false };
    await prepareTarget(this.#context, services, { settings: asItIs, ...place });
    await this.#checkTarget(identity.target);
    const { rows, known } = await this.#survey(services, identity.target);
    const facts = this.#facts(identity.target, rows);
    const stem = this.#context.path(verifyStem(facts));
    const catalog = await this.#openCatalog(services, stem);
    try {
      const { buildTargetCheck } = await import("./services.ts");
      const check = buildTargetCheck(services, settings, source.hasLocalFiles);
      const doors = {
        catalog,
        target: check,
        records: known?.records,
        turns: this.#turns(),
        seen: nothingSeen(),
      };
      const target = { target: identity.target, services, rows, known };
      const opened = { ...target, catalog, check, doors, options: this.#options };
      return sample === undefined
        ? await this.#verifyAll(opened, stem, facts)
        : await this.#verifySample(opened, sample, stem);
    } finally {
      await catalog.close();
    }
  }

  /** States of another target prove nothing here. @throws ReuploadError `identity-mismatch` */
  async #checkTarget(target: string): Promise<void> {
    for (const { stateDb, reading } of (await this.#request.states?.read()) ?? []) {
      if (reading.run.identity.target === target) continue;
      const message = `${stateDb} is the state of a run to ${reading.run.identity.target}, not to ${target}.`;
      throw new ReuploadError("identity-mismatch", message, {
        advice: "Give the target of the run, or leave --state-db out.",
      });
    }
  }

  /** Reads the CSV once, and what is recorded of the run; once more when that has more partitions than one. */
  async #survey(
    services: Services,
    target: string,
  ): Promise<{ readonly rows: SurveyedRows; readonly known: KnownRun | undefined }> {
    const { settings, csv, states: given } = this.#request;
    const { template, signal } = this.#options;
    const first = (await given?.read())?.[0]?.reading.run.identity;
    // Which machine took which partition is known to the account alone.
    const states = first?.partition === "auto" ? undefined : given;
    const survey = async (totalPartitions: number): Promise<SurveyedRows> =>
      surveyRows({ path: csv }, { template, totalPartitions, signal });
    let rows = await survey(first?.totalPartitions ?? 1);
    const account = { settings, services, target };
    const stored =
      states === undefined ? await findStoredRun(this.#context, account, rows.csvDigest) : undefined;
    // The states say it more exactly than the account.
    checkFilter(this.#context, this.#request, first ? { inState: first.filter } : stored?.settings);
    const recorded = first ?? (stored && attributesInRules(stored.settings.rules));
    checkAttributes(this.#context, this.#request, recorded);
    if (stored !== undefined) rows = await survey(stored.settings.totalPartitions);
    return { rows, known: await knowRun(this.#context, { ...account, csv, states, stored }, rows) };
  }

  /** What makes it this verification, and no other. */
  #facts(target: string, { csvDigest, order }: SurveyedRows): readonly string[] {
    const { settings, catalog, states, deep } = this.#request;
    const { nameTemplate, onCollision, contentType } = settings;
    const attributes = Object.entries(describeAttributes(settings)).map((pair) => pair.join("="));
    const filter = filterText(readFilter(settings)) ?? [];
    const rules = [nameTemplate, onCollision, contentType, ...attributes, String(deep)].concat(filter);
    const given = states?.all.map(({ stateDb }) => stateDb) ?? [];
    return [target, catalog.identity, ...rules, csvDigest, order, ...given];
  }

  async #openCatalog(services: Services, stem: string): Promise<Catalog> {
    const { signal } = this.#context;
    const { began } = this.#request;
    const prompt = this.#context;
    return this.#request.catalog.open({ stem, services, began, prompt, opening: signal, signal });
  }

  #turns(): Turns {
    const { concurrency } = this.#request.settings;
    return new Turns(concurrency === "auto" ? AUTO_CHECKS : concurrency);
  }

  async #verifyAll(opened: OpenedVerify, stem: string, facts: readonly string[]): Promise<ExitCode> {
    const { control, reporter } = this.#context;
    await using journal = await VerifyJournal.open(`${stem}.ndjson`, facts, this.#request);
    const queues = this.#queues(opened.known);
    // What an earlier verification had repaired may be damaged again.
    if (!journal.isResumed) for (const index of [0, ...queues.keys()]) forgetState(repairState(stem, index));
    const rest = { csv: this.#request.csv, opened, journal };
    const { verification, extra, isComplete } = await verifyRest(this.#context, rest);
    if (isComplete) await this.#export(journal);
    const stop = isComplete ? undefined : control.stopRequest;
    const report = verifyReport({ ...this.#request, stop }, opened, verification, {
      extra,
      sample: undefined,
    });
    reporter.tell({ type: "verify-summary", report });
    if (!isComplete) return verifyExitCode(report, stop);
    if (!this.#request.repair) {
      await this.#forget(journal, stem);
      tellLateStop(this.#context);
      return verifyExitCode(report, undefined);
    }
    const totalPartitions = opened.known?.proof.totalPartitions ?? 1;
    const damage = { ...this.#request, report, damage: journal.damage(), stem, queues, totalPartitions };
    const exitCode = await repairDamage({ ...this.#context, env: this.#env }, damage);
    // After a stop the same command goes on, unless nothing was left to send.
    const isOver = exitCode === EXIT.done || exitCode === EXIT.finishedWithFailures;
    if (control.stopRequest === undefined || isOver) await this.#forget(journal, stem);
    return exitCode;
  }

  /** Where a repair announces: in the queues that are given, else in those of the run. */
  #queues(known: KnownRun | undefined): readonly string[] {
    const { settings, isQueueGiven } = this.#request;
    if (!settings.announce) return [];
    return isQueueGiven ? splitQueues(settings.queue) : (known?.queues ?? splitQueues(settings.queue));
  }

  /** With the account of the emulator that was started for this. */
  get #env(): JobContext["env"] {
    const { env } = this.#context;
    if (this.#emulator === undefined) return env;
    return { ...env, AZURE_STORAGE_CONNECTION_STRING: this.#emulator.connectionString };
  }

  async #export(journal: VerifyJournal): Promise<void> {
    const write = this.#request.exportMissing;
    if (write === undefined) return;
    const { writeWorkItems } = await import("../proof/remaining.ts");
    await writeWorkItems(journal.damagedWorkItems(), write);
  }

  async #verifySample(opened: OpenedVerify, size: PartSize, stem: string): Promise<ExitCode> {
    const { rows, check, services, doors, options } = opened;
    const { control, reporter } = this.#context;
    const verification = new Verification(this.#context, check);
    const follow = verification.follow(services, rows.workItems, doors);
    control.begin();
    const workItems = distinctWorkItems({ path: this.#request.csv }, rows, options.signal);
    const part = verifyPart(this.#context, verification, { doors, workItems, options }, size);
    const { sample, isComplete } = await part.finally(() => follow.end());
    const stop = isComplete ? undefined : control.stopRequest;
    const found = { extra: { blobs: 0, notJudged: 0 }, sample };
    const report = verifyReport({ ...this.#request, stop }, opened, verification, found);
    reporter.tell({ type: "verify-summary", report });
    removeIndex(stem);
    if (isComplete) tellLateStop(this.#context);
    return verifyExitCode(report, stop);
  }

  /** A verification that came to its end leaves nothing behind. */
  async #forget(journal: VerifyJournal, stem: string): Promise<void> {
    await journal.remove();
    removeIndex(stem);
  }
}
