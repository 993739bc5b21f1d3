/** What `varve inspect` and `varve verify` say of a volume, for people and for programs. */
import type { MapLayout, VolumeLayout } from '@varve/protocol';
import type { OfflineFacts } from '@varve/volume/inspect';
import { VOLUME_FORMAT_VERSION } from '@varve/volume/inspect';
import { count, pairs, plural, size, table, time } from './format.ts';
import {
  MAP_NAMES,
  mapLines,
  PLACE_WORDS,
  summaryOf,
  treeLines,
  USE_WORDS,
} from './volume-picture.ts';
import type { Terminal } from './terminal.ts';
import type { VerifiedVolume } from './verify-volume.ts';
import type { VolumeView } from './volume-view.ts';

type Pairs = readonly (readonly [string, string])[];

/** For `--json`. */
export function volumeDocument(view: VolumeView): unknown {
  const { volume, problem, dataBytes, metaBytes, layout } = view;
  const files = { dataBytes: dataBytes ?? null, metaBytes: metaBytes ?? null };
  if (volume === undefined || layout === undefined)
    return { problem: problem?.message ?? null, ...files };
  const { header, ...facts } = volume.facts();
  const { references } = layout.maps;
  return {
    problem: problem?.message ?? null,
    ...files,
    formatVersion: VOLUME_FORMAT_VERSION,
    chunkSizeBytes: header.chunkBytes,
    coveredLsn: volume.coveredLsn,
    ...facts,
    restore: facts.restore ?? null,
    pool: { ...facts.pool, sharedChunks: summaryOf(references)?.shared ?? null },
    trees: Object.fromEntries(
      MAP_NAMES.map((name) => [name, summaryOf(layout.maps[name]) ?? null]),
    ),
    layout,
    header,
  };
}

interface Wishes {
  /** Nothing is folded. */
  readonly all: boolean;
  /** A process has the store open. */
  readonly inUse: boolean;
}

export async function printVolume(
  view: VolumeView,
  terminal: Terminal,
  { all, inUse }: Wishes,
): Promise<void> {
  const { paint } = terminal;
  const { volume, problem, layout } = view;
  const section = (title: string, lines: readonly string[]): Promise<void> =>
    terminal.print(`\n${paint.bold(title)}\n${lines.map((line) => `  ${line}`).join('\n')}`);
  if (problem !== undefined) await section('Volume', [paint.red(problem.message)]);
  if (volume === undefined || layout === undefined) return;
  const facts = volume.facts();
  const { maps, pool, places } = layout;
  await section('Volume', pairs(geometry(view, facts, volume.coveredLsn), ''));
  await section('Snapshots', snapshotLines(layout));
  await section('Maps', summaryLines(layout));
  for (const name of MAP_NAMES) {
    const lines = treeLines(name, layout, { all, paint });
    if (lines.length > 0) await section(TREE_TITLES[name], lines);
  }
  await section('Pool', pairs(poolLines(facts, maps.references), ''));
  await section('Chunks of the pool', [
    ...mapLines(pool.uses, 0, 'chunk', USE_WORDS, { all, paint }),
    ...(pool.uses.length < pool.extentChunks ? ['… and more, not drawn'] : []),
  ]);
  await section(
    'Places of the metadata file',
    mapLines(places, 1, 'place', PLACE_WORDS, { all, paint }),
  );
  await section('Locks', pairs(lockLines(facts, inUse), ''));
  await section('Under way', workLines(facts));
}

function geometry(view: VolumeView, facts: OfflineFacts, coveredLsn: number): Pairs {
  const { header, sizeBytes, replayed, imagesWaiting } = facts;
  const { chunkBytes } = header;
  const chunks = count(Math.ceil(sizeBytes / chunkBytes));
  return [
    ['size', `${size(sizeBytes)}, ${chunks} chunks of ${size(chunkBytes)}`],
    ['format', `version ${VOLUME_FORMAT_VERSION}, seed ${header.seed}`],
    ['header', `covers records up to LSN ${count(coveredLsn)}`],
    [
      'behind it',
      `${plural(replayed.records, 'record')}, ${size(replayed.bytes)}; ${plural(imagesWaiting, 'image')} not in the pool yet`,
    ],
    ['data', fileText(view.dataBytes)],
    [
      'meta',
      `${fileText(view.metaBytes)}; ${count(facts.metaPlaces.used)} places in use, ${count(facts.metaPlaces.free)} free`,
    ],
  ];
}

const TREE_TITLES = {
  origin: 'Tree of the origin: chunk → where it stands',
  exceptions: 'Tree of the exceptions: chunk → what snapshots have instead',
  references: 'Tree of the references: chunk of the pool → how often it is referred to',
} as const;

