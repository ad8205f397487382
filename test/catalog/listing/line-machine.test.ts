import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineMachine } from "../../../src/catalog/listing/line-machine.ts";

interface Told {
  readonly offset: number;
  readonly line: number;
  readonly text: string;
  readonly isTooLong: boolean;
}

const LIMIT = 8;

function linesOf(chunks: readonly Buffer[]): Told[] {
  const told: Told[] = [];
  const take =
    (isTooLong: boolean) =>
    ({ offset, line, bytes }: { offset: number; line: number; bytes: Buffer }): void => {
      told.push({ offset, line, text: bytes.toString(), isTooLong });
    };
  const machine = new LineMachine({ offset: 100, line: 5 }, LIMIT, {
    line: take(false),
    tooLong: take(true),
  });
  for (const chunk of chunks) machine.push(chunk);
  machine.end();
  return told;
}

describe("the line machine", () => {
  it("gives the lines of a text with their places, however the bytes are cut", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\r", " "), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 6 }), (content, cuts) => {
        const places = [
          0,
          ...cuts.filter((cut) => cut < content.length).toSorted((a, b) => a - b),
          content.length,
        ];
        const chunks = places.slice(1).map((end, i) => Buffer.from(content.slice(places[i], end)));
        let offset = 100;
        const expected = content.split("\n").map((line, i): Told => {
          const told = { offset, line: 5 + i, text: line.slice(0, LIMIT), isTooLong: line.length > LIMIT };
          offset += line.length + 1;
          return told;
        });
        expect(linesOf(chunks)).toEqual(expected);
      }),
    );
  });
});
