import type { Surroundings } from "../../surroundings/surroundings.ts";

/** The time as HTTP writes it; the text is made anew once a second. */
export class HttpDate {
  readonly #surroundings: Surroundings;
  #second = 0;
  #text = "";

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  now(): string {
    const now = Math.floor(this.#surroundings.wall() / 1000);
    if (now !== this.#second) {
      this.#second = now;
      this.#text = new Date(now * 1000).toUTCString();
    }
    return this.#text;
  }
}
