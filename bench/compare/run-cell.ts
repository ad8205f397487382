/** Compares the contestants of a cell: finds how each works best and how many files make a run, then measures in turns. */
import { type Cell, MIB, settingsOf } from "./cells.ts";
import type { Contestant, Setting, Way } from "./contestants/contestant.ts";
import type { Inputs } from "./inputs.ts";
import { type Place, type Run, runOnce } from "./run-once.ts";

/** How long a run must take to tell a rate, s. */
const TRY_S = 1.5;
const TRIES = 3;
/** Bytes that the local files of a run may have in all: they lie on the disk, and blobs of the service nowhere. */
const MOST_BYTES = 5_000 * MIB;
const MOST_FILES = 60_000;
/** That it takes at least. */
const REQUESTS_A_FILE: Readonly<Record<Way, number>> = { local: 1, server: 2, stream: 3 };

/** How a contestant runs: the fastest of its settings, and so many files. */
export interface Form {
  readonly setting: Setting;
  readonly files: number;
}

export interface Line {
  readonly contestant: Contestant;
  readonly form: Form;
  /** Of each round. */
  readonly runs: readonly Run[];
}

export interface CellResult {
  readonly cell: Cell;
  readonly lines: readonly Line[];
}

export interface Comparison {
  readonly place: Place;
  readonly inputs: Inputs;
  readonly rounds: number;
  /** How long a run is to take, s. */
  readonly runSeconds: number;
  /** Each setting once, with a few files: whether it works at all. */
  readonly isQuick: boolean;
  /** Forms that are known from cells before. */
  readonly forms: Map<string, Form>;
  /** Prints a line. */
  readonly say: (line: string) => void;
}

/** Runs all that can go the cell's way. */
export async function runCell(
  comparison: Comparison,
  cell: Cell,
  contestants: readonly Contestant[],
): Promise<CellResult> {
  const those = contestants.filter(
    ({ ways, isAside }) => ways.includes(cell.way) && (cell.isRepeated || isAside !== true),
  );
  await comparison.place.simulator.control(settingsOf(cell));
  if (comparison.isQuick) return { cell, lines: await tryAll(comparison, cell, those) };
  const measured = new Map<Contestant, { form: Form; runs: Run[] }>();
  for (const contestant of those) {
    measured.set(contestant, { form: await formOf(comparison, cell, contestant), runs: [] });
  }
  for (let round = 0; round < (cell.isRepeated ? comparison.rounds : 1); round++) {
    // Nobody always comes first, or after the same one's dirty pages.
    const order = those.map((_, place) => those[(place + round) % those.length] as Contestant);
    for (const contestant of order) {
      const line = measured.get(contestant);
      if (line === undefined) continue;
      let done = await run(comparison, cell, contestant, line.form);
      if (round === 0 && cell.isRepeated && cell.files === undefined && isTooShort(comparison, done)) {
        line.form = longer(comparison, cell, line.form, done);
        comparison.forms.set(keyOf(cell, contestant), line.form);
        done = await run(comparison, cell, contestant, line.form);
      }
      line.runs.push(done);
    }
  }
  return { cell, lines: [...measured].map(([contestant, line]) => ({ contestant, ...line })) };
}

/** Files of a first trial. */
function firstFiles(bytes: number): number {
  return bytes < MIB ? 200 : 4;
}

async function tryAll(
  comparison: Comparison,
  cell: Cell,
  contestants: readonly Contestant[],
): Promise<Line[]> {
  const lines: Line[] = [];
  for (const contestant of contestants) {
    const settings = contestant.settings(cell.bytes, cell.way);
    const last = settings.at(-1);
    // The least and the most at once; large ones take their time.
    const tried = cell.bytes < MIB && last !== settings[0] ? [settings[0], last] : [settings[0]];
    for (const setting of tried.filter((one) => one !== undefined)) {
      const form = { setting, files: firstFiles(cell.bytes) / 2 };
      lines.push({ contestant, form, runs: [await run(comparison, cell, contestant, form)] });
    }
  }
  return lines;
}

/** Known from this size and way before (with the usual latency), or found by trials. */
async function formOf(comparison: Comparison, cell: Cell, contestant: Contestant): Promise<Form> {
  const key = keyOf(cell, contestant);
  const known = comparison.forms.get(key) ?? (await findForm(comparison, cell, contestant));
  comparison.forms.set(key, known);
  if (cell.files !== undefined) return { ...known, files: cell.files };
  const most = (comparison.runSeconds * (cell.accountRate ?? Infinity)) / REQUESTS_A_FILE[cell.way];
  return { ...known, files: Math.min(known.files, Math.round(most)) };
}

function keyOf({ way, bytes }: Cell, { name }: Contestant): string {
  return `${name} ${way} ${bytes}`;
}

/** Because what begins slowly has told too low a rate. */
function isTooShort({ runSeconds }: Comparison, { failure, underWaySeconds }: Run): boolean {
  return failure === undefined && underWaySeconds < 0.8 * runSeconds;
}

/** The more the shorter it was, as it is faster still in the end. */
function longer({ runSeconds }: Comparison, cell: Cell, form: Form, { files, underWaySeconds }: Run): Form {
  return { ...form, files: bounded(cell, (1.2 * files * runSeconds) / underWaySeconds) };
}

async function findForm(comparison: Comparison, cell: Cell, contestant: Contestant): Promise<Form> {
  const trials: { readonly setting: Setting; readonly rate: number }[] = [];
  for (const setting of contestant.settings(cell.bytes, cell.way)) {
    let files = firstFiles(cell.bytes);
    let rate = 0;
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const { failure, underWaySeconds } = await run(comparison, cell, contestant, { setting, files }, "try");
      rate = failure === undefined ? files / underWaySeconds : 0;
      if (failure !== undefined || underWaySeconds >= TRY_S) break;
      files = bounded(cell, Math.min(10 * files, 1.5 * TRY_S * rate));
    }
    trials.push({ setting, rate });
  }
  const best = trials.reduce((one, other) => (other.rate > one.rate ? other : one));
  const files = best.rate === 0 ? firstFiles(cell.bytes) : bounded(cell, best.rate * comparison.runSeconds);
  return { setting: best.setting, files };
}

/** Rounded to two digits. */
function bounded({ way, bytes }: Cell, files: number): number {
  const most = Math.min(MOST_FILES, way === "local" ? MOST_BYTES / bytes : Infinity);
  const rounded = Number(Math.min(most, files).toPrecision(2));
  return Math.max(1, Math.min(Math.floor(most), Math.round(rounded)));
}

async function run(
  { place, inputs, say }: Comparison,
  cell: Cell,
  contestant: Contestant,
  { setting, files }: Form,
  kind = "run",
): Promise<Run> {
  const { way, bytes } = cell;
  const input = await inputs.of(way, bytes, files);
  const done = await runOnce(contestant, setting, place, { way, bytes, files, input });
  const { seconds, underWaySeconds, cpuSeconds, failure } = done;
  const figures = [
    `${files} files in ${seconds.toFixed(1)} s (${underWaySeconds.toFixed(1)} s under way)`,
    `${Math.round(files / seconds)} files/s`,
    `${((1_000 * cpuSeconds) / files).toFixed(3)} CPU s/1,000`,
    ...(failure === undefined ? [] : [`FAILED: ${failure}`]),
  ];
  say(
    `  ${kind.padEnd(4)} ${[contestant.name, setting.name].filter(Boolean).join(", ")}: ${figures.join(", ")}`,
  );
  return done;
}
