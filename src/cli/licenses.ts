import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { readLicences } from "../job/licences.ts";
import { type Io, writeText } from "../terminal/io.ts";

/** Prints the licences of all that the program consists of. */
export async function licenses(io: Io): Promise<ExitCode> {
  await writeText(io, readLicences());
  return EXIT.done;
}
