/** As much of WebAssembly's binary form as `md5-module.ts` writes (WebAssembly Core Specification 2.0, 5.4 and 5.5). */

/** The operations on one kind of value. */
export interface Operations {
  readonly type: number;
  readonly load: readonly number[];
  readonly store: readonly number[];
  readonly add: readonly number[];
  readonly and: readonly number[];
  readonly or: readonly number[];
  readonly xor: readonly number[];
  readonly not: readonly number[];
}

const [I32, V128] = [0x7f, 0x7b];
/** Of one message: a word. `not` is "xor with -1". The number after `load` and `store` is how they are aligned: not at all. */
export const ONE: Operations = {
  type: I32,
  load: [0x28, 0],
  store: [0x36, 0],
  add: [0x6a],
  and: [0x71],
  or: [0x72],
  xor: [0x73],
  not: [0x41, 0x7f, 0x73],
};
/** Of four messages: a word of each. */
export const FOUR: Operations = {
  type: V128,
  load: [0xfd, 0x00, 0],
  store: [0xfd, 0x0b, 0],
  add: [0xfd, 0xae, 0x01],
  and: [0xfd, 0x4e],
  or: [0xfd, 0x50],
  xor: [0xfd, 0x51],
  not: [0xfd, 0x4d],
};
const [LOOP, NO_RESULT, BRANCH_IF, END] = [0x03, 0x40, 0x0d, 0x0b];
const [GET, SET, TEE, CONST] = [0x20, 0x21, 0x22, 0x41];
const I32_SUB = 0x6b;

/** What one function does, in WebAssembly's order: values first, then what is done with them. */
export class Code {
  readonly bytes: number[] = [];
  readonly ops: Operations;
  readonly #parameters: number;
  #variables = 0;

  constructor(ops: Operations, parameters: number) {
    this.ops = ops;
    this.#parameters = parameters;
  }

  variables(count: number): number[] {
    return Array.from({ length: count }, () => this.#parameters + this.#variables++);
  }

  put(...bytes: readonly number[]): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }

  get(...variables: readonly number[]): this {
    for (const variable of variables) this.put(GET, variable);
    return this;
  }

  set(variable: number): this {
    return this.put(SET, variable);
  }

  tee(variable: number): this {
    return this.put(TEE, variable);
  }

  number(value: number): this {
    return this.put(CONST, ...signed(value));
  }

  do(...operations: readonly Exclude<keyof Operations, "type" | "load" | "store">[]): this {
    for (const operation of operations) this.put(...this.ops[operation]);
    return this;
  }

  load(offset: number): this {
    return this.put(...this.ops.load, ...unsigned(offset));
  }

  store(offset: number): this {
    return this.put(...this.ops.store, ...unsigned(offset));
  }

  /** Does all that `body` puts, until the variable, one less each time, is zero. */
  repeat(times: number, body: () => void): this {
    this.put(LOOP, NO_RESULT);
    body();
    return this.get(times).number(1).put(I32_SUB).tee(times).put(BRANCH_IF, 0, END);
  }

  finish(): number[] {
    return sized([1, ...unsigned(this.#variables), this.ops.type, ...this.bytes, END]);
  }
}

/** A function of a module, which takes so many words and gives nothing. */
export interface ModuleFunction {
  readonly name: string;
  readonly parameters: number;
  /** What `Code.finish` gave. */
  readonly code: readonly number[];
}

/** A module that imports the shared memory `content.memory`, of any length, and exports the functions. */
export function writeModule(functions: readonly ModuleFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => {
    const words = Array.from({ length: parameters }, () => [I32]);
    return [0x60, ...list(words), 0];
  });
  // Shared, with a limit: 0 to 65,536 pages.
  const memory = [...text("content"), ...text("memory"), 0x02, 0x03, ...unsigned(0), ...unsigned(65_536)];
  const sections: readonly (readonly [number, readonly (readonly number[])[]])[] = [
    [1, types],
    [2, [memory]],
    [3, functions.map((_, index) => unsigned(index))],
    [7, functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)])],
    [10, functions.map(({ code }) => code)],
  ];
  const header = [...Buffer.from("\0asm"), 1, 0, 0, 0];
  return Uint8Array.from([...header, ...sections.flatMap(([id, items]) => [id, ...sized(list(items))])]);
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(ascii: string): number[] {
  return sized([...Buffer.from(ascii)]);
}

/** LEB128: seven bits a byte, the lowest first. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** LEB128 of the 32 bits as a signed number. */
function signed(value: number): number[] {
  const rest = value | 0;
  const isLast = rest >= -64 && rest < 64;
  return isLast ? [rest & 127] : [(rest & 127) | 128, ...signed(rest >> 7)];
}
