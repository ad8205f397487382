import { hash } from "node:crypto";
import { FileFailure } from "../core/failure.ts";

/** The service's limits of a block blob. */
const MAX_BLOCKS = 50_000;
const MAX_BLOCK_BYTES = 4000 * 2 ** 20;
const MIB = 2 ** 20;

export interface Block {
  readonly id: string;
  readonly offset: number;
  readonly count: number;
}

/**
 * Cuts a file into blocks of equal length (the last one may be shorter). The ids come from the source's ETag and the
 * block length, so that after a crash the blocks that are staged already are known again, and blocks of another
 * version of the source are not taken for them. All ids have one length, as the service wants.
 *
 * @throws FileFailure `too-large`
 */
export function planBlocks(length: number, etag: string, wantedBlockBytes: number): Block[] {
  const least = Math.ceil(length / MAX_BLOCKS / MIB) * MIB;
  const blockBytes = Math.max(wantedBlockBytes, least);
  if (blockBytes > MAX_BLOCK_BYTES) {
    throw new FileFailure("too-large", `${length} bytes are more than a block blob can hold`);
  }
  const version = hash("sha256", `${etag}\n${blockBytes}`, "hex").slice(0, 20);
  const blocks: Block[] = [];
  for (let offset = 0; offset < length; offset += blockBytes) {
    const id = Buffer.from(`${version}-${String(blocks.length).padStart(6, "0")}`).toString("base64");
    blocks.push({ id, offset, count: Math.min(blockBytes, length - offset) });
  }
  return blocks;
}
