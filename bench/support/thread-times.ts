/** The processor time of each thread of a program, and how many requests each made. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Of one thread, until it ended; up to 0.1 s before that of one that was ended. */
export interface ThreadTime {
  /** Processor time, us. */
  readonly us: number;
  readonly requests: number;
}

export interface ThreadTimes {
  readonly main: ThreadTime;
  /** Of `--threads`, and of hashes: all together. */
  readonly others: ThreadTime;
}

/** What a program's environment needs for that. @param folder empty, of this run alone */
export function timesThreads(folder: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--require ${join(import.meta.dirname, "thread-times.cjs")}`,
    THREAD_TIMES: folder,
  };
}

/** To be asked when the program has ended. @param folder as `timesThreads` was given */
export async function readThreadTimes(folder: string): Promise<ThreadTimes> {
  const names = await readdir(folder);
  const read = async (name: string): Promise<ThreadTime> =>
    JSON.parse(await readFile(join(folder, name), "utf8")) as ThreadTime;
  const others = await Promise.all(names.filter((name) => /^thread-\d+$/.test(name)).map(read));
  return {
    main: await read("main"),
    others: {
      us: others.reduce((sum, { us }) => sum + us, 0),
      requests: others.reduce((sum, { requests }) => sum + requests, 0),
    },
  };
}
