/**
 * A crash in words: what was in flight, what of the unflushed bytes is there and what is not, which
 * names came or went. Found by comparing an image with the two extremes: nothing of what was unflushed
 * persisted, and all of it.
 */
import type { DiskImage, SimulatedDisk } from '@varve/files/simulated';

/** More would not be read. */
const LINES_MAX = 16;

type Fate = 'lost' | 'kept' | 'neither old nor new';

export function explainCrash(disk: SimulatedDisk, image: DiskImage): string[] {
  const [found, nothing, everything] = [
    image,
    disk.image(`${image.op}:none`),
    disk.image(`${image.op}:all`),
  ].map((state) => filesOf(state.disk()));
  const lines: string[] = [];
  for (const path of new Set([...everything.keys(), ...found.keys()])) {
    const [now, all] = [found.get(path), everything.get(path)];
    if (now === undefined) lines.push(`the name ${path} is lost, and the file with it`);
    else if (all === undefined) lines.push(`the name ${path}, removed or moved, is back`);
    else lines.push(...differences(path, now, nothing.get(path), all, disk.state.atomBytes));
  }
  if (lines.length === 0) lines.push('nothing that had been written is lost');
  const more = lines.length - LINES_MAX;
  if (more > 0) lines.splice(LINES_MAX, more, `… and ${more} more`);
  return [`crash in operation ${image.op}: ${operationOf(disk, image.op)}`, ...lines];
}

function filesOf(disk: SimulatedDisk): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [path, inode] of disk.state.names) if (inode !== 0) files.set(path, disk.peek(path));
  return files;
}

/** Ranges of atoms with the same fate, in order. */
function differences(
  name: string,
  now: Uint8Array,
  none: Uint8Array | undefined,
  all: Uint8Array,
  atomBytes: number,
): string[] {
  const lines: string[] = [];
  if (now.length !== all.length) {
    lines.push(`${name} is ${now.length} bytes long; as written it was ${all.length}`);
  }
  const atoms = Math.ceil(Math.max(now.length, all.length) / atomBytes);
  let fate: Fate | undefined;
  let from = 0;
  for (let index = 0; index <= atoms; index++) {
    const at = index * atomBytes;
    const next =
      index < atoms
        ? fateOf(
            atomAt(now, at, atomBytes),
            atomAt(none, at, atomBytes),
            atomAt(all, at, atomBytes),
          )
        : undefined;
    if (next === fate && index < atoms) continue;
    if (fate !== undefined) lines.push(`${name} bytes ${from}–${at - 1}: ${SAID[fate]}`);
    fate = next;
    from = at;
  }
  return lines;
}

const SAID: Readonly<Record<Fate, string>> = {
  lost: 'written, not flushed: lost',
  kept: 'written, not flushed: there',
  'neither old nor new': 'torn, an older version, or garbage',
};

function fateOf(now: string, none: string, all: string): Fate | undefined {
  if (none === all) return now === all ? undefined : 'neither old nor new';
  if (now === all) return 'kept';
  return now === none ? 'lost' : 'neither old nor new';
}

/** Beyond the end there are zeros: where the size alone was lost, so are the bytes. */
function atomAt(bytes: Uint8Array | undefined, at: number, atomBytes: number): string {
  const atom = new Uint8Array(atomBytes);
  if (bytes !== undefined) atom.set(bytes.subarray(at, at + atomBytes));
  return atom.join();
}

function operationOf(disk: SimulatedDisk, op: number): string {
  const event = disk.operation(op);
  if (event === undefined) return 'none was in flight';
  if (event.kind === 'names') {
    return event.changes
      .map(({ path, inode, from }) => {
        if (from !== undefined) return `move ${from} to ${path}`;
        return `${inode === undefined ? 'remove' : 'create'} ${path}`;
      })
      .join(', ');
  }
  if (!('inode' in event)) return event.kind;
  const named = [...disk.state.names].find(([, inode]) => inode === event.inode);
  const name = named?.[0] ?? 'a file since removed';
  if (event.kind === 'write') {
    return `write of ${event.bytes.length} bytes at ${event.at} of ${name}`;
  }
  return event.kind === 'truncate' ? `truncate ${name} to ${event.size}` : `${event.kind} ${name}`;
}
