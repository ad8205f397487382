/** Makes what the runs read: folders of local files, and lists of the simulator's blobs. */
import { execFile } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { evenly, writeRunInput } from "../support/run-input.ts";
import { filesAWorkItem } from "./cells.ts";
import { type Service, sourceContainer, type Way } from "./contestants/contestant.ts";

export class Inputs {
  readonly #root: string;
  readonly #service: Service;
  /** Local files of a size that there are. */
  readonly #written = new Map<number, number>();

  /** @param root a folder that is deleted afterwards */
  constructor(root: string, service: Service) {
    this.#root = root;
    this.#service = service;
  }

  /** @returns the folder that a job of so many files reads; made once */
  async of(way: Way, bytes: number, files: number): Promise<string> {
    const folder = join(this.#root, `${way === "local" ? "local" : "listing"}-${bytes}-${files}`);
    if (existsSync(folder)) return folder;
    const making = `${folder}.new`;
    await mkdir(making);
    await (way === "local" ? this.#linkFiles(making, bytes, files) : this.#list(making, bytes, files));
    await rename(making, folder);
    return folder;
  }

  async #list(folder: string, bytes: number, files: number): Promise<void> {
    const source = `${this.#service.blobEndpoint}/${sourceContainer(bytes)}`;
    await writeRunInput(folder, { filesOf: evenly(files, filesAWorkItem(bytes)), source });
  }

  /** Folders of different counts share their files, so that a file is on the disk, and in memory, once. */
  async #linkFiles(folder: string, bytes: number, files: number): Promise<void> {
    const pool = join(this.#root, `pool-${bytes}`);
    await this.#fill(pool, bytes, files);
    for (let file = 0; file < files; file++) await link(join(pool, nameOf(file)), join(folder, nameOf(file)));
  }

  async #fill(pool: string, bytes: number, files: number): Promise<void> {
    const written = this.#written.get(bytes) ?? 0;
    if (files <= written) return;
    await mkdir(pool, { recursive: true });
    const content = randomFillSync(Buffer.alloc(bytes));
    for (let file = written; file < files; file++) {
      content.writeUInt32LE(file);
      await writeFile(join(pool, nameOf(file)), content);
    }
    this.#written.set(bytes, files);
    // The disk is not to be busy with them while a run is measured.
    await promisify(execFile)("sync");
  }
}

function nameOf(file: number): string {
  return `file-${String(file).padStart(6, "0")}.json`;
}
