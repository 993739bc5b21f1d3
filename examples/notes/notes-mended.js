// Mended: no header. Each line begins with a checksum of the rest, and the notes end where the first
// line is that does not fit its own. There is nothing left that two writes must agree on, so one
// flush is enough, and a line that a crash cut short is no line.

export class Notes {
  /** @param {FileSystemDirectoryHandle} root what `navigator.storage.getDirectory()` gives */
  static async open(root) {
    const file = await root.getFileHandle('notes.db', { create: true });
    return new this(await file.createSyncAccessHandle());
  }

  constructor(handle) {
    this.handle = handle;
    this.end = 0;
    this.notes = [];
    const bytes = new Uint8Array(handle.getSize());
    if (handle.read(bytes, { at: 0 }) < bytes.length) throw new Error('notes.db cannot be read');
    for (let next = 0; (next = bytes.indexOf(10, this.end) + 1) > 0; this.end = next) {
      const [sum, text] = split(new TextDecoder().decode(bytes.subarray(this.end, next - 1)));
      if (sum !== checksum(text)) break;
      this.notes.push(JSON.parse(text));
    }
    handle.truncate(this.end);
  }

  /** When it returns, the note is safe. */
  add(note) {
    const text = JSON.stringify(note);
    const line = new TextEncoder().encode(`${checksum(text)} ${text}\n`);
    if (this.handle.write(line, { at: this.end }) < line.length) throw new Error('no space');
    this.handle.flush();
    this.end += line.length;
    this.notes.push(note);
  }

  all() {
    return this.notes;
  }

  close() {
    this.handle.close();
  }
}

const split = (line) => [line.slice(0, 8), line.slice(9)];

/** FNV-1a, eight hex digits. */
function checksum(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
