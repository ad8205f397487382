import { cpus } from "node:os";

/** Sums over all processors since the machine started, ms. */
interface Times {
  /** Nothing ran, or only work that was told to wait for all other (`nice`). */
  readonly free: number;
  readonly all: number;
}

/** Tells how many of the machine's processors nothing needed of late, whoever used the others. */
export class FreeProcessors {
  readonly #read: () => Times;
  #last: Times;

  constructor(read: () => Times = readTimes) {
    this.#read = read;
    this.#last = read();
  }

  /** Since this was asked last; 0.5: one processor for half of the time. One, where the system does not tell. */
  take(): number {
    const { free, all } = this.#read();
    const before = this.#last;
    this.#last = { free, all };
    if (all === before.all) return 1;
    return ((free - before.free) / (all - before.all)) * Math.max(1, cpus().length);
  }
}

function readTimes(): Times {
  let free = 0;
  let all = 0;
  for (const { times } of cpus()) {
    free += times.idle + times.nice;
    all += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { free, all };
}
