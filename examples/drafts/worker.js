/**
 * count (4 bytes), then each draft: length (4 bytes), text.
 *
 * The bug: the count goes first. Who dies between the two writes has a draft that is not there.
 */
const opened = openFile('drafts');

onmessage = async ({ data }) => {
  const file = await opened;
  if (data.readAll) postMessage(readAll(file));
  else postMessage(save(file, data.save));
};

function readAll(file) {
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  const view = new DataView(bytes.buffer);
  const count = bytes.length < 4 ? 0 : view.getUint32(0);
  const drafts = [];
  for (let at = 4; drafts.length < count;) {
    const length = at + 4 <= bytes.length ? view.getUint32(at) : 0;
    drafts.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return drafts;
}

function save(file, text) {
  const body = new TextEncoder().encode(text);
  const entry = new Uint8Array(4 + body.length);
  new DataView(entry.buffer).setUint32(0, body.length);
  entry.set(body, 4);
  const count = new Uint8Array(4);
  new DataView(count.buffer).setUint32(0, readAll(file).length + 1);
  file.write(count, { at: 0 });
  file.write(entry, { at: Math.max(4, file.getSize()) });
  file.flush();
}

async function openFile(name) {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle(name, { create: true });
  for (;;) {
    try {
      return await handle.createSyncAccessHandle();
    } catch (error) {
      // Whoever died may keep it for two seconds more.
      if (error.name !== 'NoModificationAllowedError') throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
