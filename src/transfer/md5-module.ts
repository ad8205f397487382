/**
 * MD5's compression function (RFC 1321, 3.4) as a WebAssembly module, which is written here byte by byte: for one message,
 * for two in turns, and for four and eight side by side in registers of 128 bits. MD5 is one chain of operations that wait
 * for each other, so a processor does several messages in hardly more time than one.
 */
import { Code, FOUR, ONE, writeModule } from "./wasm-code.ts";

/** How many messages each function of the module takes; they are called `md5x1`, `md5x2`... */
export const WIDTHS = [1, 2, 4, 8] as const;
export type Width = (typeof WIDTHS)[number];
/** Bytes that MD5 takes at once. */
export const BLOCK_BYTES = 64;
/** The states of eight messages, bytes: word w of message m is at 64 * (m >> 2) + 16 * w + 4 * (m & 3). */
export const STATE_BYTES = 128;

/**
 * Goes on with some messages, by the same number of blocks each.
 *
 * @param states where their states are; behind them is `CONSTANTS`
 * @param blocks 1 or more
 * @param messages where the next block of each message is
 */
export type Compress = (states: number, blocks: number, ...messages: number[]) => void;

const ROUNDS = 64;
/** T of RFC 1321: the integer part of 2^32 times abs(sin(i)), i from 1. */
const T = Array.from({ length: ROUNDS }, (_, round) => Math.floor(Math.abs(Math.sin(round + 1)) * 2 ** 32));
/** T with each number four times, as four messages want it. */
export const CONSTANTS = Uint32Array.from({ length: 4 * ROUNDS }, (_, at) => T[at >> 2] ?? 0);
/** By how much the rounds of each quarter rotate, in turns. */
const ROTATIONS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
];
/** Which word of the block a round of each quarter takes, modulo 16. */
const WORDS: readonly ((round: number) => number)[] = [
  (round) => round,
  (round) => 5 * round + 1,
  (round) => 3 * round + 5,
  (round) => 7 * round,
];

const I32_ADD = 0x6a;
const I32_ROTATE_LEFT = 0x77;
const V128_SHIFT_LEFT = [0xfd, 0xab, 0x01];
const V128_SHIFT_RIGHT = [0xfd, 0xad, 0x01];
const V128_SHUFFLE = [0xfd, 0x0d];
/** The parameters of each function. */
const [STATES, BLOCKS, FIRST_MESSAGE] = [0, 1, 2];

/** One message, or four that share registers. */
interface Lanes {
  /** Where the state is behind `STATES`, bytes. */
  readonly at: number;
  /** The variables that hold a, b, c and d. */
  readonly abcd: readonly number[];
  /** The variables that hold the 16 words of the block; none for one message, which reads them from memory. */
  readonly words: readonly number[];
  /** The parameters that say where the messages are. */
  readonly messages: readonly number[];
}

/** Which parameters say where the messages of a set are. */
function laneParameters(set: number, each: number): number[] {
  return Array.from({ length: each }, (_, lane) => FIRST_MESSAGE + set * each + lane);
}

/** All rounds of one block, of every set of lanes in turns: while one waits for its sum, the other adds. */
function compress(width: Width): number[] {
  const isOne = width < 4;
  const code = new Code(isOne ? ONE : FOUR, FIRST_MESSAGE + width);
  const each = isOne ? 1 : 4;
  const sets: Lanes[] = Array.from({ length: width / each }, (_, set) => ({
    at: set * (isOne ? 4 : 64),
    abcd: code.variables(4),
    words: isOne ? [] : code.variables(16),
    messages: laneParameters(set, each),
  }));
  code.repeat(BLOCKS, () => {
    for (const lanes of sets) begin(code, lanes);
    for (let round = 0; round < ROUNDS; round++) {
      for (const lanes of sets) doRound(code, lanes, round);
    }
    for (const lanes of sets) finish(code, lanes);
  });
  return code.finish();
}

