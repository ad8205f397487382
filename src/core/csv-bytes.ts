/** What single bytes mean to the CSV machine. */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;

/** What a byte of an unquoted field means; the delimiter is added by each machine. */
export const ORDINARY = 0;
export const STOP = 1; // delimiter or line end
export const NUL_BYTE = 2;
export const HIGH = 3; // part of a character outside ASCII

/**
 * The delimiter as a byte.
 *
 * @throws RangeError when it is not one ASCII character, or is a quote, a space or a line end
 */
export function delimiterCode(delimiter: string): number {
  const code = delimiter.charCodeAt(0);
  if (delimiter.length !== 1 || code >= 0x80 || [0, LF, CR, QUOTE, SPACE].includes(code)) {
    throw new RangeError(`not a delimiter: ${JSON.stringify(delimiter)}`);
  }
  return code;
}

/** Space or tab; undefined, behind the last byte, is neither. */
export function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/**
 * The chunks as one buffer, without a copy when there is only one.
 *
 * @param length bytes of all
 */
export function joined(chunks: readonly Uint8Array[], length: number): Buffer {
  const [first] = chunks;
  if (chunks.length !== 1 || first === undefined) return Buffer.concat(chunks, length);
  return Buffer.from(first.buffer, first.byteOffset, first.length);
}

/** With `stream`, a character that the end cuts is no fault. */
export function isUtf8(bytes: Uint8Array, options: { stream?: boolean } = {}): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, options);
    return true;
  } catch {
    return false;
  }
}
