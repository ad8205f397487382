/**
 * A value as a field of a CSV (RFC 4180) that is read as the same value again. White space at its ends is part of it,
 * and a reader may trim what is not quoted; the other delimiters are quoted, so that none can be taken for this one.
 */
export function csvField(value: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(value) ? quotedCsvField(value) : value;
}

/** The same in quotes, whatever it is: for columns of free text. */
export function quotedCsvField(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}
