/**
 * How files of the user's machine are opened and written. Nothing is ever written through a link, into a special file, or
 * over a file that is not ours; one place knows what a full disk looks like.
 */
export { Journal, markLine, readMark } from "./journal.ts";
export { createUnlessThere, openNew, openNewSync, removeLeftover, writeNewSync } from "./new-file.ts";
export { filePlace, lookAt } from "./place.ts";
export { RejectedRows } from "./rejected-rows.ts";
export { NEXT_ENDING, replaceFileSync } from "./replace-file.ts";
export { toWriteError } from "./write-error.ts";
export { openStream } from "./open-stream.ts";
