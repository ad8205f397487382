/** What is used of WebAssembly's JavaScript interface: its types come only with those of a browser. Absent with `--jitless`. */
declare namespace WebAssembly {
  class Memory {
    constructor(description: { readonly initial: number; readonly maximum: number; readonly shared: true });
    readonly buffer: SharedArrayBuffer;
  }

  class Module {
    private readonly compiled: true;
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }

  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
