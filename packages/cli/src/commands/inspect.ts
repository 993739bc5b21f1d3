/** `varve inspect`: a store as it is on disk. */
import type { BatchLayout, StoreLayout } from '@varve/protocol';
import { SUPERBLOCK_PLACES } from '@varve/journal';
import { batchesOf, hex, layoutOf, slotStart, type Superblock } from '@varve/journal/inspect';
import { type Parsed, wholeNumber } from '../arguments.ts';
import { CommandError, Exit, type ExitCode, usage } from '../exit.ts';
import { count, lsnRange, pairs, size, table, time } from '../format.ts';
import { findSource } from '../source.ts';
import { openView, type StoreView } from '../store-view.ts';
import type { Terminal } from '../terminal.ts';
import { printVolume, volumeDocument } from '../volume-text.ts';
import { VolumeView } from '../volume-view.ts';

export async function inspect(parsed: Parsed, terminal: Terminal): Promise<ExitCode> {
  const [place, name] = parsed.positionals;
  const slot = wholeNumber(parsed, 'slot', 0);
  const all = parsed.values['all'] === true;
  const source = await findSource(place!, name);
  if (source.inUse)
    terminal.note(`the store ${source.name} is open in another process; this is one moment of it`);
  const view = openView(source);
  let volume: VolumeView | undefined;
  try {
    const { slots, batches } = slotsOf(view, slot);
    volume = VolumeView.of(view);
    if (parsed.values['json'] === true) {
      const ofVolume = volume && { volume: volumeDocument(volume) };
      await terminal.printJson({
        ...facts(view),
        slots,
        ...(batches && { slot, batches }),
        ...ofVolume,
      });
    } else {
      await printView(view, slots, terminal);
      if (volume !== undefined) await printVolume(volume, terminal, { all, inUse: source.inUse });
      if (batches) await printBatches(slot!, batches, terminal);
    }
    if (view.recovered === undefined) {
      throw new CommandError(Exit.Damage, view.recoveryError!.message, 'varve verify says more.');
    }
    const problem = volume?.problem?.message ?? volume?.damagedMaps;
    if (problem !== undefined)
      throw new CommandError(Exit.Damage, problem, 'varve verify says more.');
    return Exit.Ok;
  } finally {
    volume?.close();
    view.close();
  }
}

function slotsOf(
  view: StoreView,
  slot: number | undefined,
): { slots: StoreLayout['slots']; batches: BatchLayout[] | undefined } {
  if (slot !== undefined && slot >= view.superblock.slotCount) {
    throw usage(`there is no slot ${slot}: this store has ${view.superblock.slotCount}, from 0 on`);
  }
  if (view.recovered === undefined) return { slots: [], batches: undefined };
  const journal = view.journal();
  return {
    slots: layoutOf(journal).slots,
    batches: slot === undefined ? undefined : batchesOf(journal, slot),
  };
}

function superblockFacts(block: Superblock | undefined, place: 0 | 1): unknown {
  const common = { place, offset: SUPERBLOCK_PLACES[place], valid: block !== undefined };
  if (block === undefined) return common;
  const { seedId, lineageId, lineageParent, incarnation, ...rest } = block;
  return {
    ...common,
    ...rest,
    seedId: hex(seedId),
    lineageId: hex(lineageId),
    lineageParent: hex(lineageParent),
    incarnation: hex(incarnation),
  };
}

function facts(view: StoreView): Record<string, unknown> {
  const { source, superblocks, superblock, file, recovered, recoveryError } = view;
  return {
    store: source.name,
    path: source.journalPath,
    kind: source.kind,
    inUse: source.inUse,
    fileBytes: file.realBytes,
    formatVersion: superblock.formatVersion,
    segmentSizeBytes: superblock.segmentBytes,
    alignmentBytes: superblock.alignment,
    witness: source.witness ?? null,
    superblocks: superblocks.map((block, place) => superblockFacts(block, place === 0 ? 0 : 1)),
    recovery:
      recovered === undefined
        ? { error: recoveryError!.message }
        : {
            verdict: recovered.verdict,
            rows: recovered.rows,
            end: recovered.end,
            cut: recovered.cut,
            unprovenRecords: recovered.unproven.reduce(
              (sum, { count: records }) => sum + records,
              0,
            ),
            tornBytes: recovered.tornBytes,
            tailUncertain: recovered.tailUncertain,
            damage: recovered.damage,
            scannedBytes: recovered.scannedBytes,
          },
  };
}

