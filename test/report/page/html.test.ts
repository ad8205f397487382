import { describe, expect, it } from "vitest";
import { Html, html } from "../../../src/report/page/html.ts";

describe("HTML of a template", () => {
  it("takes texts as text, also in attributes, and HTML as it is", () => {
    const evil = `"><script>alert('x')</script>&`;
    expect(html`<a title="${evil}">${evil}${html`<b>${1_000}</b>`}</a>`.text).toBe(
      `<a title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;">&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;<b>1000</b></a>`,
    );
  });

  it("joins lists, and makes nothing of what is not there", () => {
    expect(html`${["a", ["b", html`<i></i>`]]}${undefined}${false}${0}`.text).toBe("ab<i></i>0");
    expect(html`<p>${new Html("<br>")}</p>`.text).toBe("<p><br></p>");
  });

  it("shows no secret, and nothing that reorders a line", () => {
    expect(html`${"https://a/b?sig=abcdef&x=1"} ${"evil\u202egnp.exe"}`.text).toBe(
      String.raw`https://a/b?sig=***&amp;x=1 evil\u{202e}gnp.exe`,
    );
  });
});
