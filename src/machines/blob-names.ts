/**
 * Where things lie in the coordination container. All of one target begin with its key, so that one list request gives
 * the manifests of all its CSVs, and one gives the records of one run's generation.
 */
import { hash } from "node:crypto";
import { giftNumber, parentPartition, subPartition } from "../core/sub-partition.ts";

/** Which run is meant: its target, and the digest of the CSV that it was begun with. */
export interface RunKey {
  /** Blob endpoint and container, without query. */
  readonly target: string;
  /** `CsvDigest` of the CSV at the run's begin; `--update-csv` does not change it. */
  readonly csvDigest: string;
}

const DIGITS = 16;

function shorten(text: string): string {
  return hash("sha256", text, "hex").slice(0, DIGITS);
}

export class BlobNames {
  /** What all manifests of the target begin with. */
  readonly manifests: string;
  readonly manifest: string;
  /** What all begins of the target begin with. */
  readonly begins: string;
  /** The `begin` blob, and what the moments of earlier states begin with. */
  readonly begin: string;
  /** What an operator asks of all machines of the run. */
  readonly control: string;
  readonly #target: string;
  readonly #csv: string;

  private constructor(target: string, csv: string) {
    this.#target = target;
    this.#csv = csv;
    this.manifests = `${target}/manifests/`;
    this.manifest = this.manifests + csv;
    this.begins = `${target}/begins/`;
    this.begin = this.begins + csv;
    this.control = `${target}/control/${csv}`;
  }

  static forRun({ target, csvDigest }: RunKey): BlobNames {
    return new BlobNames(shorten(target), shorten(csvDigest));
  }

  /** The names of another run into the same target. @param manifest the name of its manifest */
  beside(manifest: string): BlobNames {
    return new BlobNames(this.#target, manifest.slice(this.manifests.length));
  }

  /** What a state writes that began before the run did. @param ms since the epoch */
  earlierBegin(ms: number): string {
    return `${this.begin}-${String(ms).padStart(15, "0")}`;
  }

  /** What the records of all generations begin with. */
  get allRecords(): string {
    return `${this.#target}/records/${this.#csv}/`;
  }

  /** What the records of one generation begin with. */
  records(generation: number): string {
    return `${this.allRecords}${String(generation).padStart(6, "0")}/`;
  }

  /** @param partition of a sub-partition the name carries its parent and its number: `000012-001` */
  record(generation: number, partition: number): string {
    const number = giftNumber(partition);
    const parent = String(parentPartition(partition)).padStart(6, "0");
    return this.records(generation) + parent + (number === 0 ? "" : `-${String(number).padStart(3, "0")}`);
  }

  /** What the blobs of one generation's machines begin with. */
  machines(generation: number): string {
    return `${this.#target}/machines/${this.#csv}/${String(generation).padStart(6, "0")}/`;
  }

  /** What machines that have nothing to do write: one blob each. */
  idle(generation: number): string {
    return `${this.#target}/idle/${this.#csv}/${String(generation).padStart(6, "0")}/`;
  }

  /** Who counts the files of all partitions has the lease of this one; the counts lie beside it. */
  survey(generation: number): { readonly lease: string; readonly counts: string } {
    const place = `${this.#target}/surveys/${this.#csv}/${String(generation).padStart(6, "0")}`;
    return { lease: `${place}-lease`, counts: `${place}-counts` };
  }

  /** Of which generation a record of this name is. */
  generationOfRecord(name: string): number {
    return Number.parseInt(name.slice(this.allRecords.length), 10);
  }

  /** Whether this is the manifest of a CSV with this digest. @param manifest the name of a manifest */
  static isOfCsv(manifest: string, csvDigest: string): boolean {
    return manifest.endsWith(`/manifests/${shorten(csvDigest)}`);
  }

  /** What the names of a CSV's blobs have of its digest. */
  static csvPart(csvDigest: string): string {
    return shorten(csvDigest);
  }

  /** Which partition the record of this name is of. */
  static partitionOfRecord(name: string): number {
    const [parent, number] = name.slice(name.lastIndexOf("/") + 1).split("-");
    return subPartition(Number(parent), Number(number ?? 0));
  }
}

/** The run id: the same on every machine. First 12 hex digits of sha256(target, first CSV digest, generation). */
export function makeRunId({ target, csvDigest }: RunKey, generation: number): string {
  return hash("sha256", [target, csvDigest, generation].join("\0"), "hex").slice(0, 12);
}
