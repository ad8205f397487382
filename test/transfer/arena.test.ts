import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Arena } from "../../src/transfer/arena.ts";

const SMALLEST = 16;

/** Takes and gives back; each content is the piece's own number until then. */
function play(bytes: number, steps: readonly { readonly power: number; readonly back: number }[]): Arena {
  const arena = new Arena(bytes, SMALLEST);
  const taken: { readonly piece: Buffer; readonly number: number }[] = [];
  for (const [number, { power, back }] of steps.entries()) {
    const piece = arena.take(SMALLEST * 2 ** power);
    if (piece !== undefined) {
      expect(piece.length).toBe(SMALLEST * 2 ** power);
      expect(arena.has(piece)).toBe(true);
      taken.push({ piece: piece.fill(number % 256), number });
    }
    expect(taken.reduce((sum, one) => sum + one.piece.length, 0)).toBeLessThanOrEqual(bytes);
    for (const one of taken) expect(one.piece.every((byte) => byte === one.number % 256)).toBe(true);
    const [given] = taken.splice(back % (taken.length + 1), 1);
    if (given !== undefined) arena.giveBack(given.piece);
  }
  for (const { piece } of taken) arena.giveBack(piece);
  return arena;
}

describe("the arena", () => {
  const steps = fc.array(fc.record({ power: fc.nat(6), back: fc.nat(20) }), { maxLength: 40 });

  it("gives pieces that do not overlap, and all of its memory again once they are back", () => {
    fc.assert(
      fc.property(fc.integer({ min: SMALLEST, max: 1_500 }), steps, (bytes, all) => {
        const arena = play(bytes, all);
        // As many as there are ones in the number, from the longest to the shortest, and nothing beyond.
        for (let length = 2_048; length >= SMALLEST; length /= 2) {
          const piece = arena.take(length);
          expect(piece?.length).toBe((bytes & length) === 0 ? undefined : length);
        }
        expect(arena.take(SMALLEST)).toBeUndefined();
      }),
    );
  });

  it("has no piece when it is shorter than the shortest one or than what is asked for", () => {
    expect(new Arena(0, SMALLEST).take(SMALLEST)).toBeUndefined();
    expect(new Arena(SMALLEST - 1, SMALLEST).take(SMALLEST)).toBeUndefined();
    expect(new Arena(100, SMALLEST).take(128)).toBeUndefined();
    expect(new Arena(100, SMALLEST).has(Buffer.alloc(16))).toBe(false);
  });
});
