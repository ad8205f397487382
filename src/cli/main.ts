/** The entry. What is imported before the cache is on is compiled anew at every start, so all else is imported here. */
import { enableCompileCache } from "node:module";

enableCompileCache();
void import("./command.ts").then(({ runCommandLine }) => runCommandLine());
