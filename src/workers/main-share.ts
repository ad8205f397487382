/** A call under way in the main thread counts as no more than so many of another thread's. */
const MOST = 1_000;
/** At work for less of the time than this, the main thread has room, and takes as many calls as any other thread. */
const ROOM = 0.85;
/** By so much of the difference in how busy they are the weight changes at each look: a look later the change shows. */
const GAIN = 0.5;
/** The share of the last look in how busy the other threads are said to be. */
const NEWEST = 0.4;

/**
 * Finds which part of the calls the main thread takes beside its own work: its calls weigh more than another thread's for
 * as long as it is full, and at work for more of the time than they are. While it has room it takes as many as they do: its
 * own calls are answered sooner, as they cross to no other thread. A limit beyond which it takes none had all calls go to and
 * fro between the threads, each idle in turn, at 0.81 of what two threads can do (`test/workers/main-share.test.ts`).
 */
export class MainShare {
  #weight = 1;
  #othersBusy = 0;

  /** To be called several times a second. @param main @param others how much of the time they were at work, 0 to 1 */
  look(main: number, others: number): void {
    this.#othersBusy += NEWEST * (others - this.#othersBusy);
    const weight = this.#weight * (1 + GAIN * (main - Math.max(ROOM, this.#othersBusy)));
    this.#weight = Math.min(MOST, Math.max(1, weight));
  }

  /** Whether the next call is the main thread's. @param main @param other calls under way there, and in the thread that has fewest */
  takes(main: number, other: number): boolean {
    return (main + 1) * this.#weight <= other;
  }
}
