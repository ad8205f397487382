/**
 * What V8 has compiled of the program's files when a command ended, kept for its next start. Node's own compile cache
 * keeps what the loading of a file compiles; here are also the functions that were called later, which are most of them.
 * It lies in the folder of Node's cache, which is one for each version of Node, its flags, and user
 * (`docs/design/029-code-cache.md`).
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

/** What a file begins with, of the layout below; one of another layout is not read. */
const LAYOUT = "reupload code 3 ";
/** Without O_NONBLOCK, opening a pipe that has the file's name would wait for a writer for ever. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A file of the program as it was when it was compiled. */
interface Text {
  /** Its path. */
  readonly name: string;
  readonly textCrc: number;
  readonly textBytes: number;
}

interface Loaded {
  readonly of: Text;
  readonly script: Script;
}

/** Where a file's code lies in the pack. */
interface Entry extends Text {
  readonly at: number;
  readonly bytes: number;
}

interface Header {
  readonly entries: readonly Entry[];
  /** Modules of Node that the command has loaded. */
  readonly builtins: readonly string[];
}

interface Found {
  readonly entry: Entry;
  readonly code: Buffer;
}

/**
 * The compiled code of the files that one command loads. Its file: a line with the layout and the CRC-32 of all that follows, a line
 * of JSON, then the code.
 */
export class CodePack {
  /** Its file. */
  readonly path: string;
  readonly #found = new Map<string, Found>();
  /** Modules of Node. */
  readonly #builtins = new Set<string>();
  readonly #loaded: Loaded[] = [];
  /** Nothing fits: it is to be written anew. */
  isWanting = false;

  /** @param folder where it is kept @param program the folder of the program's files @param command whose it is */
  constructor(folder: string, program: string, command: string) {
    this.path = join(folder, `reupload-${command}-${crc32(program).toString(16)}`);
    for (const one of readPack(this.path, this.#builtins)) this.#found.set(one.entry.name, one);
    if (this.#found.size === 0) this.#want();
  }

  /** Loads the modules of Node that the command loaded before: with V8's flags as they are, Node's own code for them fits. */
  loadBuiltins(): void {
    for (const name of this.#builtins) process.getBuiltinModule(name);
  }

  /** Notes that the command needs this module of Node. */
  needs(name: string): void {
    this.#builtins.add(name);
  }

  /** Whether the file is to be compiled here; else Node loads it, from its own cache. */
  has(name: string): boolean {
    return this.isWanting || this.#found.has(name);
  }

  /** Compiles the text, or takes what was compiled of it before. @param name path of its file */
  compile(name: string, before: string, text: Buffer, after: string): Script {
    const found = this.#found.get(name);
    // V8 has read it then.
    this.#found.delete(name);
    const of = { name, textCrc: crc32(text), textBytes: text.length };
    const fits = found?.entry.textBytes === of.textBytes && found.entry.textCrc === of.textCrc;
    // The program's files have no characters beyond ASCII.
    const script = new Script(before + text.toString("latin1") + after, {
      filename: name,
      ...(fits && { cachedData: found.code }),
    });
    if (!fits || script.cachedDataRejected === true) this.#want();
    this.#loaded.push({ of, script });
    return script;
  }

  /** What is compiled by now, for the file. V8's flags must be those of the start. */
  content(): Uint8Array {
    setFlagsFromString("--flush-bytecode");
    const entries: Entry[] = [];
    const parts: Buffer[] = [];
    let at = 0;
    for (const { of, script } of this.#loaded) {
      const code = script.createCachedData();
      entries.push({ ...of, at, bytes: code.length });
      parts.push(code);
      at += code.length;
    }
    const header: Header = { entries, builtins: [...this.#builtins] };
    const content = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts]);
    return Buffer.concat([Buffer.from(`${LAYOUT}${crc32(content)}\n`), content]);
  }

  /** From now on V8 forgets no code that was not called for a while: all of it is to be written. */
  #want(): void {
    if (this.isWanting) return;
    this.isWanting = true;
    setFlagsFromString("--no-flush-bytecode");
  }
}

/**
 * The file, when it is this user's own. In a folder that is open to all, such as the temporary one, another user may have put
 * it there, and it is run as it is.
 */
function readOwn(path: string): Buffer | undefined {
  const file = openSync(path, READ);
  try {
    const stats = fstatSync(file);
    const { uid, mode } = stats;
    const isOwn = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    return isOwn && stats.isFile() ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}

/** Nothing when there is no such file, or when it is not whole. @param builtins takes the names of Node's modules */
function readPack(path: string, builtins: Set<string>): Found[] {
  try {
    const all = readOwn(path);
    if (all === undefined) return [];
    const [first, content] = cutLine(all);
    if (first !== `${LAYOUT}${crc32(content)}`) return [];
    const [json, codes] = cutLine(content);
    const header = JSON.parse(json) as Header;
    for (const name of header.builtins) builtins.add(name);
    return header.entries.map((entry) => ({
      entry,
      code: codes.subarray(entry.at, entry.at + entry.bytes),
    }));
  } catch {
    return [];
  }
}

/** The first line, and what follows it. */
function cutLine(all: Buffer): readonly [string, Buffer] {
  const end = all.indexOf("\n");
  return [all.toString("utf8", 0, end), all.subarray(end + 1)];
}

const BEFORE = "(function (exports, require, module, __filename, __dirname) { ";
const AFTER = "\n})";

type Exports = Record<string, () => Promise<void>>;
type Code = (this: Exports, ...given: readonly unknown[]) => void;

/**
 * Loads a file of the program and what it requires, as Node does with files, those of the pack by the pack. Node's table of
 * modules knows all of them, so that each is loaded once, whoever loads it.
 */
export function loadWithPack(pack: CodePack, filename: string): Exports {
  const own = createRequire(filename);
  const known = own.cache[filename];
  if (known !== undefined) return known.exports as Exports;
  if (!pack.has(filename)) return own(filename) as Exports;
  const text = readFileSync(filename);
  const module = new Module(filename);
  module.filename = filename;
  own.cache[filename] = module;
  const requireFrom = (wanted: string): unknown => {
    if (wanted.startsWith(".")) return loadWithPack(pack, own.resolve(wanted));
    pack.needs(wanted);
    return own(wanted);
  };
  const code = pack.compile(filename, BEFORE, text, AFTER).runInThisContext() as Code;
  const folder = dirname(filename);
  code.call(module.exports as Exports, module.exports, requireFrom, module, filename, folder);
  module.loaded = true;
  return module.exports as Exports;
}
