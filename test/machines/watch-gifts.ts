/** Looks at every record that the account accepts: what was given away stays so, and is nobody else's. */
import { isDeepStrictEqual } from "node:util";
import { giftNumber } from "../../src/core/sub-partition.ts";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { decodeSummary } from "../../src/machines/record.ts";
import type { MemoryAccount } from "./memory-account.ts";
import { readGifts } from "./simulated-gifts.ts";

/** @param violations takes what must never happen @returns the names of the sub-partitions that were made */
export function watchGifts(account: MemoryAccount, violations: string[]): ReadonlySet<string> {
  /** By sub-partition, as its parent's record names it. */
  const named = new Map<string, readonly string[]>();
  const made = new Set<string>();
  const write = account.write.bind(account);
  account.write = async (name, blob, conditions) => {
    const written = await write(name, blob, conditions);
    if (!name.includes("/records/") || blob.body.length === 0) return written;
    const gifts = readGifts(blob.body);
    if (giftNumber(BlobNames.partitionOfRecord(name)) > 0) {
      made.add(name);
      for (const [sub, items] of Object.entries(gifts)) {
        if (!isDeepStrictEqual(named.get(sub), items))
          violations.push(`${name}: its parent names other work`);
      }
      return written;
    }
    for (const [sub, items] of Object.entries(gifts)) {
      const was = named.get(sub);
      if (was !== undefined && !isDeepStrictEqual(was, items))
        violations.push(`${name}: gift ${sub} changed`);
      named.set(sub, items);
    }
    const places = name.slice(0, name.lastIndexOf("/") + 1);
    const missing = Object.keys(gifts).filter((sub) => !made.has(places + nameOf(Number(sub))));
    const isDone = decodeSummary(blob.metadata ?? {})?.state === "done";
    if (isDone && missing.length > 0)
      violations.push(`${name}: done, but ${missing.length} gifts are not there`);
    return written;
  };
  return made;
}

function nameOf(sub: number): string {
  const all = BlobNames.forRun({ target: "t", csvDigest: "d" });
  return all.record(1, sub).slice(all.records(1).length);
}
