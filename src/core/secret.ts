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

const PATTERNS: readonly [RegExp, string][] = [
  // SAS signatures, in URLs and in percent-encoded URLs within URLs. Where the `&` or `?` before is encoded
  // (`%26`, `%3F`, `%2526`, `\u0026` in JSON) its last digit stands against the name, and no word begins there.
  [/(?:\b|(?<=%(?:25)*(?:26|3F)|\\u0026))(sig(?:=|%(?:25)*3D))[^&\s"'<>\\;,)]+/gi, "$1***"],
  [/(?:\b|(?<=%3B))((?:AccountKey|SharedAccessKey)(?:=|%3D))[^;\s"']+/gi, "$1***"],
  [/\b(SharedAccessSignature)=[^;\s"']+/gi, "$1=***"],
  [/\b(SharedKey(?:Lite)? [^:\s]+:)[A-Za-z0-9+/=]+/g, "$1***"],
  [/\b(Bearer )[A-Za-z0-9._~+/=-]+/gi, "$1***"],
  // A token without the word before it: two parts of JSON in base64, and a signature that may be empty.
  [/\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g, "***"],
];

/** The one place that takes SAS signatures, keys and tokens out of a text before it is shown or kept. */
export function redact(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
}
