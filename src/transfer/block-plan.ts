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

/** Length of a block id before base64: 17 bytes of the version, 3 of the index. */
const ID_BYTES = 20;
const INDEX_BYTES = 3;

/**
 * The length of a file's blocks, bytes: what is wanted, unless the file would have more blocks than the service takes.
 *
 * @throws FileFailure `too-large`
 */
export function chooseBlockLength(length: number, wantedBlockBytes: number): number {
  const least = Math.ceil(length / MAX_BLOCKS / MIB) * MIB;
  const blockBytes = length > wantedBlockBytes * MAX_BLOCKS ? least : wantedBlockBytes;
  if (blockBytes <= MAX_BLOCK_BYTES) return blockBytes;
  throw new FileFailure("too-large", `${length} bytes are more than a block blob can contain`);
}

/**
 * Cuts a file into blocks of equal length (the last one may be shorter). The ids come from the source's ETag and the
 * block length, so that after a crash the blocks that are staged already are known again, and blocks of another
 * version of the source are not taken for them.
 *
 * @param staged ids of the blocks that are staged under the blob's name, perhaps by another tool: the service wants
 * all ids of a blob to be of one length, so theirs is taken
 * @throws FileFailure `too-large`
 */
export function planBlocks(
  length: number,
  etag: string,
  wantedBlockBytes: number,
  staged: ReadonlySet<string> = new Set(),
): Block[] {
  const blockBytes = chooseBlockLength(length, wantedBlockBytes);
  const [other] = staged;
  const idBytes = other === undefined ? ID_BYTES : Buffer.from(other, "base64").length;
  const version = hash("sha512", `${etag}\n${blockBytes}`, "buffer");
  const blocks: Block[] = [];
  for (let offset = 0; offset < length; offset += blockBytes) {
    const count = Math.min(blockBytes, length - offset);
    blocks.push({ id: blockId(version, blocks.length, idBytes), offset, count });
  }
  return blocks;
}

function blockId(version: Buffer, index: number, bytes: number): string {
  const id = Buffer.alloc(Math.max(bytes, INDEX_BYTES));
  version.copy(id);
  id.writeUIntBE(index, id.length - INDEX_BYTES, INDEX_BYTES);
  return id.toString("base64");
}
