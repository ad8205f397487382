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

/** What a spreadsheet takes for the beginning of a formula, also in its wide forms. */
const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/**
 * A text of unknown origin as a field of a CSV that people open in a spreadsheet: an apostrophe before what would be
 * taken for a formula makes it text. The field is not the same value any more, so this is not for a CSV that `run` reads.
 */
export function spreadsheetField(value: string): string {
  return FORMULA.test(value) ? quotedCsvField(`'${value}`) : csvField(value);
}
