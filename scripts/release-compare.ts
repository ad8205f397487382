/**
 * `npm run release:compare`: makes the release twice and compares the bytes. `node scripts/release-compare.ts
 * [--platform linux-x64]...`; exits with 1 when a file differs.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./build/root.ts";
import { checksumLines } from "./release/checksums.ts";

const scratch = mkdtempSync(join(tmpdir(), "reupload-twice-"));
try {
  // The second one has a pipe for its streams: what they are must not be seen in the bytes.
  const [first = [], second = []] = (["inherit", "pipe"] as const).map((stderr) => {
    const out = join(scratch, stderr);
    const script = join(ROOT, "scripts", "release.ts");
    execFileSync(process.execPath, [script, "--out", out, ...process.argv.slice(2)], {
      stdio: ["ignore", stderr === "inherit" ? 2 : "pipe", stderr],
    });
    return checksumLines(out);
  });
  const differing = first.filter((line, place) => line !== second[place]);
  for (const line of differing) process.stdout.write(`differs: ${line}\n`);
  if (first.length !== second.length || differing.length > 0) process.exitCode = 1;
  else
    process.stdout.write(
      `${first.join("\n")}\nThe ${first.length} files of both releases are the same bytes.\n`,
    );
} finally {
  rmSync(scratch, { recursive: true });
}
