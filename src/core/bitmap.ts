/** Bitmaps over the files of a work item: one bit a file in catalog order, the lowest bit of a byte first. */

/** The file's bit in a bitmap of completed files; false beyond its end. */
export function isBitSet(bits: Uint8Array, place: number): boolean {
  return ((bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
}

/** A bitmap with these bits, as short as possible. */
export function bitmapWith(places: readonly number[]): Uint8Array {
  const bits = new Uint8Array(places.length === 0 ? 0 : (Math.max(...places) >> 3) + 1);
  for (const place of places) bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
  return bits;
}

/** How many bits are set. */
export function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}

/** The bits that are set on either side. */
export function joinBits(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  const union = longer.slice();
  for (const [index, byte] of shorter.entries()) union[index] = (union[index] ?? 0) | byte;
  return union;
}
