/** How numbers, sizes and times are written is the same in a terminal and on a page: see `core/format.ts`. */
export * from "../core/format.ts";
