// Notes in one OPFS file: a header that says where the notes end, then a line of JSON for each.
// Runs in a worker. This is the store as it was found; see README.md.

const HEADER_BYTES = 4;

export class Notes {
  /** @param {FileSystemDirectoryHandle} root what `navigator.storage.getDirectory()` gives */
  static async open(root) {
    const file = await root.getFileHandle('notes.db', { create: true });
    return new this(await file.createSyncAccessHandle());
  }

  constructor(handle) {
    this.handle = handle;
    const header = new DataView(new ArrayBuffer(HEADER_BYTES));
    handle.read(header, { at: 0 });
    // A new file has no header yet.
    this.end = Math.max(HEADER_BYTES, header.getUint32(0));
  }

  /** When it returns, the note is safe. */
  add(note) {
    const length = this.writeLine(note);
    this.handle.flush();
    this.end += length;
    this.writeHeader();
  }

  all() {
    const bytes = new Uint8Array(this.end - HEADER_BYTES);
    this.handle.read(bytes, { at: HEADER_BYTES });
    const lines = new TextDecoder().decode(bytes).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  close() {
    this.handle.close();
  }

  writeLine(note) {
    const line = new TextEncoder().encode(`${JSON.stringify(note)}\n`);
    this.handle.write(line, { at: this.end });
    return line.length;
  }

  writeHeader() {
    const header = new DataView(new ArrayBuffer(HEADER_BYTES));
    header.setUint32(0, this.end);
    this.handle.write(header, { at: 0 });
  }
}
