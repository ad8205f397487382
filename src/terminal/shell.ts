/** Quoting for the shells that operators paste commands into. */
export type Shell = "bash" | "powershell" | "cmd";

/** A word as the shell must see it to give the program exactly this text. Plain words stay as they are. */
export function quote(word: string, shell: Shell): string {
  if (/^[A-Za-z0-9_./:=,+@%-]+$/.test(word) && !(shell !== "bash" && /[%,@]/.test(word))) return word;
  switch (shell) {
    case "bash":
      return `'${word.replaceAll("'", `'\\''`)}'`;
    case "powershell":
      // It takes the typographic single quotes for quotes, too.
      return `'${word.replaceAll(/['\u2018-\u201b]/g, "$&$&")}'`;
    case "cmd":
      // Inside quotes only % and " still mean something to cmd. At its prompt %% is no escape for %: the caret, which
      // works outside quotes only, makes a variable's name one that is not set, and then goes away.
      return `"${word.replaceAll('"', '""').replaceAll("%", '"^%"')}"`;
  }
}

/** A whole command line. */
export function commandLine(words: readonly string[], shell: Shell = "bash"): string {
  return words.map((word) => quote(word, shell)).join(" ");
}
