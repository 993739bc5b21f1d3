/**
 * Each draft: length (4 bytes), sum (4 bytes), text. There are as many as verify; what a crash left
 * behind them is cut off.
 */
const opened = openFile('drafts');
let end = 0;

onmessage = async ({ data }) => {
  const file = await opened;
  if (data.readAll) postMessage(readAll(file));
  else postMessage(save(file, data.save));
};

function readAll(file) {
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  const view = new DataView(bytes.buffer);
  const drafts = [];
  end = 0;
  while (end + 8 <= bytes.length) {
    const next = end + 8 + view.getUint32(end);
    const body = bytes.subarray(end + 8, next);
    if (next > bytes.length || sumOf(body) !== view.getUint32(end + 4)) break;
    drafts.push(new TextDecoder().decode(body));
    end = next;
  }
  return drafts;
}

function save(file, text) {
  const body = new TextEncoder().encode(text);
  const entry = new Uint8Array(8 + body.length);
  const view = new DataView(entry.buffer);
  view.setUint32(0, body.length);
  view.setUint32(4, sumOf(body));
  entry.set(body, 8);
  file.write(entry, { at: end });
  file.flush();
  end += entry.length;
}

function sumOf(bytes) {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

async function openFile(name) {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle(name, { create: true });
  for (;;) {
    try {
      const file = await handle.createSyncAccessHandle();
      readAll(file);
      file.truncate(end);
      return file;
    } catch (error) {
      // Whoever died may keep it for two seconds more.
      if (error.name !== 'NoModificationAllowedError') throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
