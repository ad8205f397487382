/** What a list of completions has room for: without what is in brackets at the end, and not the whole of a long help. */
export function shortHelp(help: string): string {
  const [first = ""] = help.replace(/ \((?:default|repeatable)[^]*\)$/, "").split(/(?<=\w)[;:.] /);
  return first;
}
