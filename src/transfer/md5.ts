import { createHash, hash } from "node:crypto";

/** The MD5 of a file that comes in pieces, and of each piece. */
export interface FileMd5 extends Disposable {
  /**
   * Takes the next piece, whose bytes must stay as they are until the promise is settled.
   *
   * @returns the base64 MD5 of the piece alone
   */
  add(piece: Uint8Array): Promise<string>;
  /** The base64 MD5 of all pieces in the order in which they were added. */
  end(): Promise<string>;
}

/** What makes MD5s: OpenSSL, or the lanes of `md5-lanes.ts`. */
export interface Md5Maker {
  /** Base64; the bytes must stay as they are until the promise is settled. */
  md5(bytes: Uint8Array): Promise<string>;
  begin(): FileMd5;
}

/** One after the other, at once. */
export class NativeMd5 implements Md5Maker {
  async md5(bytes: Uint8Array): Promise<string> {
    return hash("md5", bytes, "base64");
  }

  begin(): FileMd5 {
    const whole = createHash("md5");
    let isFirst = true;
    return {
      add: async (piece) => {
        whole.update(piece);
        if (!isFirst) return hash("md5", piece, "base64");
        isFirst = false;
        return whole.copy().digest("base64");
      },
      end: async () => whole.digest("base64"),
      [Symbol.dispose]: () => {},
    };
  }
}
