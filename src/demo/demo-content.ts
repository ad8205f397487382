import { DemoRandom } from "./demo-random.ts";

/** Every record of the content has this width with its comma, so that cutting needs no search. */
const RECORD_BYTES = 128;
const POOL_RECORDS = 8192;
/** Behind the records: `]}`. */
const TAIL = "]}";

/**
 * One JSON document of exactly `length` bytes: the header's fields, then `records` as many as fit, the rest white
 * space. Cheap: the records are copied out of one pool, from record `start` on; the header makes each differ.
 *
 * @param length bytes, at least 1000
 * @throws RangeError when header and one record do not fit
 */
export function demoContent(header: Readonly<Record<string, string>>, length: number, start: number): Buffer {
  const head = Buffer.from(`${JSON.stringify(header).slice(0, -1)},"records":[`);
  const records = Math.floor((length - head.length - TAIL.length) / RECORD_BYTES);
  if (records < 1) throw new RangeError(`no room for a record in ${length} bytes`);
  const content = Buffer.alloc(length, " ");
  let at = head.copy(content);
  for (let left = records, from = start % POOL_RECORDS; left > 0; from = 0) {
    const taken = Math.min(left, POOL_RECORDS - from);
    at += recordPool().copy(content, at, from * RECORD_BYTES, (from + taken) * RECORD_BYTES);
    left -= taken;
  }
  // The last record's comma goes.
  content.write(TAIL, at - 1);
  return content;
}

let pool: Buffer | undefined;

function recordPool(): Buffer {
  pool ??= makePool();
  return pool;
}

function makePool(): Buffer {
  const random = new DemoRandom(1);
  const labels = ["scratch", "dent", "stain", "crack", "none"] as const;
  const records = Array.from({ length: POOL_RECORDS }, (_, index) => {
    const record = JSON.stringify({
      id: index,
      label: random.pick(labels),
      score: random.next().toFixed(6),
      x: random.below(4096),
      y: random.below(4096),
      width: random.below(512),
      height: random.below(512),
    });
    return `${record},`.padStart(RECORD_BYTES, " ");
  });
  return Buffer.from(records.join(""));
}
