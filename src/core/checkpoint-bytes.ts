/**
 * A checkpoint as bytes: `RUCP`, the version, the first eight bytes of the SHA-256 of all that follows, then the head as
 * JSON with its length, the two-bit states, and the open work items. Numbers are LEB128.
 */
import { hash } from "node:crypto";
import type { Checkpoint, CheckpointFailure, CheckpointFiles, OpenInCheckpoint } from "./checkpoint.ts";
import { newCheckpointStates } from "./checkpoint-states.ts";
import { errorMessageText, ReuploadError } from "./errors.ts";
import { FAILURE_CODES } from "./failure.ts";
import type { Family } from "./sub-partition.ts";

const MAGIC = "RUCP";
const VERSION = 1;
const DIGEST_BYTES = 8;
const BODY_AT = MAGIC.length + 1 + DIGEST_BYTES;

interface Head {
  readonly partition: number;
  readonly epoch: number;
  readonly rows: Checkpoint["rows"];
  readonly empty: number;
  readonly failures: readonly CheckpointFailure[];
  readonly files: CheckpointFiles;
  /** How many open work items follow the states. */
  readonly open: number;
  /** Places as base64. */
  readonly family?: {
    readonly rows: Checkpoint["rows"];
    readonly gifts: readonly { readonly partition: number; readonly places: string }[];
  };
}

/** The bytes that `decodeCheckpoint` reads; the same for equal checkpoints. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { partition, epoch, rows, states, empty, open, failures, files, family } = checkpoint;
  const plain: Head = { partition, epoch, rows, empty, failures, files, open: open.length };
  const head: Head = family === undefined ? plain : { ...plain, family: encodeFamily(family) };
  const writer = new Writer();
  writer.bytes(Buffer.from(JSON.stringify(head), "utf8"));
  writer.raw(states);
  let before = -1;
  for (const { place, receipt, completed } of open) {
    writer.number(place - before - 1);
    before = place;
    writer.number(receipt.count);
    writer.bytes(Buffer.from(receipt.digest, "utf8"));
    writer.bytes(completed);
  }
  const body = writer.taken();
  return Buffer.concat([Buffer.from(MAGIC, "latin1"), Buffer.from([VERSION]), digest(body), body]);
}

function encodeFamily({ rows, gifts }: Family): NonNullable<Head["family"]> {
  return {
    rows,
    gifts: gifts.map(({ partition, places }) => ({
      partition,
      places: Buffer.from(places).toString("base64"),
    })),
  };
}

function decodeFamily({ rows, gifts }: NonNullable<Head["family"]>): Family {
  const isWhole =
    Number.isSafeInteger(rows.count) &&
    typeof rows.digest === "string" &&
    gifts.every(({ partition, places }) => Number.isSafeInteger(partition) && typeof places === "string");
  if (!isWhole) throw unusable("its head is incomplete");
  return {
    rows,
    gifts: gifts.map(({ partition, places }) => ({
      partition,
      places: new Uint8Array(Buffer.from(places, "base64")),
    })),
  };
}

function digest(body: Uint8Array): Buffer {
  return hash("sha256", body, "buffer").subarray(0, DIGEST_BYTES);
}

/** @throws ReuploadError `checkpoint-unusable` when the bytes are not a whole checkpoint of our version */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length < BODY_AT || all.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw unusable("it does not begin like a checkpoint");
  }
  const version = all[MAGIC.length];
  if (version !== VERSION)
    throw unusable(`it has version ${version}, but this version of reupload reads ${VERSION}`);
  const body = all.subarray(BODY_AT);
  if (!digest(body).equals(all.subarray(MAGIC.length + 1, BODY_AT))) {
    throw unusable("it is damaged or incomplete");
  }
  try {
    return readBody(new Reader(body));
  } catch (error) {
    if (error instanceof ReuploadError) throw error;
    throw unusable(errorMessageText(error));
  }
}

function readBody(reader: Reader): Checkpoint {
  const { open: openCount, family, ...head } = checkedHead(JSON.parse(reader.bytes().toString("utf8")));
  const states = new Uint8Array(reader.raw(newCheckpointStates(head.rows.count).length));
  const open: OpenInCheckpoint[] = [];
  for (let at = 0, place = -1; at < openCount; at++) {
    place += reader.number() + 1;
    if (place >= head.rows.count) throw unusable("it names a work item beyond its rows");
    const count = reader.number();
    const receipt = { count, digest: reader.bytes().toString("utf8") };
    open.push({ place, receipt, completed: new Uint8Array(reader.bytes()) });
  }
  if (!reader.isAtEnd) throw unusable("there are bytes after its end");
  const checkpoint = { ...head, states, open };
  return family === undefined ? checkpoint : { ...checkpoint, family: decodeFamily(family) };
}

/** What is read as JSON is believed only as far as it has the shape. */
function checkedHead(head: unknown): Head {
  const { partition, epoch, rows, empty, failures, files, open, family } = head as Head;
  const numbers = [partition, epoch, rows.count, empty, open, files.total, files.done];
  numbers.push(files.failed, files.skipped, files.bytes, files.leftOut ?? 0);
  const isWhole =
    numbers.every((value) => Number.isSafeInteger(value) && value >= 0) &&
    typeof rows.digest === "string" &&
    failures.every(
      ({ outcome, code, files: failed, workItems }) =>
        (outcome === "failed" || outcome === "skipped") &&
        FAILURE_CODES.includes(code) &&
        Number.isSafeInteger(failed) &&
        Number.isSafeInteger(workItems),
    );
  if (!isWhole) throw unusable("its head is incomplete");
  const checked = { partition, epoch, rows, empty, failures, files, open };
  return family === undefined ? checked : { ...checked, family };
}

function unusable(why: string): ReuploadError {
  return new ReuploadError("checkpoint-unusable", `the checkpoint cannot be read: ${why}`, {
    advice: "Use the same version of reupload on every machine of the run.",
  });
}

class Writer {
  readonly #parts: Uint8Array[] = [];

  number(value: number): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes.push(rest);
    this.#parts.push(Uint8Array.from(bytes));
  }

  bytes(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.#parts.push(bytes);
  }

  taken(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

class Reader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#body.length;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#body[this.#at++];
      if (byte === undefined || scale > 2 ** 49) throw unusable("it ends too early");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  bytes(): Buffer {
    return this.raw(this.number());
  }

  raw(length: number): Buffer {
    if (this.#at + length > this.#body.length) throw unusable("it ends too early");
    const bytes = this.#body.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }
}
