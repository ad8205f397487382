/** Where a Windows executable says what it consists of (Microsoft's "PE Format"). */
const HEADER_AT = 0x3c;
const OPTIONAL_HEADER = 24;
const PE32_PLUS = 0x20b;
const CERTIFICATES = 112 + 4 * 8;

/**
 * A 64-bit Windows executable without its signature, which would be wrong once the file is changed: Windows tells people
 * that a file with a wrong one is damaged, and one without that it is not signed.
 *
 * @throws Error when it is no such file
 */
export function withoutSignature(file: Buffer): Buffer {
  const pe = file.readUInt32LE(HEADER_AT);
  const header = pe + OPTIONAL_HEADER;
  if (file.toString("latin1", pe, pe + 4) !== "PE\0\0" || file.readUInt16LE(header) !== PE32_PLUS) {
    throw new Error("it is no 64-bit Windows executable");
  }
  const at = file.readUInt32LE(header + CERTIFICATES);
  const length = file.readUInt32LE(header + CERTIFICATES + 4);
  if (at === 0) return file;
  if (at + length !== file.length) throw new Error("the signature is not at the end of the file");
  const stripped = Buffer.from(file.subarray(0, at));
  stripped.fill(0, header + CERTIFICATES, header + CERTIFICATES + 8);
  return stripped;
}
