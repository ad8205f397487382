import { isExecutable, readProgramFile } from "../surroundings/program-files.ts";

/** The licences of reupload, of the packages whose code it contains and, in the single executable, of Node. */
export function readLicences(): string {
  const paths = ["LICENSE", "dist/THIRD-PARTY-LICENSES.txt", ...(isExecutable() ? ["node/LICENSE"] : [])];
  const titles = ["reupload", "Packages", "Node.js"];
  const parts = paths.map((path, place) => `== ${titles[place]} ==\n\n${readProgramFile(path).trim()}\n`);
  return parts.join("\n");
}
