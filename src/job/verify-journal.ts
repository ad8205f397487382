/** How far a verification came and what it found, in a file that a stopped one goes on from. */
import { hash } from "node:crypto";
import { Journal, markLine, readMark } from "../files/files.ts";
import {
  type Damage,
  EMPTY_TALLY,
  type Finding,
  type UnexpectedBlob,
  type VerifyTally,
} from "../proof/proof.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { EarlierFindings } from "./verification.ts";

/** The damage of one work item; `workItem` is as the CSV has it. */
export interface NotedDamage extends Damage {
  readonly workItem: WorkItem;
}

/** What is noted with each mark. */
interface Mark {
  /** Work items, in the order of the CSV, that are verified. */
  readonly workItems: number;
  readonly tally: VerifyTally;
  readonly cost: EarlierFindings["cost"];
  readonly beyond: number;
  readonly namedByCatalog: boolean;
}

type Line =
  | { readonly damage: NotedDamage }
  | { readonly example: Finding }
  | { readonly unexpected: UnexpectedBlob };

/** What a start finds in the journal of the one before. */
export interface Resumed extends EarlierFindings, Pick<Mark, "workItems" | "beyond" | "namedByCatalog"> {
  readonly unexpected: readonly UnexpectedBlob[];
}

/** The name of the journal of this verification, without its ending: another one has another. */
export function verifyStem(facts: readonly string[]): string {
  return `reupload_verify_${hash("sha256", facts.join("\0"), "hex").slice(0, 12)}`;
}

export class VerifyJournal implements AsyncDisposable {
  readonly #journal: Journal;
  #lines: string[] = [];

  private constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** @param facts what makes it this verification @throws ReuploadError `output-unwritable`, `disk-full` */
  static async open(
    path: string,
    facts: readonly string[],
    options: { readonly restart: boolean },
  ): Promise<VerifyJournal> {
    const key = hash("sha256", facts.join("\0"), "hex");
    return new VerifyJournal(await Journal.open(path, JSON.stringify({ reupload: "verify", key }), options));
  }

  /** An earlier start of this verification did not come to its end. */
  get isResumed(): boolean {
    return this.#journal.isResumed;
  }

  /** What was noted before; undefined when this is the first start. */
  async resumed(): Promise<Resumed | undefined> {
    if (!this.#journal.isResumed) return undefined;
    let last: Mark | undefined;
    const [examples, unexpected]: [Finding[], UnexpectedBlob[]] = [[], []];
    for await (const line of this.#journal.lines()) {
      const mark = readMark(line) as Mark | undefined;
      if (mark !== undefined) last = mark;
      else {
        const noted = JSON.parse(line) as Line;
        if ("example" in noted) examples.push(noted.example);
        if ("unexpected" in noted) unexpected.push(noted.unexpected);
      }
    }
    return last && { ...last, tally: { ...EMPTY_TALLY, ...last.tally }, examples, unexpected };
  }

  note(line: Line): void {
    this.#lines.push(JSON.stringify(line));
  }

  /** Writes what was noted, and how far it came. @throws as `open` */
  async mark(mark: Mark): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    await this.#journal.append([...lines, markLine(mark)]);
  }

  /** The damage that was marked, in the order of the CSV. */
  async *damage(): AsyncGenerator<NotedDamage> {
    for await (const line of this.#journal.lines()) {
      if (!line.startsWith('{"damage":')) continue;
      yield (JSON.parse(line) as { readonly damage: NotedDamage }).damage;
    }
  }

  /** The work items with damage, in batches, as the CSV has them. */
  async *damagedWorkItems(): AsyncGenerator<readonly WorkItem[]> {
    for await (const { workItem } of this.damage()) yield [workItem];
  }

  async remove(): Promise<void> {
    await this.#journal.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal[Symbol.asyncDispose]();
  }
}
