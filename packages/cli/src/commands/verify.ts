/** `varve verify`: is every byte of this store that counts what it should be? */
import type { Parsed } from '../arguments.ts';
import { CommandError, Exit, type ExitCode } from '../exit.ts';
import { count, lsnRange, pairs, plural, size } from '../format.ts';
import { findSource } from '../source.ts';
import { openView, type StoreView } from '../store-view.ts';
import type { Terminal } from '../terminal.ts';
import { type Finding, type Verified, verifyStore } from '../verify-store.ts';
import { type VerifiedVolume, verifyVolume } from '../verify-volume.ts';
import { printVerifiedVolume } from '../volume-text.ts';
import { VolumeView } from '../volume-view.ts';

export async function verify(parsed: Parsed, terminal: Terminal): Promise<ExitCode> {
  const [place, name] = parsed.positionals;
  const source = await findSource(place!, name);
  if (source.inUse) {
    throw new CommandError(
      Exit.Failed,
      `the store ${source.name} is open in another process`,
      'What is being written now would look like damage. Close it there, or verify an export.',
    );
  }
  const view = openView(source);
  const progress = terminal.progress(`verifying ${source.name}`);
  let volumeView: VolumeView | undefined;
  try {
    const mark = (): string => `${view.file.changeMark},${volumeView?.changeMark}`;
    volumeView = VolumeView.of(view);
    const before = mark();
    const verified = await verifyStore(view, progress.update);
    const volume = volumeView && (await verifyVolume(volumeView, progress.update));
    progress.end();
    if (mark() !== before) {
      throw new CommandError(
        Exit.Failed,
        `${source.journalPath} was changed while it was verified`,
      );
    }
    if (parsed.values['json'] === true) await terminal.printJson(document(view, verified, volume));
    else {
      await printReport(view, verified, terminal);
      if (volume !== undefined) await printVerifiedVolume(volume, terminal);
    }
    return verified.findings.length > 0 || volume?.ok === false ? Exit.Damage : Exit.Ok;
  } finally {
    progress.end();
    volumeView?.close();
    view.close();
  }
}

function document(
  view: StoreView,
  verified: Verified,
  volume: VerifiedVolume | undefined,
): unknown {
  const { source, superblock, file, recovered, recoveryError } = view;
  const { findings, ...totals } = verified;
  return {
    store: source.name,
    path: source.journalPath,
    ok: findings.length === 0 && volume?.ok !== false,
    formatVersion: superblock.formatVersion,
    generation: superblock.generation,
    fileBytes: file.realBytes,
    ...totals,
    damage: findings,
    ...(volume && { volume }),
    recovery: {
      verdict: recovered?.verdict ?? null,
      rows: recovered?.rows ?? [],
      tornBytes: recovered?.tornBytes ?? 0,
      tailUncertain: recovered?.tailUncertain ?? null,
      error: recoveryError?.message ?? null,
    },
  };
}

async function printReport(view: StoreView, verified: Verified, terminal: Terminal): Promise<void> {
  const { paint } = terminal;
  const { source, superblock, recovered } = view;
  const { findings } = verified;
  const verdict =
    findings.length === 0
      ? paint.green('sound')
      : paint.red(`damaged in ${plural(findings.length, 'place')}`);
  await terminal.print(`${paint.bold(source.name)}  ${verdict}`);
  const lines: (readonly [string, string])[] = [
    [
      'records',
      `${count(verified.records)}  (LSN ${lsnRange(verified.firstLsn, verified.lastLsn)})`,
    ],
    [
      'checked',
      `${plural(verified.batches, 'batch')}, ${plural(verified.segments, 'segment')}, ${size(verified.bytes)}`,
    ],
    ['format', `version ${superblock.formatVersion}, generation ${superblock.generation}`],
    ['closed', closing(view)],
  ];
  if (verified.units > 0) lines.splice(2, 0, ['units', count(verified.units)]);
  await terminal.print(pairs(lines).join('\n'));
  if (recovered?.tailUncertain) {
    const { from } = recovered.tailUncertain;
    await terminal.print(
      `  ${paint.yellow('uncertain')}  whether record ${count(from)} was ever acknowledged`,
    );
  }
  for (const finding of findings) await terminal.print(`\n${describe(finding, terminal)}`);
}

function closing({ superblock, recovered }: StoreView): string {
  if (superblock.clean && recovered?.verdict === 'clean') return 'properly';
  if (recovered === undefined || recovered.verdict === 'corrupt') {
    return 'it can only be opened for reading';
  }
  const torn = recovered.tornBytes;
  const cut = torn > 0 ? `; ${size(torn)} of an unfinished write will be cut off` : '';
  return `no: the next open recovers${cut}`;
}

function describe({ what, message, lsns, offset, slot }: Finding, terminal: Terminal): string {
  const nothing = what === 'state' ? 'the last checkpoint is lost' : 'no record is lost';
  const lost = lsns === null ? nothing : `lost: LSN ${lsnRange(lsns.from, lsns.to)}`;
  const place = offset === null ? '' : ` at byte ${count(offset)} of the file`;
  const inSlot = slot === null ? '' : ` (slot ${slot})`;
  return `${terminal.paint.red('✗')} ${what}${place}${inSlot}\n    ${message}\n    ${lost}`;
}
