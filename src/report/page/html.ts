/** HTML made of a template: whatever is put in is text, unless it is HTML made here. */
import { redact } from "../../core/secret.ts";
import { escapeUnprintable } from "../../core/unprintable.ts";

/** Finished HTML. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** undefined and false are nothing. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

/** Tag of a template. Texts are redacted and escaped, also in attributes, which stand in double quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.map((part, index) => part + valueHtml(values[index])).join(""));
}

function valueHtml(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? escapeText(value) : value.map((one) => valueHtml(one)).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** What reorders a line or is not seen is shown as its code point. */
function escapeText(text: string): string {
  const shown = escapeUnprintable(redact(text), (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
  return shown.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
