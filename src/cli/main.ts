/** The entry. What is imported before the cache is on is compiled anew at every start, so all else is imported here. */
import { enableCompileCache } from "node:module";

enableCompileCache();
await import("./command.ts");
