import { ReuploadError } from "../../core/errors.ts";

/** The HTTP library reads answers with a parser in WebAssembly. @throws ReuploadError `node-flag` where there is none */
export function requireWebAssembly(): void {
  if (typeof WebAssembly !== "undefined") return;
  const message = "Node.js runs without WebAssembly (--jitless), without which no HTTP answer can be read.";
  throw new ReuploadError("node-flag", message);
}
