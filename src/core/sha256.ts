import { hash } from "node:crypto";

/**
 * SHA-256 of the text's UTF-8 as a string of 32 characters, one a byte: measured five times faster than
 * asking for a Buffer (0.3 against 1.4 us), and it is asked for several times a CSV row.
 */
export function sha256Bytes(text: string): string {
  return hash("sha256", text, "binary");
}

/** Four bytes of such a string as a little-endian unsigned integer. */
export function uint32At(bytes: string, offset: number): number {
  return (
    (bytes.charCodeAt(offset) |
      (bytes.charCodeAt(offset + 1) << 8) |
      (bytes.charCodeAt(offset + 2) << 16) |
      (bytes.charCodeAt(offset + 3) << 24)) >>>
    0
  );
}
