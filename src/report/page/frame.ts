/**
 * What every page has in common: no script, no request to anywhere, readable by screen readers, in light and dark and on
 * paper.
 */
import { Html, html, type HtmlValue } from "./html.ts";
import { STYLE } from "./style.ts";

/** The browser itself is told to load nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export interface Page {
  readonly title: string;
  readonly body: HtmlValue;
  /** From what it was made. */
  readonly footer: string;
}

/** The whole page as text. */
export function framePage({ title, body, footer }: Page): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          ${body}
          <footer>${footer} Addresses are shown without their signatures.</footer>
        </main>
      </body>
    </html> `;
  return page.text;
}
