/** What can be seen of an executable without starting it, which only its own system can. */
import assert from "node:assert/strict";
import { FUSE } from "./executable.ts";
import type { Platform } from "./platforms.ts";

const ELF = { magic: 0x464c457f, x64: 62, arm64: 183 };
const MACH_O = { magic: 0xfeedfacf, x64: 0x01000007, arm64: 0x0100000c, segment: 0x19 };
const WINDOWS = { magic: 0x4550, x64: 0x8664, arm64: 0xaa64 };

/**
 * Looks whether the file is an executable of this platform, contains the program, and knows that it does.
 *
 * @throws AssertionError that says what is wrong
 */
export function checkStructure(file: Buffer, { name, os, cpu }: Pick<Platform, "name" | "os" | "cpu">): void {
  if (os === "linux") checkElf(file, cpu);
  else if (os === "darwin") checkMachO(file, cpu);
  else checkWindows(file, cpu);
  assert.ok(file.includes(`${FUSE}:1`), `${name}: Node does not know that there is a program in it`);
}

function checkElf(file: Buffer, cpu: Platform["cpu"]): void {
  assert.equal(file.readUInt32LE(0), ELF.magic, "no ELF file");
  assert.equal(file.readUInt16LE(18), ELF[cpu], "for another processor");
  assert.ok(file.includes("NODE_SEA_BLOB"), "there is no program in it");
}

function checkMachO(file: Buffer, cpu: Platform["cpu"]): void {
  assert.equal(file.readUInt32LE(0), MACH_O.magic, "no 64-bit Mach-O file");
  assert.equal(file.readUInt32LE(4), MACH_O[cpu], "for another processor");
  const segments: string[] = [];
  let at = 32;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    if (file.readUInt32LE(at) === MACH_O.segment) {
      segments.push(file.toString("latin1", at + 8, at + 24).replace(/\0+$/, ""));
    }
    at += file.readUInt32LE(at + 4);
  }
  assert.ok(segments.includes("NODE_SEA"), `there is no program in it, only ${segments.join(", ")}`);
}

function checkWindows(file: Buffer, cpu: Platform["cpu"]): void {
  const pe = file.readUInt32LE(0x3c);
  assert.equal(file.readUInt32LE(pe), WINDOWS.magic, "no Windows executable");
  assert.equal(file.readUInt16LE(pe + 4), WINDOWS[cpu], "for another processor");
  assert.equal(file.readUInt32LE(pe + 24 + 144), 0, "its signature is still there");
  assert.ok(file.includes(Buffer.from("NODE_SEA_BLOB", "utf16le")), "there is no program in it");
}
