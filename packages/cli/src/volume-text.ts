/** What `varve inspect` and `varve verify` say of a volume, for people and for programs. */
import type { OfflineFacts, TreeFacts } from '@varve/volume/inspect';
import { VOLUME_FORMAT_VERSION } from '@varve/volume/inspect';
import { count, pairs, plural, size, table, time } from './format.ts';
import type { Terminal } from './terminal.ts';
import type { VerifiedVolume } from './verify-volume.ts';
import type { VolumeView } from './volume-view.ts';

type Pairs = readonly (readonly [string, string])[];

/** For `--json`. */
export function volumeDocument({ volume, problem, dataBytes, metaBytes }: VolumeView): unknown {
  const files = { dataBytes: dataBytes ?? null, metaBytes: metaBytes ?? null };
  if (volume === undefined) return { problem: problem?.message ?? null, ...files };
  const { header, trees, ...facts } = volume.facts();
  return {
    problem: problem?.message ?? null,
    ...files,
    formatVersion: VOLUME_FORMAT_VERSION,
    chunkSizeBytes: header.chunkBytes,
    coveredLsn: volume.coveredLsn,
    ...facts,
    restore: facts.restore ?? null,
    pool: { ...facts.pool, sharedChunks: facts.pool.sharedChunks ?? null },
    trees: Object.fromEntries(Object.entries(trees).map(([name, tree]) => [name, tree ?? null])),
    header,
  };
}

export async function printVolume(view: VolumeView, terminal: Terminal): Promise<void> {
  const { paint } = terminal;
  const { volume, problem } = view;
  const section = (title: string, lines: readonly string[]): Promise<void> =>
    terminal.print(`\n${paint.bold(title)}\n${lines.map((line) => `  ${line}`).join('\n')}`);
  if (problem !== undefined) await section('Volume', [paint.red(problem.message)]);
  if (volume === undefined) return;
  const facts = volume.facts();
  await section('Volume', pairs(geometry(view, facts, volume.coveredLsn), ''));
  await section('Snapshots', snapshotLines(facts));
  await section('Maps', mapLines(facts));
  await section('Pool', pairs(poolLines(facts), ''));
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

const fileText = (bytes: number | undefined): string =>
  bytes === undefined ? 'gone' : size(bytes);

function snapshotLines({ snapshots }: OfflineFacts): string[] {
  if (snapshots.length === 0) return ['none'];
  return table(
    ['>bit', 'name', 'made', '>LSN', '>size', 'state'],
    snapshots.map(({ bit, name, createdAtMs, lsn, sizeBytes, isDying }) => [
      String(bit),
      JSON.stringify(name),
      time(createdAtMs),
      count(lsn),
      size(sizeBytes),
      isDying ? 'being deleted' : 'live',
    ]),
  );
}

function mapLines({ trees }: OfflineFacts): string[] {
  const row = (name: string, what: string, tree: TreeFacts | undefined): string[] =>
    tree === undefined
      ? [name, 'a block of it is damaged: varve verify says which']
      : [
          name,
          String(tree.height),
          count(tree.blocks),
          count(tree.leaves),
          `${count(tree.entries)} ${what}`,
          `${Math.round(tree.fill * 100)} %`,
        ];
  return table(
    ['', '>height', '>blocks', '>leaves', '>holds', '>fill'],
    [
      row('origin', 'chunks', trees.origin),
      row('references', 'chunks in use', trees.references),
      row('exceptions', 'chunks', trees.exceptions),
    ],
  );
}

function poolLines({ pool }: OfflineFacts): Pairs {
  const shared = pool.sharedChunks === undefined ? 'unknown' : count(pool.sharedChunks);
  return [
    ['capacity', plural(pool.capacityChunks, 'chunk')],
    ['given out', plural(pool.extentChunks, 'chunk')],
    ['used', `${count(pool.usedChunks)}, of which equal chunks share ${shared}`],
    ['free', `${count(pool.freeChunks)}, and ${count(pool.quarantinedChunks)} in quarantine`],
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