const fileText = (bytes: number | undefined): string =>
  bytes === undefined ? 'gone' : size(bytes);

function snapshotLines({ snapshots, maps }: VolumeLayout): string[] {
  if (snapshots.length === 0) return ['none'];
  const least = maps.exceptions.damaged > 0 ? '≥ ' : '';
  return table(
    ['>bit', 'name', 'made', '>LSN', '>size', '>its own', 'state'],
    snapshots.map(({ bit, name, createdAtMs, lsn, sizeBytes, ownChunks, isDying }) => [
      String(bit),
      JSON.stringify(name),
      time(createdAtMs),
      count(lsn),
      size(sizeBytes),
      `${least}${plural(ownChunks, 'chunk')}`,
      isDying ? 'being deleted' : 'live',
    ]),
  );
}

function summaryLines({ maps }: VolumeLayout): string[] {
  const row = (name: string, what: string, map: MapLayout): string[] => {
    const summary = summaryOf(map);
    if (summary === undefined) return [name, 'a block of it is damaged: varve verify says which'];
    const { height, blocks, leaves, entries, fill } = summary;
    return [
      name,
      String(height),
      count(blocks),
      count(leaves),
      `${count(entries)} ${what}`,
      `${Math.round(fill * 100)} %`,
    ];
  };
  return table(
    ['', '>height', '>blocks', '>leaves', '>holds', '>fill'],
    [
      row('origin', 'chunks', maps.origin),
      row('exceptions', 'chunks', maps.exceptions),
      row('references', 'chunks in use', maps.references),
    ],
  );
}

function poolLines({ pool }: OfflineFacts, references: MapLayout): Pairs {
  const summary = summaryOf(references);
  const shared = summary === undefined ? 'unknown' : count(summary.shared);
  return [
    ['capacity', plural(pool.capacityChunks, 'chunk')],
    ['given out', plural(pool.extentChunks, 'chunk')],
    ['used', `${count(pool.usedChunks)}, of which equal chunks share ${shared}`],
    ['free', `${count(pool.freeChunks)}, and ${count(pool.quarantinedChunks)} in quarantine`],
  ];
}

/** Of who waits, and of reads under way, only the process that has it open could tell. */
function lockLines({ restore }: OfflineFacts, inUse: boolean): Pairs {
  return [
    ['files', inUse ? 'held by the process that has it open' : 'held by nobody'],
    [
      'changes',
      restore === undefined ? 'wait for nothing' : 'wait for the restore, when it is opened',
    ],
    ['reads', 'hold no locks: a long one finds its chunks anew, slice by slice'],
  ];
}

function workLines({ restore, snapshots, deleteCursor }: OfflineFacts): string[] {
  const nameOf = (bit: number): string =>
    JSON.stringify(snapshots.find((snapshot) => snapshot.bit === bit)?.name ?? String(bit));
  const dying = snapshots.filter(({ isDying }) => isDying);
  const lines = dying.map(
    ({ name }, index) =>
      `deletion of ${JSON.stringify(name)}${index === 0 ? `, before chunk ${count(deleteCursor)}` : ', waits'}`,
  );
  if (restore !== undefined) {
    lines.unshift(`restore of ${nameOf(restore.bit)}, before chunk ${count(restore.cursor)}`);
  }
  return lines.length === 0 ? ['nothing'] : lines;
}

export async function printVerifiedVolume(
  verified: VerifiedVolume,
  terminal: Terminal,
): Promise<void> {
  const { paint } = terminal;
  const { ok, problem, checked, findings, findingsTotal, totals } = verified;
  const verdict = ok
    ? paint.green('sound')
    : findingsTotal > 0
      ? paint.red(`damaged in ${plural(findingsTotal, 'place')}`)
      : paint.red(checked === 'nothing' ? 'not to be checked' : 'not as new as its journal');
  await terminal.print(`\n${paint.bold('volume')}  ${verdict}`);
  if (problem !== null) await terminal.print(`  ${paint.red('✗')} ${problem}`);
  if (checked === 'structure') {
    await terminal.print('  only the maps of the last checkpoint were checked, no chunk’s bytes');
  }
  if (totals !== null) {
    const { chunks, exceptions, metaBlocks, chunksVerified } = totals;
    const lines: Pairs = [
      ['chunks', `${count(chunks)} of the origin, ${count(exceptions)} with exceptions`],
      [
        'checked',
        `${plural(metaBlocks, 'block')}, ${plural(chunksVerified, 'value')} with digests`,
      ],
    ];
    await terminal.print(pairs(lines).join('\n'));
  }
  for (const { kind, message, facts } of findings) {
    const where = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
    await terminal.print(`\n${paint.red('✗')} ${kind}  ${message}\n    ${where.join(', ')}`);
  }
}
