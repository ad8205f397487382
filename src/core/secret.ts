import { inspect } from "node:util";

/** A value that cannot print itself: template, JSON, inspect and error messages all show `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The only way to the value; call it where the value is used, never earlier. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "***";
  }
}

/** What is looked for, what stands in its place, and, where the search is long, a quick look at whether it may be there. */
const PATTERNS: readonly [RegExp, string, ((text: string) => boolean)?][] = [
  // SAS signatures, in URLs and in percent-encoded URLs within URLs. Where the `&` or `?` before is encoded
  // (`%26`, `%3F`, `%2526`, `\u0026` in JSON) its last digit stands against the name, and no word begins there.
  [/(?:\b|(?<=%(?:25)*(?:26|3F)|\\u0026))(sig(?:=|%(?:25)*3D))[^&\s"'<>\\;,)]+/gi, "$1***"],
  [/(?:\b|(?<=%3B))((?:AccountKey|SharedAccessKey)(?:=|%3D))[^;\s"']+/gi, "$1***"],
  [/\b(SharedAccessSignature)=[^;\s"']+/gi, "$1=***"],
  [/\b(SharedKey(?:Lite)? [^:\s]+:)[A-Za-z0-9+/=]+/g, "$1***"],
  [/\b(Bearer )[A-Za-z0-9._~+/=-]+/gi, "$1***"],
  // A token without the word before it: two parts of JSON in base64, and a signature that may be empty.
  [/\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g, "***"],
  // A storage account's key without a word before it: 64 bytes in base64.
  [/(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]|%2[BF]){86}(?:==|%3D%3D)/gi, "***", (text) => /==|%3D%3D/i.test(text)],
  // What is taken for a variable of the environment.
  [
    /\b((?:AZURE|REUPLOAD)_[A-Z_]*(?:KEY|SECRET|PASSWORD|SAS|TOKEN|STRING)=)[^\s"']+/g,
    "$1***",
    (text) => text.includes("="),
  ],
  // The user part of a URL, also one within a URL or in JSON (`\/`, `\u0040`): all before the last `@` of the authority.
  [
    /((?::|%(?:25)*3A)(?:\\?\/|%(?:25)*2F){2})(?:(?!%(?:25)*2F|\\\/)[^\s/?#"'<>])*(?:@|\\u0040|%(?:25)*40)/gi,
    "$1***@",
    (text) => text.includes("@") || text.includes("40"),
  ],
  // One whose password has what would end an authority, or that is cut off before its `@`: a colon without a port.
  [
    /(:(?:\\?\/){2})[^\s/?#"'<>@:\\[\]]*:(?!\d{1,5}(?:[^\w%]|$)|[\s,;.)\]}]|$)(?:[^\s"'<>]*@|[^"'<>\r\n]{0,200}?@|[^\s"'<>]*$)/g,
    "$1***@",
    (text) => text.includes(":/") || text.includes(":\\/"),
  ],
];

/** The one place that takes SAS signatures, keys, tokens and passwords out of a text before it is shown or kept. */
export function redact(text: string): string {
  let clean = text;
  for (const [pattern, replacement, mayHold] of PATTERNS) {
    if (mayHold === undefined || mayHold(clean)) clean = clean.replace(pattern, replacement);
  }
  return clean;
}
