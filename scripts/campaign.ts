/**
 * Many seeds of the coordination's simulation: `npm run campaign -- --seeds 100000 [--from 1] [--piece 4000]`. Each piece
 * is a fresh process, because one process holds some ten thousand seeds. Ends at the first piece that fails, with the
 * command that replays the seed.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const TEST = "test/machines/simulation.test.ts";
const VITEST = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100000" },
    from: { type: "string", default: "1" },
    piece: { type: "string", default: "4000" },
  },
});
const [seeds, from, piece] = [values.seeds, values.from, values.piece].map(wholeNumber) as [
  number,
  number,
  number,
];

const began = Date.now();
for (let done = 0; done < seeds;) {
  const size = Math.min(piece, seeds - done);
  runPiece(from + done, size);
  done += size;
  const seconds = (Date.now() - began) / 1_000;
  process.stdout.write(
    `${done} of ${seeds} seeds, up to seed ${from + done - 1}, ${Math.round(done / seconds)} a second\n`,
  );
}

/** Ends the process when a seed of it fails. */
function runPiece(first: number, size: number): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [VITEST, "run", TEST], {
    env: { ...process.env, FROM: String(first), SEEDS: String(size) },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return;
  const replay = `SEED=N npx vitest run ${TEST}`;
  process.stderr.write(
    `${stdout}${stderr}failed: seeds ${first} to ${first + size - 1}; replay one: ${replay}\n`,
  );
  process.exit(1);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0) return number;
  process.stderr.write(`expected a whole number above 0, got "${text}"\n`);
  process.exit(2);
}
