/** The parts of an answer that tell who gave it. */
export interface AnswerHead {
  readonly status: number;
  header(name: string): string | undefined;
}

/**
 * An answer that the service did not give: a proxy's page, a captive portal's, another server's; or one that is not
 * whole. Nothing of it is believed, its status least of all.
 */
export class ForeignAnswer extends Error {
  readonly response: { readonly headers: { get(name: string): string | undefined } };

  /**
   * @param url where it was asked; only its host is told
   * @param why what it lacks, when status and type do not show it
   */
  constructor(url: string, head: AnswerHead, why?: string) {
    const facts = [`HTTP ${head.status}`, mediaType(head.header("content-type")), why];
    const known = facts.filter((fact) => fact !== undefined).join(", ");
    super(`something between this machine and ${new URL(url).host} answered (${known})`);
    this.name = "ForeignAnswer";
    this.response = { headers: { get: (name) => head.header(name) } };
  }
}

/** Type and subtype alone: the rest is somebody else's text. */
function mediaType(contentType: string | undefined): string | undefined {
  return /^\s*([\w.+-]{1,40}\/[\w.+-]{1,80})/.exec(contentType ?? "")?.[1];
}
