/** `npm run build`: makes the program in `dist`. */
import { buildBundle } from "./build/bundle.ts";

await buildBundle();