/** Reads the state, and for four messages the block, whose words are put together from those of each. */
function begin(code: Code, { at, abcd, words, messages }: Lanes): void {
  for (const [word, variable] of abcd.entries()) {
    code
      .get(STATES)
      .load(at + 16 * word)
      .set(variable);
  }
  const shuffle = (one: number, other: number, order: readonly number[], into: number): void => {
    const bytes = order.flatMap((word) => [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]);
    code
      .get(one, other)
      .put(...V128_SHUFFLE, ...bytes)
      .set(into);
  };
  if (words.length === 0) return;
  const [p, q, r, s] = code.variables(4) as [number, number, number, number];
  for (let first = 0; first < 16; first += 4) {
    const [w0, w1, w2, w3] = words.slice(first, first + 4) as [number, number, number, number];
    for (const [lane, variable] of [w0, w1, w2, w3].entries()) {
      code
        .get(messages[lane] ?? 0)
        .load(4 * first)
        .set(variable);
    }
    shuffle(w0, w1, [0, 4, 1, 5], p);
    shuffle(w2, w3, [0, 4, 1, 5], q);
    shuffle(w0, w1, [2, 6, 3, 7], r);
    shuffle(w2, w3, [2, 6, 3, 7], s);
    shuffle(p, q, [0, 1, 4, 5], w0);
    shuffle(p, q, [2, 3, 6, 7], w1);
    shuffle(r, s, [0, 1, 4, 5], w2);
    shuffle(r, s, [2, 3, 6, 7], w3);
  }
}

/** a = b + ((a + f(b, c, d) + word + T) <<< rotation); then each variable has the next one's part. */
function doRound(code: Code, { abcd, words, messages }: Lanes, round: number): void {
  const [a, b, c, d] = [0, 1, 2, 3].map((part) => abcd[(part - round) & 3]) as [
    number,
    number,
    number,
    number,
  ];
  const word = (WORDS[round >> 4]?.(round) ?? 0) & 15;
  const rotation = ROTATIONS[round >> 4]?.[round & 3] ?? 0;
  code.get(a);
  const inRegister = words[word];
  if (inRegister === undefined) {
    code
      .get(messages[0] ?? 0)
      .load(4 * word)
      .do("add")
      .number(T[round] ?? 0)
      .do("add");
  } else {
    code
      .get(inRegister)
      .do("add")
      .get(STATES)
      .load(STATE_BYTES + 16 * round)
      .do("add");
  }
  mix(code, round >> 4, b, c, d);
  code.do("add");
  if (inRegister === undefined) {
    code.number(rotation).put(I32_ROTATE_LEFT);
  } else {
    code
      .tee(a)
      .number(rotation)
      .put(...V128_SHIFT_LEFT)
      .get(a);
    code
      .number(32 - rotation)
      .put(...V128_SHIFT_RIGHT)
      .do("or");
  }
  code.get(b).do("add").set(a);
}

/** F, G, H and I of RFC 1321; F in the form that needs one operation less. (In that form G has more to wait for.) */
function mix(code: Code, quarter: number, b: number, c: number, d: number): void {
  if (quarter === 0) code.get(d, b, c, d).do("xor", "and", "xor");
  else if (quarter === 1) code.get(c, d).do("not", "and").get(b, d).do("and", "or");
  else if (quarter === 2) code.get(c, d).do("xor").get(b).do("xor");
  else code.get(c, b, d).do("not", "or", "xor");
}

/** Adds the old state, and goes to the next block. */
function finish(code: Code, { at, abcd, messages }: Lanes): void {
  for (const [word, variable] of abcd.entries()) {
    const offset = at + 16 * word;
    code.get(STATES, STATES).load(offset).get(variable).do("add").store(offset);
  }
  for (const message of messages) code.get(message).number(BLOCK_BYTES).put(I32_ADD).set(message);
}

/** The module. It imports the shared memory `content.memory`, and exports a `Compress` for each width. */
export function md5Module(): Uint8Array<ArrayBuffer> {
  return writeModule(
    WIDTHS.map((width) => ({
      name: `md5x${width}`,
      parameters: FIRST_MESSAGE + width,
      code: compress(width),
    })),
  );
}
