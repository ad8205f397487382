/** Looks at every record that the account accepts: a checkpoint never goes back, `done` is undone by a reopening alone. */
import type { BlobNames } from "../../src/machines/blob-names.ts";
import { decodeManifest } from "../../src/machines/manifest.ts";
import { decodeSummary } from "../../src/machines/record.ts";
import type { MemoryAccount } from "./memory-account.ts";
import { readDone } from "./simulated-facts.ts";

/** @param violations takes what must never happen */
export function watchRecords(account: MemoryAccount, names: BlobNames, violations: string[]): void {
  const before = new Map<string, { done: Set<string>; state: string; epoch: number; reopened: number }>();
  let reopened = 0;
  const write = account.write.bind(account);
  account.write = async (name, blob, conditions) => {
    const written = await write(name, blob, conditions);
    if (name === names.manifest) ({ reopened } = decodeManifest(blob.body));
    const summary = name.includes("/records/") ? decodeSummary(blob.metadata ?? {}) : undefined;
    if (summary === undefined) return written;
    const { state, epoch } = summary;
    const was = before.get(name);
    const now = { done: new Set(readDone(blob.body)), state, epoch, reopened };
    if (was !== undefined) {
      const gone = [...was.done].filter((item) => !now.done.has(item));
      if (gone.length > 0) violations.push(`${name}: the checkpoint went back by ${gone.length}`);
      const isUndone = was.state === "done" && state !== "done" && was.reopened === reopened;
      if (isUndone) violations.push(`${name}: done was undone`);
      if (was.epoch > epoch) violations.push(`${name}: epoch ${was.epoch} became ${epoch}`);
    }
    before.set(name, now);
    return written;
  };
}
