/**
 * Makes the program in `dist` from `src` and the packages that it uses: a few CommonJS files that load one another when
 * they are needed. CommonJS, because Node loads it faster than modules (bench/README.md), and because the single
 * executable takes nothing else.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type OutputChunk, rolldown, type RolldownLog } from "rolldown";
import { onlyAscii } from "./ascii.ts";
import { type BuildFacts, readBuildFacts } from "./build-facts.ts";
import { type BundledPackage, findBundledPackages } from "./bundled-packages.ts";
import { CHUNKS, findCycle } from "./chunks.ts";
import { licencesText } from "./licences.ts";
import { manualPage } from "./manual-page.ts";
import { ROOT } from "./root.ts";
import { slimUndici, UNDICI_DEFINES } from "./slim-undici.ts";
import { SYNC_PACKAGES, syncPackages } from "./sync-packages.ts";

/** What starts by itself: the program, its command line for tests, and what is loaded without waiting. */
const ENTRIES = {
  "cli/main": "src/cli/main.ts",
  "cli/command": "src/cli/command.ts",
  ...Object.fromEntries(SYNC_PACKAGES.map((name) => [`chunks/${name}`, name])),
};

/**
 * Threads, the code of each in one file, whatever it shares with the program: the single executable starts them from
 * their text, from which no neighbours can be loaded.
 */
const THREADS = ["transfer/hash-thread", "job/slot-thread"];

/** What was made. */
export interface Bundle {
  readonly facts: BuildFacts;
  /** The files of the program, by their paths in `dist`. */
  readonly files: readonly { readonly path: string; readonly code: string }[];
  /** The packages whose code is in it. */
  readonly packages: readonly BundledPackage[];
}

/**
 * Replaces `dist`.
 *
 * @throws Error for what cannot be resolved, and when the files would load one another in a circle
 */
export async function buildBundle(): Promise<Bundle> {
  const facts = readBuildFacts();
  const dist = join(ROOT, "dist");
  await rm(dist, { recursive: true, force: true });
  const program = await writeFiles(ENTRIES, CHUNKS, facts);
  const chunks = [...program];
  for (const thread of THREADS) {
    chunks.push(...(await writeFiles({ [thread]: `src/${thread}.ts` }, false, facts)));
  }
  const cycle = findCycle(chunks);
  if (cycle !== undefined) throw new Error(`files of dist load one another: ${cycle.join(" -> ")}`);
  const packages = findBundledPackages(chunks.flatMap(({ moduleIds }) => moduleIds));
  await mkdir(dist, { recursive: true });
  // The package's own files are modules.
  await writeFile(join(dist, "package.json"), '{"type":"commonjs"}\n');
  await writeFile(join(dist, "THIRD-PARTY-LICENSES.txt"), licencesText(packages));
  await writeFile(join(dist, "reupload.1"), manualPage(facts.version));
  return { facts, packages, files: chunks.map(({ fileName, code }) => ({ path: fileName, code })) };
}

/** Bundles the entries into `dist`. @param codeSplitting false: each into one file */
async function writeFiles(
  input: Record<string, string>,
  codeSplitting: typeof CHUNKS | false,
  facts: BuildFacts,
): Promise<OutputChunk[]> {
  await using bundler = await rolldown({
    cwd: ROOT,
    input,
    platform: "node",
    preserveEntrySignatures: "allow-extension",
    external: SYNC_PACKAGES.map((name) => `./${name}.js`),
    plugins: [slimUndici(), syncPackages(), onlyAscii()],
    transform: { define: { REUPLOAD_BUILD: JSON.stringify(facts), ...UNDICI_DEFINES } },
    onLog: refuseWarnings,
  });
  const { output } = await bundler.write({
    dir: join(ROOT, "dist"),
    format: "cjs",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    sourcemap: true,
    codeSplitting,
  });
  return output.filter((file): file is OutputChunk => file.type === "chunk");
}

/** Where a package says in its own words that it knows better than the bundler. */
const EXPECTED = new Set(["INEFFECTIVE_DYNAMIC_IMPORT"]);

function refuseWarnings(level: string, log: RolldownLog): void {
  if (level !== "warn" || EXPECTED.has(log.code ?? "")) return;
  throw new Error(`${log.code ?? "warning"}: ${log.message}`);
}