async function printView(
  view: StoreView,
  slots: StoreLayout['slots'],
  terminal: Terminal,
): Promise<void> {
  const { source, superblock: block, file } = view;
  const { paint } = terminal;
  await terminal.print(`${paint.bold(source.name)}  ${paint.dim(source.journalPath)}`);
  const parent = hex(block.lineageParent);
  const lines: (readonly [string, string])[] = [
    [
      'file',
      `${size(file.realBytes)}, ${count(block.slotCount)} slots of ${size(block.segmentBytes)}, batches at multiples of ${size(block.alignment)}`,
    ],
    ['format', `version ${block.formatVersion}`],
    ['store', hex(block.seedId)],
    [
      'lineage',
      /^0+$/.test(parent)
        ? hex(block.lineageId)
        : `${hex(block.lineageId)}, from ${parent} after LSN ${count(block.lineageParentLsn)}`,
    ],
    ['made', time(block.createdAtMs)],
    [
      'history',
      `from LSN ${count(Math.max(block.lowWater, block.firstLsn))} on; a checkpoint covers ${block.coveredLsn === 0 ? 'nothing' : `up to ${count(block.coveredLsn)}`}`,
    ],
  ];
  await terminal.print(pairs(lines).join('\n'));
  await section(
    terminal,
    'Superblocks',
    table(
      [
        'place',
        '>offset',
        '>sequence',
        '>generation',
        'closed',
        '>durable LSN',
        '>covered',
        '>low water',
        'written',
      ],
      view.superblocks.map((one, place) => superblockRow(one, place)),
    ),
  );
  if (slots.length > 0) {
    await section(
      terminal,
      'Slots',
      table(
        ['>slot', 'state', '>segment', '>generation', 'LSN', '>used', '>offset'],
        slots.map((slot) => slotRow(view, slot)),
      ),
    );
  }
  await printRecovery(view, terminal);
}

function superblockRow(block: Superblock | undefined, place: number): string[] {
  const at = count(SUPERBLOCK_PLACES[place === 0 ? 0 : 1]);
  if (block === undefined) return [String(place), at, 'does not verify'];
  return [
    String(place),
    at,
    count(block.sequence),
    count(block.generation),
    block.clean ? 'properly' : 'no',
    count(block.durableLsn),
    count(block.coveredLsn),
    count(block.lowWater),
    time(block.writtenAtMs),
  ];
}

function slotRow(view: StoreView, slot: StoreLayout['slots'][number]): string[] {
  const start = count(slotStart(view.geometry, slot.slot));
  if (slot.state === 'spare') return [String(slot.slot), slot.state, '–', '–', '–', '–', start];
  const percent = Math.round((slot.usedBytes / view.geometry.segmentBytes) * 100);
  return [
    String(slot.slot),
    slot.state,
    count(slot.segment),
    count(slot.generation),
    lsnRange(slot.firstLsn, slot.lastLsn),
    `${size(slot.usedBytes)} (${percent} %)`,
    start,
  ];
}

async function printRecovery(
  { recovered, superblock }: StoreView,
  terminal: Terminal,
): Promise<void> {
  if (recovered === undefined) return;
  const { paint } = terminal;
  const { verdict, end, rows, unproven, tornBytes, damage } = recovered;
  const verdicts = {
    clean: paint.green('clean'),
    cut: paint.yellow('cut'),
    corrupt: paint.red('corrupt'),
  };
  const records = unproven.reduce((sum, { count: some }) => sum + some, 0);
  const lines: (readonly [string, string])[] = [
    ['verdict', `${verdicts[verdict]}  (${rows.join(', ')})`],
    [
      'log ends',
      `after LSN ${count(end.lastLsn)}, in segment ${count(end.segment)} at ${count(end.offset)}, generation ${count(end.generation)}`,
    ],
    [
      'scan began',
      `in segment ${count(superblock.scanStart.segment)} at ${count(superblock.scanStart.offset)}; ${size(recovered.scannedBytes)} read`,
    ],
  ];
  if (records > 0)
    lines.push(['write again', `${count(records)} records that nothing proves to be flushed`]);
  if (tornBytes > 0) lines.push(['cut off', `${size(tornBytes)} of an unfinished write`]);
  for (const { from, to, proof } of damage)
    lines.push(['damage', `LSN ${lsnRange(from, to)}, proven by a later ${proof}`]);
  await section(terminal, 'If it were opened now', pairs(lines, ''));
}

async function printBatches(
  slot: number,
  batches: readonly BatchLayout[],
  terminal: Terminal,
): Promise<void> {
  if (batches.length === 0) {
    await terminal.print(`\n${terminal.paint.bold(`Slot ${slot}`)}\n  no batch in it counts`);
    return;
  }
  await section(
    terminal,
    `Batches of slot ${slot}`,
    table(
      ['>offset', '>bytes', '>generation', 'kind', 'LSN', '>records', '>durable LSN', 'written'],
      batches.map((batch) => [
        count(batch.offset),
        count(batch.bytes),
        count(batch.generation),
        batch.kind,
        batch.kind === 'records' ? lsnRange(batch.firstLsn, batch.firstLsn + batch.count - 1) : '–',
        count(batch.count),
        count(batch.durableLsn),
        time(batch.wallTimeMs),
      ]),
    ),
  );
}

async function section(terminal: Terminal, title: string, lines: readonly string[]): Promise<void> {
  const [head, ...rest] = lines;
  const isTable = rest.length > 0 && title !== 'If it were opened now';
  const first = isTable ? terminal.paint.dim(head!) : head!;
  await terminal.print(
    `\n${terminal.paint.bold(title)}\n${[first, ...rest].map((line) => `  ${line}`).join('\n')}`,
  );
}
